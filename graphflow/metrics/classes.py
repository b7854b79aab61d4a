"""Metrics of class numbers: intersection over union, accuracy of each class.

State: the metrics' variables in the graph. Arguments and results are those described in `averages`.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.metrics.state import finished, flattened, metric_variable, safe_div
from graphflow.ops.variable_scope import variable_scope


def _streaming_confusion_matrix(labels, predictions, num_classes, weights):
    """(variable with the sum of all confusion matrices, its update)."""
    total = metric_variable([num_classes, num_classes], dtypes.float64, name="total_confusion_matrix")
    predictions, labels = tf.cast(predictions, dtypes.int64), tf.cast(labels, dtypes.int64)
    num_classes = tf.cast(num_classes, dtypes.int64)
    predictions, labels = flattened(predictions), flattened(labels)
    if weights is not None:
        weights = flattened(convert_to_tensor(weights))
    current = lookup("confusion_matrix")(labels, predictions, num_classes, weights=weights, dtype=dtypes.float64)
    return total, tf.assign_add(total, current)


@tf_export("metrics.mean_iou")
def mean_iou(labels, predictions, num_classes, weights=None, metrics_collections=None, updates_collections=None,
             name=None):
    """Mean over classes of true positives / (true positives + false positives + false negatives).

    Classes that neither labels nor predictions have don't count. The update is the confusion matrix.
    """
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        predictions, labels = convert_to_tensor(predictions), convert_to_tensor(labels)
        predictions.shape.assert_is_compatible_with(labels.shape)
        total, update = _streaming_confusion_matrix(labels, predictions, num_classes, weights)
        over_rows = tf.cast(tf.reduce_sum(total, 0), dtypes.float32)
        over_columns = tf.cast(tf.reduce_sum(total, 1), dtypes.float32)
        diagonal = tf.cast(lookup("diag_part")(total), dtypes.float32)
        union = over_rows + over_columns - diagonal
        num_valid = tf.reduce_sum(tf.cast(tf.not_equal(union, 0), dtypes.float32))
        union = tf.where(tf.greater(union, 0), union, tf.ones_like(union))
        shares = tf.div(diagonal, union)
        value = tf.where(tf.greater(num_valid, 0), tf.reduce_sum(shares, name="mean_iou") / num_valid, 0)
        return finished(value, update, metrics_collections, updates_collections)


@tf_export("metrics.mean_per_class_accuracy")
def mean_per_class_accuracy(labels, predictions, num_classes, weights=None, metrics_collections=None,
                            updates_collections=None, name=None):
    """Mean over classes of the accuracy among labels of the class. The update is the vector of accuracies."""
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = flattened(tf.cast(labels, dtypes.int64))
        predictions = flattened(convert_to_tensor(predictions))
        predictions.shape.assert_is_compatible_with(labels.shape)
        total = metric_variable([num_classes], dtypes.float32, name="total")
        count = metric_variable([num_classes], dtypes.float32, name="count")
        ones = tf.ones([tf.size(labels)], dtypes.float32)
        if labels.dtype != predictions.dtype:
            predictions = tf.cast(predictions, labels.dtype)
        hits = tf.cast(tf.equal(predictions, labels), dtypes.float32)
        if weights is not None:
            weights = tf.cast(flattened(convert_to_tensor(weights)), dtypes.float32)
            hits *= weights
            ones *= weights
        update_total = tf.scatter_add(total, labels, ones)
        update_count = tf.scatter_add(count, labels, hits)
        value = tf.reduce_mean(safe_div(count, total, None), name="mean_accuracy")
        return finished(value, safe_div(update_count, update_total, "update_op"), metrics_collections,
                        updates_collections)
