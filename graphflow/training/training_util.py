"""The global step: one integer variable per graph that counts training steps.

It is found through the collection `GraphKeys.GLOBAL_STEP`, else by its name `global_step:0`. Holds
no state of its own.
"""

import logging

from graphflow.framework import dtypes, scopes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.graph import GraphKeys
from graphflow.framework.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.variable_scope import get_variable
from graphflow.ops.variables import Variable

GLOBAL_STEP_READ_KEY = "global_step_read_op_cache"


@tf_export("train.global_step")
def global_step(sess, global_step_tensor):
    """The value of the global step in a session, as an int.

    Example:
      >>> import graphflow as tf
      >>> step = tf.Variable(10, trainable=False, name="global_step")
      >>> with tf.Session() as sess:
      ...     _ = sess.run(step.initializer)
      ...     print(tf.train.global_step(sess, step))
      10
    """
    return int(sess.run(global_step_tensor))


@tf_export("train.get_global_step")
def get_global_step(graph=None):
    """The global step of `graph` (default: the default graph), or None if there is none.

    Raises TypeError if what is called so isn't an integer scalar.
    """
    graph = graph or scopes.get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        logging.getLogger("graphflow").error("Multiple tensors in global_step collection.")
        return None
    if found:
        step = found[0]
    else:
        try:
            step = graph.get_tensor_by_name("global_step:0")
        except KeyError:
            return None
    assert_global_step(step)
    return step


@tf_export("train.create_global_step")
def create_global_step(graph=None):
    """Makes the global step: an int64 variable that starts at 0 and is not trained.

    Raises ValueError if there is one already.
    """
    graph = graph or scopes.get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        return get_variable(
            GraphKeys.GLOBAL_STEP, shape=[], dtype=dtypes.int64, trainable=False,
            initializer=lookup("zeros_initializer")(),
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP])


@tf_export("train.get_or_create_global_step")
def get_or_create_global_step(graph=None):
    """The global step of `graph`, made if need be."""
    graph = graph or scopes.get_default_graph()
    step = get_global_step(graph)
    return create_global_step(graph) if step is None else step


@tf_export("train.assert_global_step")
def assert_global_step(global_step_tensor):
    """Raises TypeError unless `global_step_tensor` may be a global step: an integer scalar."""
    if not isinstance(global_step_tensor, (Variable, Tensor)):
        raise TypeError('Existing "global_step" must be a Variable or Tensor: '
                        f"{global_step_tensor}.")
    if not global_step_tensor.dtype.base_dtype.is_integer:
        raise TypeError('Existing "global_step" does not have integer type: '
                        f"{global_step_tensor.dtype}")
    shape = global_step_tensor.get_shape()
    if shape.ndims != 0 and shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {shape}')


def get_or_create_global_step_read(graph=None):
    """A tensor with the global step's value before this step's increment; None without one."""
    graph = graph or scopes.get_default_graph()
    found = graph.get_collection(GLOBAL_STEP_READ_KEY)
    if len(found) > 1:
        raise RuntimeError(f"There are multiple items in collection {GLOBAL_STEP_READ_KEY}. "
                           "There should be only one.")
    if found:
        return found[0]
    step = get_global_step(graph)
    if step is None:
        return None
    with graph.as_default(), graph.name_scope(None), graph.name_scope(step.op.name + "/"):
        value = step.initialized_value() if isinstance(step, Variable) else step
        read = value + 0
        graph.add_to_collection(GLOBAL_STEP_READ_KEY, read)
    return read


def increment_global_step(increment, graph=None):
    """Adds to the global step after it has been read; ValueError if there is none."""
    graph = graph or scopes.get_default_graph()
    step = get_global_step(graph)
    if step is None:
        raise ValueError("Global step tensor should be created by "
                         "tf.train.get_or_create_global_step before calling increment.")
    read = get_or_create_global_step_read(graph)
    with graph.as_default(), graph.name_scope(None), graph.name_scope(step.op.name + "/"):
        with graph.control_dependencies([read]):
            return state.assign_add(step, increment)
