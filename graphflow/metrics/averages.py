"""Metrics that are means: of values, of errors, of hits. State: the metrics' variables in the graph.

All share: `weights` (None, a scalar, or what broadcasts to the values), `metrics_collections` and
`updates_collections` (lists of collections for the two results) and `name` (a variable scope). They return
(value, update): the value over all batches so far, and the operation that adds a batch and gives the new value.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.metrics.state import finished, matched, metric_variable, safe_div
from graphflow.ops import weights_broadcast
from graphflow.ops.variable_scope import variable_scope


@tf_export("metrics.mean")
def mean(values, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """Weighted mean of all values.

    Example:
      >>> import graphflow as tf
      >>> x = tf.placeholder(tf.float32, [None])
      >>> value, update = tf.metrics.mean(x)
      >>> with tf.Session() as sess:
      ...     sess.run(tf.local_variables_initializer())
      ...     print(sess.run(update, {x: [1, 2]}), sess.run(update, {x: [6]}), sess.run(value))
      1.5 3.0 3.0
    """
    with variable_scope(name, "mean", (values, weights)):
        values = tf.cast(values, dtypes.float32)
        total = metric_variable([], dtypes.float32, name="total")
        count = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            num_values = tf.cast(tf.size(values), dtypes.float32)
        else:
            values, _, weights = matched(values, None, weights)
            weights = weights_broadcast.broadcast_weights(tf.cast(weights, dtypes.float32), values)
            values = tf.multiply(values, weights)
            num_values = tf.reduce_sum(weights)
        update_total = tf.assign_add(total, tf.reduce_sum(values))
        with control_dependencies([values]):
            update_count = tf.assign_add(count, num_values)
        value = safe_div(total, count, "value")
        return finished(value, safe_div(update_total, update_count, "update_op"), metrics_collections,
                        updates_collections)


@tf_export("metrics.mean_tensor")
def mean_tensor(values, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """Weighted mean of each element over the batches; the result has the shape of `values`."""
    with variable_scope(name, "mean", (values, weights)):
        values = tf.cast(values, dtypes.float32)
        total = metric_variable(values.shape, dtypes.float32, name="total_tensor")
        count = metric_variable(values.shape, dtypes.float32, name="count_tensor")
        num_values = tf.ones_like(values)
        if weights is not None:
            values, _, weights = matched(values, None, weights)
            weights = weights_broadcast.broadcast_weights(tf.cast(weights, dtypes.float32), values)
            values = tf.multiply(values, weights)
            num_values = tf.multiply(num_values, weights)
        update_total = tf.assign_add(total, values)
        with control_dependencies([values]):
            update_count = tf.assign_add(count, num_values)
        value = safe_div(total, count, "value")
        return finished(value, safe_div(update_total, update_count, "update_op"), metrics_collections,
                        updates_collections)


@tf_export("metrics.accuracy")
def accuracy(labels, predictions, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """Share of predictions that equal their labels."""
    predictions, labels, weights = matched(predictions, labels, weights)
    predictions.shape.assert_is_compatible_with(labels.shape)
    if labels.dtype != predictions.dtype:
        predictions = tf.cast(predictions, labels.dtype)
    is_correct = tf.cast(tf.equal(predictions, labels), dtypes.float32)
    return mean(is_correct, weights, metrics_collections, updates_collections, name or "accuracy")


@tf_export("metrics.mean_absolute_error")
def mean_absolute_error(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
                        name=None):
    """Mean of `|predictions - labels|`."""
    predictions, labels, weights = matched(predictions, labels, weights)
    errors = tf.abs(predictions - labels)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_absolute_error")


@tf_export("metrics.mean_squared_error")
def mean_squared_error(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
                       name=None):
    """Mean of `(predictions - labels) ** 2`."""
    predictions, labels, weights = matched(predictions, labels, weights)
    errors = tf.squared_difference(labels, predictions)
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_squared_error")


@tf_export("metrics.root_mean_squared_error")
def root_mean_squared_error(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
                            name=None):
    """Square root of the mean squared error."""
    predictions, labels, weights = matched(predictions, labels, weights)
    value, update = mean_squared_error(labels, predictions, weights, None, None, name or "root_mean_squared_error")
    return finished(tf.sqrt(value), tf.sqrt(update), metrics_collections, updates_collections)


@tf_export("metrics.mean_relative_error")
def mean_relative_error(labels, predictions, normalizer, weights=None, metrics_collections=None,
                        updates_collections=None, name=None):
    """Mean of `|labels - predictions| / normalizer`, 0 counting where the normalizer is 0."""
    predictions, labels, weights = matched(predictions, labels, weights)
    predictions, normalizer = weights_broadcast.remove_squeezable_dimensions(predictions, normalizer)
    predictions.shape.assert_is_compatible_with(normalizer.shape)
    errors = tf.where(tf.equal(normalizer, 0.0), tf.zeros_like(labels),
                      tf.div(tf.abs(labels - predictions), normalizer))
    return mean(errors, weights, metrics_collections, updates_collections, name or "mean_relative_error")


@tf_export("metrics.mean_cosine_distance")
def mean_cosine_distance(labels, predictions, dim, weights=None, metrics_collections=None,
                         updates_collections=None, name=None):
    """`1 - ` the mean of `sum(predictions * labels, dim)`."""
    predictions, labels, weights = matched(predictions, labels, weights)
    products = tf.reduce_sum(tf.multiply(predictions, labels), axis=[dim], keepdims=True)
    value, update = mean(products, weights, None, None, name or "mean_cosine_distance")
    value, update = tf.subtract(1.0, value), tf.subtract(1.0, update)
    return finished(value, update, metrics_collections, updates_collections)


@tf_export("metrics.percentage_below")
def percentage_below(values, threshold, weights=None, metrics_collections=None, updates_collections=None,
                     name=None):
    """Share of values below `threshold`."""
    below = tf.cast(tf.less(values, threshold), dtypes.float32)
    return mean(below, weights, metrics_collections, updates_collections, name or "percentage_below_threshold")
