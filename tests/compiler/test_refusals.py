"""Shapes that an op refuses in a run: who fails first, and in whose words."""

import numpy as np
import pytest

import graphflow as tf


def test_assertions_before_a_node_fail_first():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        with tf.control_dependencies([tf.Assert(tf.equal(tf.rank(x), 2), ["x must be a matrix"])]):
            y = tf.constant([[1.0], [2.0]]) * x + 1.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="x must be a matrix") as caught:
            session.run(y, {x: np.zeros([2, 3, 4])})
        assert caught.value.op.type == "Assert"
        with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes") as caught:
            session.run(y, {x: np.zeros([3, 4])})
        assert caught.value.op.type == "Mul"
        np.testing.assert_array_equal(session.run(y, {x: np.ones([2, 1])}), [[2], [3]])


def test_what_is_refused_by_sizes_and_positions_is_told_by_the_kernel():
    with tf.Graph().as_default(), tf.Session() as session:
        shift = tf.placeholder(tf.int32)
        rolled = tf.roll(tf.zeros([2, 2]), shift, [0, 1])
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="shift and axis must have the same size"):
                session.run(rolled, {shift: [1]})


def test_without_assertions_nothing_runs_before_a_refusal():
    with tf.Graph().as_default(), tf.Session() as session:
        count = tf.Variable(0)
        session.run(count.initializer)
        x = tf.placeholder(tf.float32)
        with tf.control_dependencies([tf.assign_add(count, 1)]):
            y = tf.zeros([2, 3]) + x
        with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"):
            session.run(y, {x: np.zeros([4])})
        assert session.run(count) == 0


@pytest.mark.parametrize("take", [
    lambda x, at: x[at],
    lambda x, at: tf.slice(x, [at, 0], [1, 2]),
    lambda x, at: tf.pad(x, [[at, -at], [0, 0]]),
    lambda x, at: tf.while_loop(lambda i, _: i <= at, lambda i, y: (i + 1, y + x[i]), [0, x[0] * 0.0])[1],
])
def test_positions_are_checked_where_all_of_a_tensor_is_as_large_as_what_is_taken(take):
    x, at = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int32, [])
    taken = take(x, at) * 2.0
    with tf.Session() as session:
        for _ in range(2):
            np.testing.assert_array_equal(np.ravel(session.run(taken, {x: [[1, 3]], at: 0})), [2, 6])
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(taken, {x: [[1, 3]], at: 1})
