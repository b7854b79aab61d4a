"""What loops compute once: the same values as without, nothing where there is no iteration, and in the right order."""

import os
import re
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.compiler import pipeline
from tests.runtime.loop_checks import check, seeded  # noqa: F401  (a fixture)


def fed(*shape, seed=0):
    return tf.placeholder(tf.float32, shape), np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def once(sess, fetches, feed_dict):
    """Op types that the loops behind `fetches` run in the first iteration only."""
    return re.findall(r", once +(\w+)", str(sess.explain(fetches, feed_dict)))


def same_without(fetches, feed_dict):
    """The values of `fetches`, which are the same to the bit without the pass."""
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = [sess.run(fetches, feed_dict) for _ in range(2)]
        kinds = once(sess, fetches, feed_dict)
    passes = [pair for pair in pipeline.SHAPE_PASSES if pair[0].__name__ != "hoist"]
    with mock.patch.object(pipeline, "SHAPE_PASSES", passes), tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for values in found:
            for a, b in zip(values, sess.run(fetches, feed_dict), strict=True):
                assert a.tobytes() == b.tobytes()
    return kinds


def loop(step, *state, trips=6):
    return tf.while_loop(lambda i, *_: i < trips, lambda i, *a: (i + 1, *step(i, *a)), [0, *state])[1:]


def test_products_of_what_is_captured():
    (w, weights), (z, values) = fed(5, 5), fed(3, 5, seed=1)
    y = loop(lambda i, a: (tf.tanh(a + tf.matmul(z, tf.exp(w) * 0.1)),), z)
    feed = {w: weights, z: values}
    assert "MatMul" in same_without(y, feed)
    check([*y, *tf.gradients(y, [w, z])], feed, tolerance=1e-4)
    assert same_without([*y, *tf.gradients(y, [w, z])], feed)


def test_what_is_fetched_recorded_or_handed_on():
    (x, values), (w, weights) = fed(4), fed(4, seed=1)
    y = loop(lambda i, a, b: (a * tf.exp(w), tf.exp(w) * 2.0), x, x)
    feed = {x: values, w: weights}
    check([*y, *tf.gradients(y, [x, w])], feed, tolerance=1e-4)
    assert "Exp" in same_without([*y, *tf.gradients(y, [x, w])], feed)


def test_tests_compute_once():
    (x, values), (w, weights) = fed(4), fed(4, seed=1)
    y = tf.while_loop(lambda a: tf.reduce_max(a) < tf.reduce_sum(tf.exp(w)) + 9.0, lambda a: a + tf.abs(x) + 0.1, [x])
    check([y], {x: values, w: weights})
    assert {"Exp", "Sum"} <= set(same_without([y], {x: values, w: weights}))


def test_no_iteration_computes_nothing():
    x = tf.placeholder(tf.int32, [3])
    n = tf.placeholder(tf.int32, [])
    rows = tf.placeholder(tf.float32, [2])
    _, y = tf.while_loop(lambda i, _: i < n, lambda i, a: (i + 1, a + tf.gather(rows, x)), [0, tf.zeros([3])])
    feed = {x: [0, 1, 9], rows: [1.0, 2.0]}
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(y, {**feed, n: 0}), np.zeros(3))
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[2\] = 9"):
            sess.run(y, {**feed, n: 2})
        feed[x] = [0, 1, 1]
        np.testing.assert_array_equal(sess.run(y, {**feed, n: 3}), [3.0, 6.0, 6.0])
        assert any(kind.startswith("Gather") for kind in once(sess, y, {**feed, n: 3}))


def test_what_an_assertion_guards_stays_behind_it():
    x = tf.placeholder(tf.int32, [3])
    rows = tf.placeholder(tf.float32, [2])

    def step(i, a):
        with tf.control_dependencies([tf.Assert(tf.reduce_all(x < 2), ["too large"])]):
            return (a + tf.gather(rows, tf.identity(x)),)

    y = loop(step, tf.zeros([3]))
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="too large"):
        sess.run(y, {x: [0, 1, 9], rows: [1.0, 2.0]})


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_that_the_loop_writes_vary(use_resource):
    v = tf.get_variable("v", initializer=[0.5, 0.25], use_resource=use_resource)
    u = tf.get_variable("u", initializer=[0.1, 0.2], use_resource=use_resource)
    (x, values), = [fed(2)]

    def step(i, a):
        before = tf.exp(v.read_value() if use_resource else v) + tf.exp(u)
        with tf.control_dependencies([before]), tf.control_dependencies([v.assign_add([0.1, 0.1])]):
            return (a * 0.5 + tf.identity(before),)

    y = loop(step, x)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = sess.run(y, {x: values})[0]
    a = values.astype(np.float64)
    for i in range(6):
        a = a * 0.5 + np.exp([0.5 + 0.1 * i, 0.25 + 0.1 * i]) + np.exp([0.1, 0.2])
    np.testing.assert_allclose(found, a, rtol=1e-5)


def test_random_numbers_are_drawn_anew():
    x, values = fed(1000)
    y = loop(lambda i, a, b: (b, tf.random_uniform([1000]) + x * 0.0), x, x)
    with tf.Session() as sess:
        a, b = sess.run(y, {x: values})
    assert np.abs(a - b).max() > 0.1


def test_loops_that_run_in_python():
    x, values = fed(3, 3)
    y = loop(lambda i, a: (tf.matrix_inverse(x) * 0.1 + tf.cumsum(a) * 0.5 + tf.tanh(x),), x)
    feed = {x: values + 5 * np.eye(3, dtype=np.float32)}
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
        expected = sess.run(y, feed)
    assert "MatrixInverse" in same_without(y, feed)
    with tf.Session() as sess:
        for _ in range(2):
            np.testing.assert_allclose(sess.run(y, feed), expected, rtol=1e-5)


def test_loops_within_loops_start_anew():
    (x, values), (w, weights) = fed(4), fed(4, seed=1)

    def step(i, a):
        return loop(lambda j, b: (b * 0.5 + tf.sin(a) * tf.cos(w),), a, trips=3)

    y = loop(step, x, trips=5)
    feed = {x: values, w: weights}
    a = values.astype(np.float64)
    for _ in range(5):
        b = a
        for _ in range(3):
            b = b * 0.5 + np.sin(a) * np.cos(weights)
        a = b
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(y, feed)[0], a, rtol=1e-5)
    assert same_without([*y, *tf.gradients(y, [x, w])], feed)
