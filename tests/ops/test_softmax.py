"""Softmax and cross entropies: sample rows, wrappers, old calling orders, errors."""

import warnings

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import deprecation, raw_ops
from tests.ops.harness import Sample, fixed, ints, normal, sample_tests

FLOATS = "float32 float64 float16 bfloat16"
LABELS = np.array([[0.1, 0.2, 0.7], [1.0, 0.0, 0.0]])


def _log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def _softmax(x):
    return np.exp(_log_softmax(x))


def _cross_entropy(x, p):
    return -(p * _log_softmax(x)).sum(1), _softmax(x) - p


def _sparse_cross_entropy(x, labels):
    return _cross_entropy(x, np.eye(x.shape[1])[labels].astype(x.dtype))


def _loss(logits, labels):
    return raw_ops.SoftmaxCrossEntropyWithLogits(logits, labels)[0]


def _sparse_loss(logits, labels):
    return raw_ops.SparseSoftmaxCrossEntropyWithLogits(logits, labels)[0]


SAMPLES = [
    Sample("Softmax", [normal(2, 3)], _softmax, dtypes=FLOATS, grad=(0,), second=True, tol=1e-5, id="matrix"),
    Sample("Softmax", [normal(2, 2, 3)], _softmax, dtypes=FLOATS, grad=(0,), tol=1e-5, id="cube"),
    Sample("LogSoftmax", [normal(2, 3)], _log_softmax, dtypes=FLOATS, grad=(0,), second=True, tol=1e-5,
           id="log"),
    Sample("SoftmaxCrossEntropyWithLogits", [normal(2, 3), fixed(LABELS)], _cross_entropy,
           dtypes="float32 float64 float16", tol=1e-5, id="cross"),
    Sample("SparseSoftmaxCrossEntropyWithLogits", [normal(4, 3), ints(0, 3, 4, dtype="int32")],
           _sparse_cross_entropy, dtypes=FLOATS, tol=1e-5, id="sparse"),
    # The second outputs are gradients already: only the losses are differentiated.
    Sample(_loss, [normal(2, 3), fixed(LABELS)], lambda x, p: _cross_entropy(x, p)[0], grad=(0, 1), id="loss"),
    Sample(_loss, [normal(2, 3), fixed(LABELS).keep], None, dtypes="float64", grad=(0,), second=True, id="second"),
    Sample(_sparse_loss, [normal(4, 3), ints(0, 3, 4)], lambda x, p: _sparse_cross_entropy(x, p)[0], grad=(0,)),
]
test_samples = sample_tests(SAMPLES)


def _run(tensor, feed=None):
    with tf.Session() as sess:
        return sess.run(tensor, feed)


@pytest.mark.parametrize("axis", [0, 1, -1, -2, -3])
def test_every_axis(axis):
    x = np.random.RandomState(0).randn(2, 3, 4)
    y = tf.nn.softmax(tf.constant(x), axis=axis)
    assert y.shape.as_list() == [2, 3, 4]
    powers = np.exp(x)
    np.testing.assert_allclose(_run(y), powers / powers.sum(axis, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(_run(tf.exp(tf.nn.log_softmax(tf.constant(x), axis=axis))), _run(y), rtol=1e-12)


def test_axis_out_of_range():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"must be in the range \[-2, 2\)"):
        tf.nn.softmax(tf.zeros([2, 3]), axis=2)
    with pytest.raises(ValueError, match="Cannot specify both 'dim' and 'axis'"):
        tf.nn.softmax(tf.zeros([2, 3]), axis=0, dim=0)


def test_large_logits_do_not_overflow():
    logits = tf.constant([[1000.0, 0.0], [-1000.0, 0.0]])
    np.testing.assert_allclose(_run(tf.nn.softmax(logits)), [[1, 0], [0, 1]])
    np.testing.assert_allclose(_run(tf.nn.log_softmax(logits)), [[0, -1000], [-1000, 0]])


@pytest.mark.parametrize("axis", [-1, 1])
def test_cross_entropy_of_more_dimensions(axis):
    x, p = np.random.RandomState(0).rand(2, 2, 3, 3)
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.constant(p), logits=tf.constant(x), axis=axis)
    moved = np.moveaxis(x, axis, -1)
    np.testing.assert_allclose(_run(loss), -(np.moveaxis(p, axis, -1) * _log_softmax(moved)).sum(-1), rtol=1e-12)
    assert loss.shape.as_list() == [2, 3]


