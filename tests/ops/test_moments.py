"""Means, variances and what is normalised by them, against NumPy."""

import numpy as np
import pytest

import graphflow as tf

X = np.random.RandomState(0).randn(4, 3, 2)


def _run(tensors):
    with tf.Session() as sess:
        return sess.run(tensors)


def test_moments():
    mean, variance = _run(tf.nn.moments(tf.constant(X), [0, 2]))
    np.testing.assert_allclose(mean, X.mean((0, 2)))
    np.testing.assert_allclose(variance, X.var((0, 2)))
    kept = tf.nn.moments(tf.constant(X, tf.float16), [0], keep_dims=True)
    assert kept[0].dtype == tf.float16
    assert kept[0].shape.as_list() == [1, 3, 2]


def test_names_are_those_of_tensorflow():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 3])
        mean, variance = tf.nn.moments(x, [0])
        assert (mean.op.name, variance.op.name) == ("moments/Squeeze", "moments/Squeeze_1")
        assert {"moments/mean", "moments/StopGradient", "moments/SquaredDifference", "moments/variance"} <= {
            op.name for op in graph.get_operations()}
        assert tf.nn.batch_normalization(x, mean, variance, None, None, 0.1).op.name == "batchnorm/add_1"


def test_weighted_moments():
    weights = np.array([1.0, 2.0, 0.0, 3.0]).reshape(4, 1, 1)
    mean, variance = _run(tf.nn.weighted_moments(tf.constant(X), [0], tf.constant(weights)))
    repeated = np.concatenate([X[:1], X[1:2], X[1:2], X[3:], X[3:], X[3:]])
    np.testing.assert_allclose(mean, repeated.mean(0))
    np.testing.assert_allclose(variance, repeated.var(0))


@pytest.mark.parametrize("shift", [None, 1.5])
def test_sufficient_statistics(shift):
    shift = None if shift is None else tf.constant(shift, tf.float64)
    statistics = tf.nn.sufficient_statistics(tf.constant(X), [0, 1], shift=shift)
    mean, variance = _run(tf.nn.normalize_moments(*statistics))
    np.testing.assert_allclose(mean, X.mean((0, 1)))
    np.testing.assert_allclose(variance, X.var((0, 1)))


def test_batch_normalization():
    y = tf.nn.batch_normalization(tf.constant(X), 1.0, 3.0, 0.5, 2.0, 0.1)
    np.testing.assert_allclose(_run(y), (X - 1) / np.sqrt(3.1) * 2 + 0.5, rtol=1e-6)


def test_l2_normalize():
    y = _run(tf.nn.l2_normalize(tf.constant(X), 1))
    np.testing.assert_allclose(y, X / np.sqrt((X ** 2).sum(1, keepdims=True)))
    np.testing.assert_array_equal(_run(tf.nn.l2_normalize(tf.zeros([3]))), np.zeros(3))
    with pytest.raises(ValueError, match="Cannot specify both 'dim' and 'axis'"):
        tf.nn.l2_normalize(tf.constant(X), 1, dim=1)
