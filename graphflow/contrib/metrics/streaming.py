"""`tf.contrib.metrics.streaming_...`: `tf.metrics` with predictions first. State: the metrics' variables."""

import graphflow as tf
from graphflow.framework.api import export_value, tf_export

# Metrics of (predictions, labels, weights, metrics_collections, updates_collections, name).
_PAIRS = ("accuracy", "precision", "recall", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error",
          "true_positives", "true_negatives", "false_positives", "false_negatives")
# Metrics with one more argument before the weights.
_WITH_ARGUMENT = {"mean_iou": "num_classes", "mean_relative_error": "normalizer", "mean_cosine_distance": "dim",
                  "precision_at_thresholds": "thresholds", "recall_at_thresholds": "thresholds"}


def _export(name):
    return tf_export(f"contrib.metrics.{name}", f"contrib.slim.metrics.{name}")


@_export("streaming_mean")
def streaming_mean(values, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """`tf.metrics.mean`."""
    return tf.metrics.mean(values, weights, metrics_collections, updates_collections, name)


@_export("streaming_auc")
def streaming_auc(predictions, labels, weights=None, num_thresholds=200, metrics_collections=None,
                  updates_collections=None, curve="ROC", name=None):
    """`tf.metrics.auc` with predictions first."""
    return tf.metrics.auc(labels, predictions, weights, num_thresholds, metrics_collections, updates_collections,
                          curve, name)


@_export("accuracy")
def accuracy(predictions, labels, weights=None, name=None):
    """Share of predictions that equal their labels in this batch."""
    if not (labels.dtype.is_integer or labels.dtype in (tf.bool, tf.string)):
        raise ValueError(f"Labels should have bool, integer, or string dtype, not {labels.dtype}")
    labels.shape.assert_is_compatible_with(predictions.shape)
    if labels.dtype != predictions.dtype:
        raise ValueError(f"Dtypes of predictions and labels should match. Given: predictions ({predictions.dtype}) "
                         f"and labels ({labels.dtype})")
    with tf.name_scope(name, "accuracy", values=[predictions, labels]):
        hits = tf.cast(tf.equal(predictions, labels), tf.float32)
        if weights is not None:
            hits = tf.multiply(hits, weights)
            return tf.div(tf.reduce_sum(hits), tf.reduce_sum(tf.multiply(tf.ones_like(hits), weights)))
        return tf.reduce_mean(hits)


def _with_predictions_first(name):
    def metric(predictions, labels, weights=None, metrics_collections=None, updates_collections=None, name=None):
        return getattr(tf.metrics, metric.of)(labels, predictions, weights, metrics_collections, updates_collections,
                                              name)

    metric.of = name
    metric.__doc__ = f"`tf.metrics.{name}` with predictions first."
    return metric


def _with_argument(name, argument):
    def metric(predictions, labels, *args, **kwargs):
        values = dict(zip((argument, "weights", "metrics_collections", "updates_collections", "name"), args))
        return getattr(tf.metrics, name)(labels, predictions, **values, **kwargs)

    metric.__doc__ = f"`tf.metrics.{name}` with predictions first; then comes `{argument}`."
    return metric


def _define(name, function):
    function.__name__ = function.__qualname__ = f"streaming_{name}"
    globals()[function.__name__] = function
    for space in ("contrib.metrics", "contrib.slim.metrics"):
        export_value(f"{space}.{function.__name__}", __name__, function.__name__)


for _name in _PAIRS:
    _define(_name, _with_predictions_first(_name))
for _name, _argument in _WITH_ARGUMENT.items():
    _define(_name, _with_argument(_name, _argument))
