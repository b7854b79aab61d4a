"""Reductions that join what makes their input: the same bits as in two kernels."""

import numpy as np
import pytest

import graphflow as tf

REDUCTIONS = {"Sum": tf.reduce_sum, "Mean": tf.reduce_mean, "Max": tf.reduce_max, "Min": tf.reduce_min,
              "Prod": tf.reduce_prod}
CASES = [((4, 10), 1), ((3, 5000), 1), ((5, 4097), [1]), ((17,), 0), ((9000,), None), ((6, 7, 8), [1, 2]),
         ((6, 7, 8), 2), ((2, 3, 4, 5), [-1, -2]), ((1, 33), 1), ((33, 1), 1), ((4, 6), None), ((300, 400), 1)]


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """No waiting for kernels in the background."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")


def _feed(shape, dtype="float32", seed=0):
    return (np.random.default_rng(seed).normal(size=shape) * 3).astype(dtype)


def _is_fused(sess, fetch, feed, name):
    lines = str(sess.explain(fetch, feed)).splitlines()
    (line,) = [line for line in lines if line.split()[-1] == name]
    return line.startswith("fused")


def _check(shape, axis, op, threads=1, dtype=tf.float32, other=None):
    other = (() if axis is None or np.size(axis) > 1 else shape[-1:]) if other is None else other
    with tf.Graph().as_default():
        x, y = tf.placeholder(dtype, shape), tf.placeholder(dtype, other)
        value = tf.square(x - y) * y
        result = REDUCTIONS[op](value, axis, name="result")
        feed = {x: _feed(shape, dtype.as_numpy_dtype), y: _feed(other, dtype.as_numpy_dtype, 1)}
        with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads)) as sess:
            apart = sess.run([value, result], feed)[1]
            together = sess.run(result, feed)
            assert together.tobytes() == apart.tobytes()
            return _is_fused(sess, result, feed, "result"), together


@pytest.mark.parametrize("shape, axis", CASES)
def test_same_bits(shape, axis):
    fused, _ = _check(shape, axis, "Sum")
    assert fused or shape == (33, 1)


def test_rows_that_broadcasting_cuts_stay_apart():
    assert not _check((6, 7, 8), [1, 2], "Sum", other=(8,))[0]
    assert _check((6, 7, 8), [1, 2], "Sum", other=(6, 1, 1))[0]


@pytest.mark.parametrize("op", REDUCTIONS)
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.int32])
def test_ops_and_dtypes(op, dtype):
    if not (op == "Mean" and dtype is tf.int32):
        assert _check((5, 37), 1, op, dtype=dtype)[0]


@pytest.mark.parametrize("width", [1, 15, 16, 37, 4097])
def test_exponentials(width):
    """What is computed on vectors has the bits of two kernels, whatever a row's length."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [5, width])
        value = tf.tanh(tf.exp(x) * 0.1)
        total, feed = tf.reduce_sum(value, 1, name="total"), {x: _feed((5, width))}
        apart = sess.run([value, total], feed)[1]
        assert sess.run(total, feed).tobytes() == apart.tobytes()
        assert _is_fused(sess, total, feed, "total") or width == 1


def test_threads_do_not_change_bits():
    results = [_check((700, 500), 1, "Mean", threads)[1].tobytes() for threads in (1, 2)]
    assert results[0] == results[1]


@pytest.mark.parametrize("shape, axis", [((0, 5), 1), ((5, 0), 1), ((0,), None)])
def test_empty(shape, axis):
    _check(shape, axis, "Sum")


def test_leading_axes_stay_apart():
    assert not _check((12, 5), 0, "Sum")[0]


def test_a_value_that_others_read_is_stored():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant(_feed((4, 9))) * tf.placeholder(tf.float32, [])
        value = tf.exp(x)
        total, other = tf.reduce_sum(value, 1), tf.matmul(value, value, transpose_b=True)
        feed = {sess.graph.get_operations()[1].outputs[0]: 1.0}
        got_total, got_other = sess.run([total, other], feed)
        want = np.exp(_feed((4, 9)).astype(np.float64))
        np.testing.assert_allclose(got_total, want.sum(1), rtol=1e-5)
        np.testing.assert_allclose(got_other, want @ want.T, rtol=1e-4)


def test_variable_written_between_value_and_reduction():
    """The value is of before the write, wherever the reduction stands."""
    with tf.Graph().as_default(), tf.Session() as sess:
        v = tf.Variable(np.arange(6, dtype=np.float32).reshape(2, 3))
        value = tf.identity(v) * 2.0
        with tf.control_dependencies([value]):
            write = v.assign(tf.zeros([2, 3]))
        with tf.control_dependencies([write]):
            total = tf.reduce_sum(value, 1)
        sess.run(tf.global_variables_initializer())
        assert sess.run(total).tolist() == [6.0, 24.0]
        assert sess.run(v).tolist() == [[0.0] * 3] * 2


def test_what_a_reduction_may_join_is_not_joined_with_others():
    """Steps that read the same become one, but a sum in passing saves more."""
    x, feed = tf.placeholder(tf.float32, [40, 50]), _feed((40, 50))
    others = [tf.tanh(x), tf.exp(x * 0.1, name="other")]
    total = tf.reduce_sum(tf.square(x), 1, name="result")
    with tf.Session() as sess:
        sess.run([*others, total], {x: feed})
        assert _is_fused(sess, [*others, total], {x: feed}, "result")
        assert _is_fused(sess, [*others, total], {x: feed}, "other")
