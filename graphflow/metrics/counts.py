"""Metrics of truth values: counts of hits and misses, precision and recall.

Labels and predictions are cast to bool. State: the metrics' variables in the graph. Arguments and results are
those described in `averages`.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.metrics.state import finished, matched, metric_variable
from graphflow.ops.variable_scope import variable_scope


def _as_bools(labels, predictions, weights):
    return matched(tf.cast(predictions, dtypes.bool), tf.cast(labels, dtypes.bool), weights)


def _count(kind, label, prediction, labels, predictions, weights, collections, name):
    """Counts the pairs of a label and a prediction of the given truth values."""
    metrics_collections, updates_collections = collections
    with variable_scope(name, kind, (predictions, labels, weights)):
        predictions, labels, weights = _as_bools(labels, predictions, weights)
        hits = tf.logical_and(tf.equal(labels, label), tf.equal(predictions, prediction))
        count = metric_variable([], dtypes.float32, name="count")
        values = tf.cast(hits, dtypes.float32)
        if weights is not None:
            with control_dependencies((tf.assert_rank_in(weights, (0, tf.rank(values))),)):
                values = tf.multiply(values, tf.cast(weights, dtypes.float32))
        value = tf.identity(count)
        update = tf.assign_add(count, tf.reduce_sum(values))
        return finished(value, update, metrics_collections, updates_collections)


@tf_export("metrics.true_positives")
def true_positives(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
                   name=None):
    """Weighted number of true predictions of true labels."""
    return _count("true_positives", True, True, labels, predictions, weights,
                  (metrics_collections, updates_collections), name)


@tf_export("metrics.true_negatives")
def true_negatives(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
                   name=None):
    """Weighted number of false predictions of false labels."""
    return _count("true_negatives", False, False, labels, predictions, weights,
                  (metrics_collections, updates_collections), name)


@tf_export("metrics.false_positives")
def false_positives(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
                    name=None):
    """Weighted number of true predictions of false labels."""
    return _count("false_positives", False, True, labels, predictions, weights,
                  (metrics_collections, updates_collections), name)


@tf_export("metrics.false_negatives")
def false_negatives(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
                    name=None):
    """Weighted number of false predictions of true labels."""
    return _count("false_negatives", True, False, labels, predictions, weights,
                  (metrics_collections, updates_collections), name)


def _share(hits, misses, name):
    return tf.where(tf.greater(hits + misses, 0), tf.div(hits, hits + misses), 0, name)


@tf_export("metrics.precision")
def precision(labels, predictions, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """Share of true predictions whose labels are true; 0 if there are none."""
    with variable_scope(name, "precision", (predictions, labels, weights)):
        predictions, labels, weights = _as_bools(labels, predictions, weights)
        hits, update_hits = true_positives(labels, predictions, weights)
        misses, update_misses = false_positives(labels, predictions, weights)
        value = _share(hits, misses, "value")
        update = _share(update_hits, update_misses, "update_op")
        return finished(value, update, metrics_collections, updates_collections)


@tf_export("metrics.recall")
def recall(labels, predictions, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """Share of true labels that were predicted true; 0 if there are none."""
    with variable_scope(name, "recall", (predictions, labels, weights)):
        predictions, labels, weights = _as_bools(labels, predictions, weights)
        hits, update_hits = true_positives(labels, predictions, weights)
        misses, update_misses = false_negatives(labels, predictions, weights)
        value = _share(hits, misses, "value")
        update = _share(update_hits, update_misses, "update_op")
        return finished(value, update, metrics_collections, updates_collections)
