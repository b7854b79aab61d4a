"""Weights of losses and metrics: matching their ranks to values', checking and broadcasting them.

Holds no state. Where ranks are unknown until a run, TensorFlow 1.15 builds conditionals; here shapes are
computed instead, which gives the same values, and errors in the same cases.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope

_PREFIX = "weights can not be broadcast to values."


def squeezed_if(condition, tensor):
    """`tensor` without its last dimension, which must be 1, if the scalar bool `condition` holds."""
    shape = tf.shape(tensor)
    return tf.reshape(tensor, shape[:tf.rank(tensor) - tf.cast(condition, dtypes.int32)])


def expanded_if(condition, tensor):
    """`tensor` with a last dimension of 1 added if the scalar bool `condition` holds."""
    added = tf.ones(tf.reshape(tf.cast(condition, dtypes.int32), [1]), dtypes.int32)
    return tf.reshape(tensor, tf.concat([tf.shape(tensor), added], 0))


def remove_squeezable_dimensions(labels, predictions, expected_rank_diff=0, name=None):
    """(labels, predictions) with the last dimension of one squeezed if the ranks differ by one too much.

    Args: expected_rank_diff: of `rank(predictions) - rank(labels)`.
    """
    with name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
        static = predictions.shape.ndims, labels.shape.ndims
        if None not in static:
            difference = static[0] - static[1]
            if difference == expected_rank_diff + 1:
                predictions = tf.squeeze(predictions, [-1])
            elif difference == expected_rank_diff - 1:
                labels = tf.squeeze(labels, [-1])
            return labels, predictions
        difference = tf.rank(predictions) - tf.rank(labels)
        if _may_squeeze(predictions):
            predictions = squeezed_if(tf.equal(expected_rank_diff + 1, difference), predictions)
        if _may_squeeze(labels):
            labels = squeezed_if(tf.equal(expected_rank_diff - 1, difference), labels)
        return labels, predictions


def _may_squeeze(tensor):
    shape = tensor.shape
    return shape.ndims is None or (shape.ndims > 0 and shape.dims[-1].is_compatible_with(1))


def assert_broadcastable(weights, values):
    """An operation that checks that `weights` are a scalar, or like `values` but for dimensions of 1.

    Raises ValueError where the static shapes tell; else InvalidArgumentError in a run.
    """
    with name_scope(None, "assert_broadcastable", (weights, values)) as scope:
        weights, weights_shape, weights_rank = _described("weights", weights)
        values, values_shape, values_rank = _described("values", values)
        if weights.shape.ndims is not None and values.shape.ndims is not None:
            if weights.shape.ndims == 0:
                return tf.no_op(name="static_scalar_check_success")
            _check_ranks(weights, values)
            if weights.shape.is_fully_defined() and values.shape.is_fully_defined():
                _check_dims(weights, values)
                return tf.no_op(name="static_dims_check_success")
        is_scalar = tf.equal(0, weights_rank, name="is_scalar")
        both = tf.minimum(weights_rank, values_rank)
        own, other = weights_shape[:both], values_shape[:both]
        valid_dims = tf.reduce_all(tf.logical_or(tf.equal(own, 1), tf.equal(own, other)))
        same_rank = tf.equal(values_rank, weights_rank)
        valid = tf.logical_or(is_scalar, tf.logical_and(same_rank, valid_dims), name="is_valid_shape")
        data = (_PREFIX, "weights.shape=", weights.name, weights_shape, "values.shape=", values.name,
                values_shape, "is_scalar=", is_scalar)
        return tf.Assert(valid, data, name=scope)


def _described(kind, value):
    """(tensor, its shape, its rank) below the name scope `kind`."""
    with name_scope(None, kind, (value,)) as scope:
        tensor = convert_to_tensor(value, name=scope)
        return tensor, tf.shape(tensor, name="shape"), tf.rank(tensor, name="rank")


def _check_ranks(weights, values):
    if weights.shape.ndims != values.shape.ndims:
        raise ValueError(f"{_PREFIX} values.rank={values.shape.ndims}. weights.rank={weights.shape.ndims}. "
                         f"values.shape={values.shape}. weights.shape={weights.shape}.")


def _check_dims(weights, values):
    for i, (own, other) in enumerate(zip(weights.shape.as_list(), values.shape.as_list())):
        if own not in (1, other):
            raise ValueError(f"{_PREFIX} Mismatch at dim {i}. values.shape={values.shape.as_list()} "
                             f"weights.shape={weights.shape.as_list()}.")


def broadcast_weights(weights, values):
    """`weights` with the shape of `values`; errors as of `assert_broadcastable`."""
    with name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = convert_to_tensor(values, name="values")
        weights = convert_to_tensor(weights, dtype=values.dtype.base_dtype, name="weights")
        known = weights.shape.is_fully_defined() and values.shape.is_fully_defined()
        if known and weights.shape.is_compatible_with(values.shape):
            return weights
        with control_dependencies((assert_broadcastable(weights, values),)):
            return tf.multiply(weights, tf.ones_like(values), name=scope)
