"""`tf.metrics` against what TensorFlow computed: names, and values over several batches."""

import gzip
import json
import pathlib

import numpy as np
import pytest

import graphflow as tf
from tests.metrics import programs

GOLDEN = json.loads(gzip.decompress(
    (pathlib.Path(__file__).parents[1] / "golden/metrics.json.gz").read_bytes()))


@pytest.mark.parametrize("key", programs.METRICS)
def test_as_in_tensorflow(key):
    expected, found = GOLDEN[key], programs.metric(tf, key)
    np.testing.assert_allclose(found["steps"], expected["steps"], rtol=5e-6, atol=1e-6)
    np.testing.assert_allclose(found["result"], expected["result"], rtol=5e-6, atol=1e-6)
    assert found["variables"] == expected["variables"]
    assert (found["value"], found["update"]) == (expected["value"], expected["update"])


@pytest.mark.parametrize("kind", ["precision", "recall", "average_precision"])
def test_sparse_labels(kind):
    """Sparse labels with every place filled count as dense ones."""
    with tf.Graph().as_default():
        labels = programs.RANKED[0]
        indices = np.argwhere(np.ones_like(labels, bool))
        sparse = tf.SparseTensor(indices, labels.ravel(), labels.shape)
        function = getattr(tf.metrics, kind + "_at_k")
        _, update = function(sparse, tf.constant(programs.SCORES[0]), 3)
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            found = session.run(update)
    if kind == "average_precision":  # where labels repeat, a sparse row counts them once
        assert 0 < found <= 1
    else:
        assert found == pytest.approx(GOLDEN[kind + "_at_k"]["steps"][0])


def test_weights_of_unknown_rank():
    with tf.Graph().as_default():
        values, weights = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        _, update = tf.metrics.mean(values, weights)
        with tf.Session() as session:
            session.run(tf.local_variables_initializer())
            assert session.run(update, {values: [[1.0], [3.0]], weights: [1.0, 3.0]}) == 2.5
            assert session.run(update, {values: [9.5], weights: 4.0}) == 6.0


def test_confusion_matrix():
    with tf.Graph().as_default(), tf.Session() as session:
        matrix = tf.confusion_matrix([1, 2, 1], [[1], [1], [2]])
        np.testing.assert_array_equal(session.run(matrix), [[0, 0, 0], [0, 1, 1], [0, 1, 0]])
        weighted = tf.confusion_matrix([0, 0], [1, 1], 2, tf.float64, weights=[0.5, 2.0])
        np.testing.assert_array_equal(session.run(weighted), [[0, 2.5], [0, 0]])
        with pytest.raises(tf.errors.InvalidArgumentError, match="`labels` out of bound"):
            labels = tf.placeholder(tf.int64, [1])
            session.run(tf.confusion_matrix(labels, [0], 2), {labels: [2]})


def test_wrong_arguments():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="curve must be either ROC or PR, roc unknown"):
            tf.metrics.auc([1], [0.5], curve="roc")
        with pytest.raises(ValueError, match="Invalid summation_method: middle"):
            tf.metrics.auc([1], [0.5], summation_method="middle")
        with pytest.raises(ValueError, match=r"`specificity` must be in the range \[0, 1\]"):
            tf.metrics.sensitivity_at_specificity([1], [0.5], 1.5)
        with pytest.raises(ValueError, match="Invalid k=0"):
            tf.metrics.average_precision_at_k([[1]], tf.ones([1, 3]), 0)
