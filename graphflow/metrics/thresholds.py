"""Metrics of probabilities at thresholds: counts, precision, recall, and the area under a curve.

Predictions are in [0, 1]; one is positive at a threshold if greater. State: the metrics' variables in the
graph. Arguments and results are those described in `averages`.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.metrics.state import finished, matched, metric_variable
from graphflow.ops import weights_broadcast
from graphflow.ops.variable_scope import variable_scope

_EDGE = 1e-7  # thresholds just outside [0, 1], so that both ends of the curve are there
# key -> (variable, whether labels are positive, whether predictions are)
_KINDS = {
    "tp": ("true_positives", True, True), "fn": ("false_negatives", True, False),
    "tn": ("true_negatives", False, False), "fp": ("false_positives", False, True),
}


def _counts(labels, predictions, thresholds, weights=None, includes=("tp", "fn", "tn", "fp")):
    """Dicts key -> variable [thresholds] and key -> its update."""
    predictions = convert_to_tensor(predictions)
    message = "predictions must be in [0, 1]"
    checks = [tf.assert_greater_equal(predictions, tf.cast(0.0, predictions.dtype), message=message),
              tf.assert_less_equal(predictions, tf.cast(1.0, predictions.dtype), message=message)]
    with control_dependencies(checks):
        predictions, labels, weights = matched(
            tf.cast(predictions, dtypes.float32), tf.cast(labels, dtypes.bool), weights)
    count = len(thresholds)
    column = tf.reshape(predictions, [-1, 1])
    row = tf.reshape(tf.cast(labels, dtypes.bool), [1, -1])
    num_predictions = column.shape.as_list()[0]
    if num_predictions is None:
        num_predictions = tf.shape(column)[0]
    tiled = tf.tile(tf.expand_dims(tf.constant(thresholds), [1]), tf.stack([1, num_predictions]))
    predicted = {True: tf.greater(tf.tile(tf.transpose(column), [count, 1]), tiled)}
    if "fn" in includes or "tn" in includes:
        predicted[False] = tf.logical_not(predicted[True])
    labelled = {True: tf.tile(row, [count, 1])}
    if "fp" in includes or "tn" in includes:
        labelled[False] = tf.logical_not(labelled[True])
    if weights is not None:
        weights = weights_broadcast.broadcast_weights(tf.cast(weights, dtypes.float32), predictions)
        weights = tf.tile(tf.reshape(weights, [1, -1]), [count, 1])
        tiled.shape.assert_is_compatible_with(weights.shape)
    values, updates = {}, {}
    for key, (name, label, prediction) in _KINDS.items():
        if key in includes:
            values[key] = metric_variable([count], dtypes.float32, name=name)
            hits = tf.cast(tf.logical_and(labelled[label], predicted[prediction]), dtypes.float32)
            if weights is not None:
                hits *= weights
            updates[key] = tf.assign_add(values[key], tf.reduce_sum(hits, 1))
    return values, updates


def _count_at(key, labels, predictions, thresholds, weights, collections, name):
    metrics_collections, updates_collections = collections
    with variable_scope(name, _KINDS[key][0], (predictions, labels, weights)):
        values, updates = _counts(labels, predictions, thresholds, weights, (key,))
        return finished(tf.identity(values[key]), updates[key], metrics_collections, updates_collections)


@tf_export("metrics.true_positives_at_thresholds")
def true_positives_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                                 updates_collections=None, name=None):
    """Vector of the numbers of true positives, one for each of `thresholds`."""
    return _count_at("tp", labels, predictions, thresholds, weights, (metrics_collections, updates_collections),
                     name)


@tf_export("metrics.true_negatives_at_thresholds")
def true_negatives_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                                 updates_collections=None, name=None):
    """Vector of the numbers of true negatives, one for each of `thresholds`."""
    return _count_at("tn", labels, predictions, thresholds, weights, (metrics_collections, updates_collections),
                     name)


@tf_export("metrics.false_positives_at_thresholds")
def false_positives_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                                  updates_collections=None, name=None):
    """Vector of the numbers of false positives, one for each of `thresholds`."""
    return _count_at("fp", labels, predictions, thresholds, weights, (metrics_collections, updates_collections),
                     name)


@tf_export("metrics.false_negatives_at_thresholds")
def false_negatives_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                                  updates_collections=None, name=None):
    """Vector of the numbers of false negatives, one for each of `thresholds`."""
    return _count_at("fn", labels, predictions, thresholds, weights, (metrics_collections, updates_collections),
                     name)


def _share_at(kind, miss, labels, predictions, thresholds, weights, collections, name):
    metrics_collections, updates_collections = collections
    with variable_scope(name, f"{kind}_at_thresholds", (predictions, labels, weights)):
        values, updates = _counts(labels, predictions, thresholds, weights, ("tp", miss))

        def share(counts, suffix):
            return tf.div(counts["tp"], 1e-7 + counts["tp"] + counts[miss], name=f"{kind}_{suffix}")

        return finished(share(values, "value"), share(updates, "update_op"), metrics_collections,
                        updates_collections)


@tf_export("metrics.precision_at_thresholds")
def precision_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                            updates_collections=None, name=None):
    """Vector of precisions, one for each of `thresholds`."""
    return _share_at("precision", "fp", labels, predictions, thresholds, weights,
                     (metrics_collections, updates_collections), name)


@tf_export("metrics.recall_at_thresholds")
def recall_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                         updates_collections=None, name=None):
    """Vector of recalls, one for each of `thresholds`."""
    return _share_at("recall", "fn", labels, predictions, thresholds, weights,
                     (metrics_collections, updates_collections), name)


def _evenly(num_thresholds):
    return [(i + 1) * 1.0 / (num_thresholds - 1) for i in range(num_thresholds - 2)]


def _in_unit_range(name, value):
    if value < 0 or value > 1:
        raise ValueError(f"`{name}` must be in the range [0, 1].")


@tf_export("metrics.sensitivity_at_specificity")
def sensitivity_at_specificity(labels, predictions, specificity, weights=None, num_thresholds=200,
                               metrics_collections=None, updates_collections=None, name=None):
    """Sensitivity (recall) at the threshold whose specificity is nearest to `specificity`."""
    _in_unit_range("specificity", specificity)
    with variable_scope(name, "sensitivity_at_specificity", (predictions, labels, weights)):
        thresholds = [0.0 - _EDGE, *_evenly(num_thresholds), 1.0 + _EDGE]
        values, updates = _counts(labels, predictions, thresholds, weights)

        def sensitivity(counts, name):
            specificities = tf.div(counts["tn"], counts["tn"] + counts["fp"] + _EDGE)
            index = tf.cast(tf.argmin(tf.abs(specificities - specificity), 0), dtypes.int32)
            hits = counts["tp"]
            return tf.div(hits[index], hits[index] + counts["fn"][index] + _EDGE, name)

        return finished(sensitivity(values, "value"), sensitivity(updates, "update_op"), metrics_collections,
                        updates_collections)


@tf_export("metrics.specificity_at_sensitivity")
def specificity_at_sensitivity(labels, predictions, sensitivity, weights=None, num_thresholds=200,
                               metrics_collections=None, updates_collections=None, name=None):
    """Specificity at the last threshold whose sensitivity is nearest to `sensitivity`."""
    _in_unit_range("sensitivity", sensitivity)
    with variable_scope(name, "specificity_at_sensitivity", (predictions, labels, weights)):
        thresholds = [0.0 - _EDGE, *_evenly(num_thresholds), 1.0 - _EDGE]
        values, updates = _counts(labels, predictions, thresholds, weights)

        def specificity(counts, name):
            sensitivities = tf.div(counts["tp"], counts["tp"] + counts["fn"] + _EDGE)
            distance = tf.abs(sensitivities - sensitivity)
            nearest = tf.cast(tf.equal(distance, tf.reduce_min(distance)), dtypes.int64)
            index = tf.cast(tf.argmax(tf.cumsum(nearest), 0), dtypes.int32)
            rejected = counts["tn"]
            return tf.div(rejected[index], rejected[index] + counts["fp"][index] + _EDGE, name)

        return finished(specificity(values, "value"), specificity(updates, "update_op"), metrics_collections,
                        updates_collections)


def _interpolated_pr_auc(counts, last):
    """Area under precision over recall, hits and misses being interpolated between thresholds."""
    divide = lookup("div_no_nan")
    tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
    gained = tp[:last] - tp[1:]
    positives = tp + fp
    slope = divide(gained, tf.maximum(positives[:last] - positives[1:], 0), name="prec_slope")
    intercept = tp[1:] - tf.multiply(slope, positives[1:])
    ratio = tf.where(
        tf.logical_and(positives[:last] > 0, positives[1:] > 0),
        divide(positives[:last], tf.maximum(positives[1:], 0), name="recall_relative_ratio"),
        tf.ones_like(positives[1:]))
    increments = divide(slope * (gained + intercept * tf.log(ratio)), tf.maximum(tp[1:] + fn[1:], 0),
                        name="pr_auc_increment")
    return tf.reduce_sum(increments, name="interpolate_pr_auc")


def _area(counts, last, curve, method, name):
    """Area under the curve of `counts`, over `last` intervals."""
    tp, fn, tn, fp = (counts[key] for key in ("tp", "fn", "tn", "fp"))
    if curve == "PR":
        if method == "trapezoidal":
            lookup("logging.warning")("Trapezoidal rule is known to produce incorrect PR-AUCs; please switch to "
                                      '"careful_interpolation" instead.')
        elif method == "careful_interpolation":
            return _interpolated_pr_auc(counts, last)
    epsilon = 1e-6
    recall = tf.div(tp + epsilon, tp + fn + epsilon)
    if curve == "ROC":
        x, y = tf.div(fp, fp + tn + epsilon), recall
    else:
        x, y = recall, tf.div(tp + epsilon, tp + fp + epsilon)
    if method in ("trapezoidal", "careful_interpolation"):
        heights = (y[:last] + y[1:]) / 2.0
    elif method == "minoring":
        heights = tf.minimum(y[:last], y[1:])
    elif method == "majoring":
        heights = tf.maximum(y[:last], y[1:])
    else:
        raise ValueError(f"Invalid summation_method: {method}")
    return tf.reduce_sum(tf.multiply(x[:last] - x[1:], heights), name=name)


@tf_export("metrics.auc")
def auc(labels, predictions, weights=None, num_thresholds=200, metrics_collections=None, updates_collections=None,
        curve="ROC", name=None, summation_method="trapezoidal", thresholds=None):
    """Area under the ROC or the precision-recall curve, approximated at thresholds.

    Args:
      curve: "ROC" or "PR". summation_method: "trapezoidal", "careful_interpolation" (better for "PR"),
      "minoring" or "majoring". thresholds: list in (0, 1) instead of `num_thresholds` even ones.
    Raises ValueError for another curve or method.
    """
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if curve not in ("ROC", "PR"):
            raise ValueError(f"curve must be either ROC or PR, {curve} unknown")
        inner = _evenly(num_thresholds) if thresholds is None else sorted(thresholds)
        last = len(inner) + 1
        values, updates = _counts(labels, predictions, [0.0 - _EDGE, *inner, 1.0 + _EDGE], weights)
        value = _area(values, last, curve, summation_method, "value")
        update = _area(updates, last, curve, summation_method, "update_op")
        return finished(value, update, metrics_collections, updates_collections)
