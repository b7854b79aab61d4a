"""Metrics of the k best predictions: precision, recall and average precision at k.

Class numbers of a row are sets: an equal number counts once. TensorFlow uses its set operations; here numbers are
compared all with all. SparseTensors become dense numbers with a mask of those present. State: the metrics'
variables in the graph. Arguments and results are those described in `averages`.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import warn_once
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.metrics.state import expanded_labels, finished, is_sparse, metric_variable
from graphflow.ops import weights_broadcast


def _labels_and_mask(labels, predictions):
    """(int64 [..., n], bool [..., n] or None): the labels, and which of them are there."""
    if not is_sparse(labels):
        return tf.cast(expanded_labels(labels, predictions), dtypes.int64), None
    labels = SparseTensor.from_value(labels)
    values = tf.cast(labels.values, dtypes.int64)
    dense = tf.scatter_nd(labels.indices, values, labels.dense_shape)
    present = tf.scatter_nd(labels.indices, tf.ones_like(values), labels.dense_shape)
    present = present > 0
    expand = tf.equal(tf.rank(predictions), tf.size(labels.dense_shape) + 1)
    return (weights_broadcast.expanded_if(expand, dense), weights_broadcast.expanded_if(expand, present))


def _first_ones(numbers, mask, class_id):
    """Which of `numbers` [..., n] are the first of their value, are present, and are of `class_id`."""
    size = tf.shape(numbers)[-1]
    positions = tf.range(size)
    earlier = tf.less(tf.expand_dims(positions, 0), tf.expand_dims(positions, 1))
    equal = tf.equal(tf.expand_dims(numbers, -1), tf.expand_dims(numbers, -2))
    if mask is not None:
        equal = tf.logical_and(equal, tf.expand_dims(mask, -2))
    first = tf.logical_not(tf.reduce_any(tf.logical_and(equal, earlier), axis=-1))
    if mask is not None:
        first = tf.logical_and(first, mask)
    if class_id is not None:
        first = tf.logical_and(first, tf.equal(numbers, tf.cast(class_id, numbers.dtype)))
    return first


def _found(numbers, others, mask):
    """Which of `numbers` [..., n] are among `others` [..., m], where `mask` holds."""
    equal = tf.equal(tf.expand_dims(numbers, -1), tf.expand_dims(others, -2))
    if mask is not None:
        equal = tf.logical_and(equal, tf.expand_dims(mask, -2))
    return tf.reduce_any(equal, axis=-1)


def _set_sizes(labels, mask, predictions, class_id):
    """Dict: how many class numbers of a row are in both sets, predicted only, labels only; float64 [...]."""
    hits = _found(predictions, labels, mask)
    chosen = _first_ones(predictions, None, class_id)
    missed = tf.logical_not(_found(labels, predictions, None))
    sets = {
        "true_positive": tf.logical_and(chosen, hits),
        "false_positive": tf.logical_and(chosen, tf.logical_not(hits)),
        "false_negative": tf.logical_and(_first_ones(labels, mask, class_id), missed),
    }
    return {key: tf.reduce_sum(tf.cast(entries, dtypes.float64), axis=-1) for key, entries in sets.items()}


def _at_k(name, k=None, class_id=None):
    name = f"{name}_at_k" if k is None else f"{name}_at_{k:d}"
    return name if class_id is None else f"{name}_class{class_id}"


def _streaming_sum(kind, sizes, k, class_id, weights):
    """(variable with the weighted sum of `sizes`, its update)."""
    with name_scope(None, _at_k(kind, k, class_id), (sizes, weights)) as scope:
        if weights is not None:
            with control_dependencies((weights_broadcast.assert_broadcastable(weights, sizes),)):
                sizes = tf.multiply(sizes, tf.cast(weights, dtypes.float64))
        variable = metric_variable([], dtypes.float64, name=scope)
        return variable, tf.assign_add(variable, tf.reduce_sum(sizes), name="update")


def _share_at_top_k(kind, miss, labels, predictions_idx, k, class_id, weights, collections, name):
    metrics_collections, updates_collections = collections
    with name_scope(name, _at_k(kind, k, class_id), (predictions_idx, weights)) as scope:
        predictions = tf.cast(predictions_idx, dtypes.int64)
        labels, mask = _labels_and_mask(labels, predictions)
        sizes = _set_sizes(labels, mask, predictions, class_id)
        hits, update_hits = _streaming_sum("true_positive", sizes["true_positive"], k, class_id, weights)
        misses, update_misses = _streaming_sum(miss, sizes[miss], k, class_id, weights)
        value = tf.div(hits, tf.add(hits, misses), name=scope)
        update = tf.div(update_hits, tf.add(update_hits, update_misses), name="update")
        return finished(value, update, metrics_collections, updates_collections)


@tf_export("metrics.recall_at_top_k")
def recall_at_top_k(labels, predictions_idx, k=None, class_id=None, weights=None, metrics_collections=None,
                    updates_collections=None, name=None):
    """Share of labels that are among the predicted class numbers `predictions_idx` [..., k].

    Args: labels: int64 [..., num_labels] or [...], or a SparseTensor. class_id: only this class counts.
    """
    return _share_at_top_k("recall", "false_negative", labels, predictions_idx, k, class_id, weights,
                           (metrics_collections, updates_collections), name)


@tf_export("metrics.precision_at_top_k")
def precision_at_top_k(labels, predictions_idx, k=None, class_id=None, weights=None, metrics_collections=None,
                       updates_collections=None, name=None):
    """Share of the predicted class numbers `predictions_idx` [..., k] that are among the labels."""
    return _share_at_top_k("precision", "false_positive", labels, predictions_idx, k, class_id, weights,
                           (metrics_collections, updates_collections), name)


@tf_export("metrics.recall_at_k")
def recall_at_k(labels, predictions, k, class_id=None, weights=None, metrics_collections=None,
                updates_collections=None, name=None):
    """Share of labels that are among the `k` classes of the largest `predictions` [..., num_classes]."""
    with name_scope(name, _at_k("recall", k, class_id), (predictions, weights)) as scope:
        _, best = lookup("nn.top_k")(predictions, k)
        return recall_at_top_k(labels, best, k, class_id, weights, metrics_collections, updates_collections, scope)


@tf_export("metrics.precision_at_k")
def precision_at_k(labels, predictions, k, class_id=None, weights=None, metrics_collections=None,
                   updates_collections=None, name=None):
    """Share of the `k` classes of the largest `predictions` [..., num_classes] that are among the labels."""
    with name_scope(name, _at_k("precision", k, class_id), (predictions, weights)) as scope:
        _, best = lookup("nn.top_k")(predictions, k)
        return precision_at_top_k(labels, best, k, class_id, weights, metrics_collections, updates_collections,
                                  scope)


@tf_export("metrics.sparse_precision_at_k")
def sparse_precision_at_k(labels, predictions, k, class_id=None, weights=None, metrics_collections=None,
                          updates_collections=None, name=None):
    """Deprecated name of `tf.metrics.precision_at_k`."""
    warn_once("metrics.sparse_precision_at_k", "tf.metrics.sparse_precision_at_k is now precision_at_k.")
    return precision_at_k(labels, predictions, k, class_id, weights, metrics_collections, updates_collections, name)


def _average_precision(labels, mask, predictions, num_classes):
    """Mean over relevant classes of the precision at their rank; float64 [...]."""
    with name_scope(None, "average_precision", (predictions, labels)) as scope:
        k = predictions.shape.as_list()[-1]
        if k is None:
            raise ValueError("The last dimension of predictions_idx must be set.")
        # Out of range labels count as -1, which no prediction can be.
        labels = tf.where(tf.greater_equal(labels, num_classes), -tf.ones_like(labels), labels)
        relevant = tf.cast(_found(predictions, labels, mask), dtypes.float64)
        hits = tf.cumsum(relevant, axis=-1, name="tp_per_k")
        retrieved = tf.cumsum(tf.ones_like(relevant), axis=-1, name="retrieved_per_k")
        precision = tf.div(hits, retrieved, name="precision_per_k")
        total = tf.reduce_sum(tf.multiply(precision, relevant, name="relevant_precision_per_k"), axis=(-1,),
                              name="precision_sum")
        if mask is None:
            count = tf.reduce_sum(tf.cast(tf.greater_equal(labels, 0), dtypes.int64), axis=-1)
        else:
            count = tf.reduce_sum(tf.cast(_first_ones(labels, mask, None), dtypes.int64), axis=-1)
        return tf.div(total, tf.cast(tf.minimum(count, k), dtypes.float64), name=scope)


def _streaming_total(kind, amounts):
    with name_scope(None, kind, (amounts,)) as scope:
        variable = metric_variable([], dtypes.float64, name=scope)
        return variable, tf.assign_add(variable, amounts, name="update")


@tf_export("metrics.average_precision_at_k")
def average_precision_at_k(labels, predictions, k, weights=None, metrics_collections=None,
                           updates_collections=None, name=None):
    """Mean over examples of the average precision of the `k` largest `predictions` [..., num_classes].

    Raises ValueError if `k` is not positive.
    """
    if k < 1:
        raise ValueError(f"Invalid k={k}.")
    with name_scope(name, _at_k("average_precision", k), (predictions, weights)) as scope:
        predictions = convert_to_tensor(predictions)
        _, best = lookup("nn.top_k")(predictions, k)
        best = tf.cast(best, dtypes.int64, name="predictions_idx")
        labels, mask = _labels_and_mask(labels, best)
        num_classes = tf.cast(tf.shape(predictions)[-1], dtypes.int64)
        average = _average_precision(labels, mask, best, num_classes)
        if weights is None:
            amount = tf.cast(tf.size(average, name="batch_max"), dtypes.float64)
        else:
            weights = weights_broadcast.broadcast_weights(tf.cast(weights, dtypes.float64), average)
            average = tf.multiply(average, weights)
            amount = tf.reduce_sum(weights, name="batch_max")
        # TensorFlow has an op "Max" (of the labels) in this scope, and names differ by more than case.
        count, update_count = _streaming_total("max_1", amount)
        total, update_total = _streaming_total("total", tf.reduce_sum(average, name="batch_total"))
        divide = lookup("div_no_nan")
        return finished(divide(total, count, name="mean"), divide(update_total, update_count, name=scope),
                        metrics_collections, updates_collections)


@tf_export("metrics.sparse_average_precision_at_k")
def sparse_average_precision_at_k(labels, predictions, k, weights=None, metrics_collections=None,
                                  updates_collections=None, name=None):
    """Deprecated name of `tf.metrics.average_precision_at_k`."""
    warn_once("metrics.sparse_average_precision_at_k",
              "tf.metrics.sparse_average_precision_at_k is now average_precision_at_k.")
    return average_precision_at_k(labels, predictions, k, weights, metrics_collections, updates_collections, name)
