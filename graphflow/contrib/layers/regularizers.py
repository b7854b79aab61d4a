"""Regularizers: functions of a weight tensor that give a scalar penalty. Hold no state."""

import numbers

import graphflow as tf
from graphflow.framework.api import tf_export


def _checked(scale, name="scale"):
    """Whether a penalty is to be computed; ValueError for integers and negative numbers."""
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"{name} cannot be an integer: {scale}")
    if isinstance(scale, numbers.Real):
        if scale < 0.0:
            raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale:g}")
        if scale == 0.0:
            tf.logging.info("Scale of 0 disables regularizer.")
            return False
    return True


def _scaled(scale, scope, default_name, weights, penalty):
    with tf.name_scope(scope, default_name, [weights]) as name:
        own_scale = tf.convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
        return tf.multiply(own_scale, penalty(weights), name=name)


@tf_export("contrib.layers.l1_regularizer", "contrib.slim.l1_regularizer")
def l1_regularizer(scale, scope=None):
    """Regularizer `scale * sum(|weights|)`; one that returns None for a scale of 0.

    Raises ValueError if `scale` is negative or no float.
    """
    if not _checked(scale):
        return lambda _: None
    return lambda weights, name=None: _scaled(
        scale, scope, "l1_regularizer", weights, lambda w: tf.reduce_sum(tf.abs(w)))


@tf_export("contrib.layers.l2_regularizer", "contrib.slim.l2_regularizer")
def l2_regularizer(scale, scope=None):
    """Regularizer `scale * sum(weights ** 2) / 2`; one that returns None for a scale of 0.

    Raises ValueError if `scale` is negative or no float.
    """
    if not _checked(scale):
        return lambda _: None
    return lambda weights: _scaled(scale, scope, "l2_regularizer", weights, tf.nn.l2_loss)


@tf_export("contrib.layers.l1_l2_regularizer", "contrib.slim.l1_l2_regularizer")
def l1_l2_regularizer(scale_l1=1.0, scale_l2=1.0, scope=None):
    """The sum of an L1 and an L2 regularizer."""
    _checked(scale_l1, "scale_l1")
    _checked(scale_l2, "scale_l2")
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


@tf_export("contrib.layers.sum_regularizer", "contrib.slim.sum_regularizer")
def sum_regularizer(regularizer_list, scope=None):
    """The sum of regularizers, those that are None left out; None if there are no others."""
    regularizers = [regularizer for regularizer in regularizer_list if regularizer is not None]
    if not regularizers:
        return None

    def penalty(weights):
        with tf.name_scope(scope, "sum_regularizer", [weights]) as name:
            made = [regularizer(weights) for regularizer in regularizers]
            tensors = [tensor for tensor in made if tensor is not None]
            return tf.add_n(tensors, name=name) if tensors else None

    return penalty


@tf_export("contrib.layers.apply_regularization", "contrib.slim.apply_regularization")
def apply_regularization(regularizer, weights_list=None):
    """Sum of the penalties of weights (default: the collection WEIGHTS), added to REGULARIZATION_LOSSES.

    Raises ValueError if there are no weights, or a penalty is no scalar.
    """
    weights_list = weights_list or tf.get_collection(tf.GraphKeys.WEIGHTS)
    if not weights_list:
        raise ValueError("No weights to regularize.")
    with tf.name_scope("get_regularization_penalty", values=weights_list) as scope:
        made = [regularizer(weights) for weights in weights_list]
        penalties = [tf.constant(0.0) if penalty is None else penalty for penalty in made]
        for penalty in penalties:
            if penalty.shape.ndims != 0:
                raise ValueError("regularizer must return a scalar Tensor instead of a Tensor with rank "
                                 f"{penalty.shape.ndims}.")
        total = tf.add_n(penalties, name=scope)
        tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, total)
        return total
