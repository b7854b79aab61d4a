"""Switches between TensorFlow 1 and 2 behaviour: here there is only TensorFlow 1's. Holds no state.

What turns TensorFlow 2's behaviour off does nothing, because it never is on; what turns it on raises
UnimplementedError, which names it.
"""

from graphflow.framework import errors
from graphflow.framework.api import tf_export


def _refuse(name, what):
    raise errors.UnimplementedError(
        None, None, f"tf.{name}: GraphFlow has no {what}; programs build a graph and run it in a tf.Session.")


@tf_export("executing_eagerly")
def executing_eagerly():
    """False: ops are always added to a graph."""
    return False


@tf_export("enable_eager_execution")
def enable_eager_execution(config=None, device_policy=None, execution_mode=None):
    """Raises UnimplementedError: there is no eager execution."""
    del config, device_policy, execution_mode
    _refuse("enable_eager_execution", "eager execution")


@tf_export("enable_v2_behavior")
def enable_v2_behavior():
    """Raises UnimplementedError: TensorFlow 2's behaviour is not there."""
    _refuse("enable_v2_behavior", "TensorFlow 2 behaviour")


@tf_export("enable_tensor_equality")
def enable_tensor_equality():
    """Raises UnimplementedError: `==` compares tensors by identity, as in TensorFlow 1."""
    _refuse("enable_tensor_equality", "elementwise == of tensors")


@tf_export("enable_control_flow_v2")
def enable_control_flow_v2():
    """Does nothing: `tf.cond` and `tf.while_loop` always make functional nodes."""


@tf_export("control_flow_v2_enabled")
def control_flow_v2_enabled():
    """False, which is what programs written for TensorFlow 1 expect."""
    return False


@tf_export("disable_control_flow_v2")
def disable_control_flow_v2():
    """Does nothing."""


@tf_export("disable_eager_execution")
def disable_eager_execution():
    """Does nothing: there is no eager execution."""


@tf_export("disable_v2_behavior")
def disable_v2_behavior():
    """Does nothing: TensorFlow 2's behaviour is not there."""


@tf_export("disable_tensor_equality")
def disable_tensor_equality():
    """Does nothing: `==` compares tensors by identity."""
