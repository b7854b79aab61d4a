"""What metrics share: their variables, matching of shapes, and registering of results.

A metric keeps its sums in variables of the collections LOCAL_VARIABLES and METRIC_VARIABLES
(`tf.local_variables_initializer()` sets them to 0). This module holds no state of its own.
"""

from graphflow.framework import public as tf
from graphflow.framework.api import lookup
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, add_to_collections
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.ops import variable_properties, weights_broadcast
from graphflow.ops.variables import Variable


def metric_variable(shape, dtype, validate_shape=True, name=None):
    """A variable of zeros in the collections of local variables and of metric variables."""
    return Variable(
        lambda: tf.zeros(shape, dtype), trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES], validate_shape=validate_shape,
        synchronization=variable_properties.VariableSynchronization.ON_READ,
        aggregation=variable_properties.VariableAggregation.SUM, name=name)


def finished(value, update, metrics_collections, updates_collections):
    """(value, update), added to the collections asked for."""
    if metrics_collections:
        add_to_collections(metrics_collections, value)
    if updates_collections:
        add_to_collections(updates_collections, update)
    return value, update


def safe_div(numerator, denominator, name):
    """The quotient, 0 where the denominator is not positive."""
    return lookup("div_no_nan")(numerator, tf.maximum(denominator, 0), name=name)


def matched(predictions, labels, weights):
    """The three with last dimensions squeezed, or added to weights, so that ranks agree."""
    predictions = convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = weights_broadcast.remove_squeezable_dimensions(labels, predictions)
        predictions.shape.assert_is_compatible_with(labels.shape)
    if weights is None:
        return predictions, labels, None
    weights = convert_to_tensor(weights)
    rank, other = weights.shape.ndims, predictions.shape.ndims
    if rank == 0:
        return predictions, labels, weights
    if rank is not None and other is not None:
        if rank - other == 1:
            weights = tf.squeeze(weights, [-1])
        elif other - rank == 1:
            weights = tf.expand_dims(weights, [-1])
        return predictions, labels, weights
    own_rank = tf.rank(weights)
    difference = own_rank - tf.rank(predictions)
    shape = weights.shape
    if rank is None or shape.dims[-1].is_compatible_with(1):
        weights = weights_broadcast.squeezed_if(tf.equal(difference, 1), weights)
    expand = tf.logical_and(tf.equal(difference, -1), tf.not_equal(own_rank, 0))
    return predictions, labels, weights_broadcast.expanded_if(expand, weights)


def is_sparse(value):
    """Whether `value` is a SparseTensor or the value of one."""
    return isinstance(value, (SparseTensor, SparseTensorValue))


def flattened(tensor):
    """`tensor` as a vector, if it has more dimensions."""
    return tf.reshape(tensor, [-1]) if tensor.shape.ndims > 1 else tensor


def expanded_labels(labels, predictions):
    """Dense `labels` with a last dimension of 1 added if they have one dimension less than `predictions`.

    Raises ValueError for other ranks.
    """
    with name_scope(None, "expand_labels", (labels, predictions)) as scope:
        labels = convert_to_tensor(labels)
        rank, other = labels.shape.ndims, predictions.shape.ndims
        if rank is not None and other is not None:
            if other == rank:
                return labels
            if other == rank + 1:
                return tf.expand_dims(labels, -1, name=scope)
            raise ValueError(f"Unexpected labels shape {labels.shape} for predictions shape {predictions.shape}.")
        return weights_broadcast.expanded_if(tf.equal(tf.rank(predictions), tf.rank(labels) + 1), labels)
