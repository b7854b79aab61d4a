"""What a served model gets: `tf.estimator.export.ServingInputReceiver` and the functions that build some.

Holds no state.
"""

import collections

import graphflow as tf
from graphflow.framework.api import tf_export

_SINGLE_FEATURE = "feature"


def _checked(tensors, what):
    """{name: tensor} with ValueErrors for other things."""
    if tensors is None:
        raise ValueError(f"{what}s must be defined.")
    named = tensors if isinstance(tensors, dict) else {_SINGLE_FEATURE if what == "feature" else "input": tensors}
    for name, tensor in named.items():
        if not isinstance(name, str):
            raise ValueError(f"{what} keys must be strings: {name}.")  # noqa: TRY004 - TensorFlow's class
        if not isinstance(tensor, (tf.Tensor, tf.SparseTensor)):
            raise ValueError(f"{what} {name} must be a Tensor or SparseTensor.")  # noqa: TRY004
    return named


def _checked_alternatives(alternatives):
    if alternatives is None:
        return None
    if not isinstance(alternatives, dict):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"receiver_tensors_alternatives must be a dict: {alternatives}.")
    return {name: _checked(tensors, "receiver_tensor") for name, tensors in alternatives.items()}


@tf_export("estimator.export.ServingInputReceiver")
class ServingInputReceiver(collections.namedtuple("ServingInputReceiver", [
        "features", "receiver_tensors", "receiver_tensors_alternatives"])):
    """What a model gets, and the tensors to be fed for it.

    Args: features: tensor, or {name: tensor}, for the model function. receiver_tensors: what servers feed.
      receiver_tensors_alternatives: {name: other tensors to feed instead}.
    Raises ValueError for other types.
    """

    __slots__ = ()

    def __new__(cls, features, receiver_tensors, receiver_tensors_alternatives=None):
        return super().__new__(cls, _checked(features, "feature"), _checked(receiver_tensors, "receiver_tensor"),
                               _checked_alternatives(receiver_tensors_alternatives))


@tf_export("estimator.export.TensorServingInputReceiver")
class TensorServingInputReceiver(collections.namedtuple("TensorServingInputReceiver", [
        "features", "receiver_tensors", "receiver_tensors_alternatives"])):
    """A ServingInputReceiver whose features are one tensor, for model functions that expect that."""

    __slots__ = ()

    def __new__(cls, features, receiver_tensors, receiver_tensors_alternatives=None):
        if not isinstance(features, (tf.Tensor, tf.SparseTensor)):
            raise ValueError("feature feature must be a Tensor or SparseTensor.")  # noqa: TRY004 - TensorFlow's class
        return super().__new__(cls, features, _checked(receiver_tensors, "receiver_tensor"),
                               _checked_alternatives(receiver_tensors_alternatives))


@tf_export("estimator.export.build_parsing_serving_input_receiver_fn")
def build_parsing_serving_input_receiver_fn(feature_spec, default_batch_size=None):
    """A function that makes a ServingInputReceiver of serialized tf.train.Examples, fed as "examples".

    Args: feature_spec: see `tf.parse_example`. default_batch_size: batch size, None for any.
    """
    def serving_input_receiver_fn():
        serialized = tf.placeholder(tf.string, [default_batch_size], name="input_example_tensor")
        return ServingInputReceiver(tf.parse_example(serialized, feature_spec), {"examples": serialized})

    return serving_input_receiver_fn


@tf_export("estimator.export.build_raw_serving_input_receiver_fn")
def build_raw_serving_input_receiver_fn(features, default_batch_size=None):
    """A function that makes a ServingInputReceiver whose features are fed as they are.

    Args: features: {name: tensor like the feature, with a batch dimension}. default_batch_size: batch size, None for
      any.
    """
    def serving_input_receiver_fn():
        placeholders = {}
        for name, tensor in features.items():
            shape = tensor.get_shape().as_list()
            shape[0] = default_batch_size
            placeholders[name] = tf.placeholder(tensor.dtype, shape, name=tensor.op.name)
        return ServingInputReceiver(dict(placeholders), placeholders)

    return serving_input_receiver_fn
