"""Python functions in the graph: values, dtypes, failures, lifetimes."""

import gc

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import py_functions


def _run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


def test_values_in_and_out():
    seen = []

    def function(x, scalar, text):
        seen.extend((type(x), type(scalar), text))
        x += 1  # a copy: this must not change the constant
        return x, [["a", "bc"]]

    x = tf.constant([1.0, 2.0])
    out, text = tf.py_func(function, [x, tf.constant(3), tf.constant("t")], [tf.float32, tf.string])
    assert out.shape.ndims is None
    with tf.Session() as sess:
        results = sess.run([out, text, x])
    np.testing.assert_array_equal(results[0], [2, 3])
    assert results[1].tolist() == [[b"a", b"bc"]]
    np.testing.assert_array_equal(results[2], [1, 2])
    assert seen == [np.ndarray, np.int32, b"t"]


def test_no_results():
    calls = []
    _run(tf.py_func(lambda: calls.append(1), [], []))
    assert calls == [1]


@pytest.mark.parametrize(("result", "dtype", "message"), [
    (np.float64(1), tf.float32, "0-th value returned by pyfunc_[0-9]+ is double, but expects float"),
    ((1, 2), tf.int64, "pyfunc_[0-9]+ returns 2 values, but expects to see 1 values"),
    (None, tf.float32, "pyfunc_[0-9]+ returns 0 values, but expects to see 1 values"),
])
def test_results_are_checked(result, dtype, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        _run(tf.py_func(lambda: result, [], dtype))


@pytest.mark.parametrize(("raised", "mapped"), [
    (ValueError, tf.errors.InvalidArgumentError), (TypeError, tf.errors.InvalidArgumentError),
    (StopIteration, tf.errors.OutOfRangeError), (MemoryError, tf.errors.ResourceExhaustedError),
    (NotImplementedError, tf.errors.UnimplementedError), (KeyError, tf.errors.UnknownError),
])
def test_failures_are_mapped_and_chained(raised, mapped):
    def function():
        raise raised("why")

    with pytest.raises(mapped, match=f"{raised.__name__}: '?why") as caught:
        _run(tf.py_func(function, [], tf.float32))
    assert isinstance(caught.value.__cause__, raised)
    assert caught.value.__cause__.__traceback__ is not None


def test_functions_live_as_long_as_their_graph():
    graph = tf.Graph()
    with graph.as_default():
        token = tf.py_func(lambda: 1.0, [], tf.float64).op.get_attr("token").decode()
    assert py_functions.find(token)() == 1.0
    del graph
    gc.collect()
    with pytest.raises(ValueError, match="is not found"):
        py_functions.find(token)


def test_kinds_of_ops():
    assert tf.py_func(lambda: 1, [], tf.int64, stateful=False).op.type == "PyFuncStateless"
    assert tf.numpy_function(lambda: 1, [], tf.int64).op.type == "PyFunc"
    with pytest.raises(ValueError, match="Expected func to be callable"):
        tf.py_func(3, [], tf.int64)
    with pytest.raises(tf.errors.UnimplementedError, match="no eager execution"):
        tf.py_function(lambda: 1, [], tf.int64)