def test_labels_get_no_gradient_from_the_first_version():
    labels, logits = tf.constant(LABELS), tf.zeros([2, 3], tf.float64)
    loss = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    assert tf.gradients(loss, labels) == [None]
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
    np.testing.assert_allclose(_run(tf.gradients(loss, labels)[0]), np.full((2, 3), np.log(3)))


def test_names_are_those_of_tensorflow():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=x, logits=x)
        assert loss.name == "softmax_cross_entropy_with_logits_sg/Reshape_2:0"
        assert [op.name.rpartition("/")[2] for op in graph.get_operations()[1:]] == [
            "labels_stop_gradient", "Rank", "Shape", "Rank_1", "Shape_1", "y", "Sub", "begin", "size", "Slice",
            "values_0", "axis", "concat", "Reshape", "Rank_2", "Shape_2", "y", "Sub_1", "begin", "size", "Slice_1",
            "values_0", "axis", "concat_1", "Reshape_1", "softmax_cross_entropy_with_logits_sg", "y", "Sub_2",
            "begin", "size", "Slice_2", "Reshape_2"]


def test_old_positional_order_works_and_warns_once():
    deprecation._warned.clear()
    logits, labels = tf.constant([[1.0, 3.0]]), tf.constant([[0.0, 1.0]])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old = tf.nn.softmax_cross_entropy_with_logits(logits, labels)
        tf.nn.softmax_cross_entropy_with_logits(logits, labels)
        sparse = tf.nn.sparse_softmax_cross_entropy_with_logits(logits, tf.constant([1]))
        sigmoid = tf.nn.sigmoid_cross_entropy_with_logits(logits, labels)
    assert len(caught) == 3
    assert {warning.filename for warning in caught} == {__file__}
    new = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    np.testing.assert_allclose(_run(old), _run(new))
    np.testing.assert_allclose(_run(sparse), _run(new))
    np.testing.assert_allclose(_run(sigmoid), [[1.3132617, 0.04858735]], rtol=1e-6)


def test_missing_or_mixed_arguments():
    x = tf.zeros([2, 3])
    with pytest.raises(ValueError, match="Both labels and logits must be provided"):
        tf.nn.softmax_cross_entropy_with_logits(labels=x)
    with pytest.raises(ValueError, match="Only call `softmax_cross_entropy_with_logits` with named arguments"):
        tf.nn.softmax_cross_entropy_with_logits(x, labels=x, logits=x)


def test_sparse_labels_must_be_classes():
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 10], logits=tf.zeros([2, 10]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"label value of 10 .* valid range of \[0, 10\)"):
        _run(loss)


def test_sparse_shapes_must_fit():
    with pytest.raises(ValueError, match="Rank mismatch: Rank of labels"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[1]], logits=tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="Shape mismatch: The shape of labels"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="Logits cannot be scalars"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=1, logits=tf.zeros([]))


def test_sparse_second_derivative_is_refused():
    logits = tf.zeros([2, 3])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 1], logits=logits)
    with pytest.raises(LookupError, match="second derivative"):
        tf.gradients(tf.gradients(loss, logits), logits)


def test_ranks_are_checked_as_kernels_check_them():
    logits, labels = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    dense = raw_ops.SoftmaxCrossEntropyWithLogits(logits, logits)[0]
    sparse = raw_ops.SparseSoftmaxCrossEntropyWithLogits(logits, labels)[0]
    with tf.Session() as session:
        for fetch, feed, message in (
                (sparse, {logits: np.ones((2, 3)), labels: 1}, r"labels must be 1-D, but got shape \[\]"),
                (sparse, {logits: np.ones(3), labels: [1]}, r"logits must be 2-D, but got shape \[3\]"),
                (dense, {logits: np.ones((2, 1, 3))}, "2-dimensional|rank 2, but is rank 3")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(fetch, feed)
    with pytest.raises(ValueError, match="rank 2, but is rank 3"):
        raw_ops.SoftmaxCrossEntropyWithLogits(tf.ones([2, 1, 4]), tf.ones([2, 1, 4]))
