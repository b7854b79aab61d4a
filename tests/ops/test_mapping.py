"""`tf.map_fn`, `tf.foldl`, `tf.foldr`, `tf.scan`: values against Python's own loops, structures, refusals."""

import collections
import functools
import itertools

import numpy as np
import pytest

import graphflow as tf

Pair = collections.namedtuple("Pair", "a b")
X = np.arange(1, 7, dtype=np.float32).reshape(3, 2)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def run(fetches, feed=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feed)


@pytest.mark.parametrize("shape", [[3, 2], [None, 2], None])
def test_map(shape):
    x = tf.placeholder(tf.float32, shape)
    y = tf.map_fn(lambda row: row * row + 1.0, x)
    assert y.op.name == "map/TensorArrayStack/TensorArrayGatherV3"
    if shape:
        assert y.shape.as_list() == shape
    np.testing.assert_array_equal(run(y, {x: X}), X * X + 1)


def test_map_of_structures():
    elems = {"x": tf.constant(X), "n": (tf.constant([1, 2, 3]),)}
    found = run(tf.map_fn(lambda e: Pair(e["n"][0] + 1, [e["x"][0], tf.reduce_sum(e["x"]) > 5]), elems,
                          dtype=Pair(tf.int32, [tf.float32, tf.bool])))
    np.testing.assert_array_equal(found.a, [2, 3, 4])
    np.testing.assert_array_equal(found.b[0], X[:, 0])
    assert found.b[1].tolist() == [False, True, True]
    with pytest.raises((ValueError, TypeError), match="same nested structure"):
        tf.map_fn(lambda e: [e], tf.constant(X))


def test_map_options():
    made = []

    def fn(row):
        made.append(tf.get_variable("w", [2], initializer=tf.ones_initializer()))
        return row * made[0]

    y = tf.map_fn(fn, tf.constant(X), parallel_iterations=1, back_prop=False, swap_memory=True, infer_shape=False,
                  name="rows")
    assert y.op.name.startswith("rows/") and tf.get_variable_scope().caching_device is None
    np.testing.assert_array_equal(run(y), X)
    empty = tf.placeholder(tf.float32, [None, 2])
    assert run(tf.map_fn(lambda row: row + 1, empty), {empty: np.zeros((0, 2))}).shape == (0, 2)


def test_nested_maps():
    y = tf.map_fn(lambda row: tf.map_fn(lambda value: value * row[0], row), tf.constant(X))
    np.testing.assert_array_equal(run(y), X * X[:, :1])


def function(a, x):
    return 2 * a + x


@pytest.mark.parametrize("values", [[1, 2, 3, 4], [5]])
def test_folds_and_scan(values):
    x = tf.constant(values)
    found = run([tf.foldl(function, x), tf.foldl(function, x, 10), tf.foldr(function, x), tf.foldr(function, x, 10),
                 tf.scan(function, x), tf.scan(function, x, 10), tf.scan(function, x, reverse=True)])
    backwards = values[::-1]
    accumulate = lambda v, **start: list(itertools.accumulate(v, function, **start))  # noqa: E731
    expected = [functools.reduce(function, values), functools.reduce(function, values, 10),
                functools.reduce(function, backwards), functools.reduce(function, backwards, 10), accumulate(values),
                accumulate(values, initial=10)[1:], accumulate(backwards)[::-1]]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_folds_and_scan_of_structures():
    elems = (tf.constant([1.0, 2.0, 3.0]), tf.constant([10, 20, 30]))
    folded = tf.foldl(lambda a, e: (a[0] + e[0], a[1] * 2 + e[1]), elems)
    scanned = tf.scan(lambda a, e: {"sum": a["sum"] + e[0], "all": tf.maximum(a["all"], e[1])}, elems,
                      initializer={"sum": tf.constant(0.0), "all": tf.constant(15)})
    assert scanned["sum"].shape.as_list() == [3]
    folded, scanned = run([folded, scanned])
    assert folded == (6.0, 110)
    assert scanned["sum"].tolist() == [1, 3, 6] and scanned["all"].tolist() == [15, 20, 30]


@pytest.mark.parametrize(("error", "message", "build"), [
    (TypeError, "fn must be callable", lambda: tf.map_fn(3, [1])),
    (TypeError, "fn must be callable", lambda: tf.foldl(3, [1])),
    (TypeError, "fn must be callable", lambda: tf.foldr(3, [1])),
    (TypeError, "fn must be callable", lambda: tf.scan(3, [1])),
    (ValueError, "elems must be a 1\\+ dimensional Tensor, not a scalar", lambda: tf.map_fn(abs, tf.constant(1))),
    (TypeError, "map on the values of a sparse tensor",
     lambda: tf.map_fn(abs, tf.SparseTensor([[0]], [1], [1]))),
])
def test_refusals(error, message, build):
    with pytest.raises(error, match=message):
        build()
