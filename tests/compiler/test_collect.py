"""Loop variables that only grow are joined once, to the same values, and nothing else is."""

import os
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.compiler import pipeline


def collected(fetches):
    """Of the loops behind `fetches`, the numbers of the loop variables that are collected."""
    plan = pipeline.lower(fetches, [], [])
    return [sorted(node.need.collected) for node in plan.nodes if node.type in ("While", "WhileGrad")]


def same_everywhere(fetches):
    """The values of `fetches`, the same in both executors, and without the pass."""
    every, found = pipeline.PASSES, []
    without = [pair for pair in every if pair[0].__name__ != "collect_pieces"]
    for executor, passes in (("", every), ("reference", every), ("reference", without), ("", without)):
        with (mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": executor}),
              mock.patch.object(pipeline, "PASSES", passes), tf.Session() as sess):
            sess.run(tf.global_variables_initializer())
            found += [sess.run(fetches) for _ in range(2)]
    for values in found[1:]:
        for a, b in zip(values, found[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)
    return found[0]


@pytest.fixture(autouse=True)
def seeded():
    tf.set_random_seed(1)


@pytest.mark.parametrize("use_resource", [False, True])
def test_sparse_gradients_of_what_a_loop_looks_up(use_resource):
    table = tf.get_variable("table", initializer=np.arange(12, dtype=np.float32).reshape(6, 2),
                            use_resource=use_resource)
    ids = tf.placeholder_with_default(np.array([[0, 1], [5, 1], [2, 2]], np.int32), [3, 2])
    _, h = tf.while_loop(lambda i, _: i < 3, lambda i, h: (i + 1, tf.sin(h) + tf.gather(table, ids[i])),
                         [0, tf.zeros([2, 2])])
    gradient = tf.gradients(h, table)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    assert len(collected([gradient.values, gradient.indices])[1]) == 2
    values, indices = same_everywhere([gradient.values, gradient.indices])
    np.testing.assert_array_equal(indices, [2, 2, 5, 1, 0, 1])     # the last iteration comes first
    np.testing.assert_array_equal(values[:2], np.ones((2, 2)))


def test_pieces_of_any_length():
    x = tf.placeholder_with_default(np.arange(10, dtype=np.float32), [10])
    _, rows, total = tf.while_loop(
        lambda i, *_: i < 4, lambda i, rows, t: (i + 1, tf.concat([rows, x[:i]], 0), t + x[i]), [0, x[:1], 0.0],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape([])])
    assert collected([rows, total]) == [[1]]
    np.testing.assert_array_equal(same_everywhere([rows, total])[0], [0, 0, 0, 1, 0, 1, 2])


def test_no_iteration_leaves_the_initial_value():
    x = tf.placeholder_with_default(np.ones((2, 3), np.float32), [2, 3])
    _, rows = tf.while_loop(lambda i, _: i < 0, lambda i, rows: (i + 1, tf.concat([rows, x], 0)), [0, x],
                            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 3])])
    assert collected([rows]) == [[1]]
    np.testing.assert_array_equal(same_everywhere([rows])[0], np.ones((2, 3)))


INVARIANT = [tf.TensorShape([]), tf.TensorShape([None])]
KEPT = {
    "read by the body": lambda x: tf.while_loop(
        lambda i, _: i < 3, lambda i, r: (i + 1, tf.concat([r, [tf.reduce_sum(r)]], 0)), [0, x], INVARIANT),
    "read by the test": lambda x: tf.while_loop(
        lambda i, r: tf.size(r) < 7, lambda i, r: (i + 1, tf.concat([r, x], 0)), [0, x], INVARIANT),
    "at the front": lambda x: tf.while_loop(
        lambda i, _: i < 3, lambda i, r: (i + 1, tf.concat([tf.fill([1], 7.0), r], 0)), [0, x], INVARIANT),
    "with itself": lambda x: tf.while_loop(
        lambda i, _: i < 3, lambda i, r: (i + 1, tf.concat([r, r], 0)), [0, x], INVARIANT),
}


@pytest.mark.parametrize("make", KEPT.values(), ids=KEPT)
def test_what_is_looked_at_stays(make):
    result = make(tf.placeholder_with_default(np.ones(2, np.float32), [2]))
    assert collected(result) == [[]]
    same_everywhere(result)


def test_gradients_of_what_is_collected():
    x = tf.placeholder_with_default(np.arange(1, 4, dtype=np.float32), [3])
    _, rows = tf.while_loop(lambda i, _: i < 3, lambda i, r: (i + 1, tf.concat([r, tf.sin(x) * x[i]], 0)), [0, x],
                            INVARIANT)
    first = tf.gradients(tf.reduce_sum(rows * rows), x)
    same_everywhere([rows, *first, *tf.gradients(first, x)])


def test_pieces_that_do_not_fit_are_told_of_by_the_op():
    x = tf.placeholder(tf.float32, [None, None])
    y = tf.placeholder(tf.float32, [None, None])
    _, rows = tf.while_loop(lambda i, _: i < 3, lambda i, r: (i + 1, tf.concat([r, y], 0, name="grow")), [0, x],
                            [tf.TensorShape([]), tf.TensorShape(None)])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="grow"):
        sess.run(rows, {x: np.ones((2, 3)), y: np.ones((2, 2))})
