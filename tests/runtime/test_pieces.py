"""Sparse gradients of lookups in branches of native loops: as many rows as the branches that ran make, none added."""

import os
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import native_loop
from tests.runtime.loop_checks import are_native, check, seeded  # noqa: F401  (a fixture)
from tests.runtime.test_native_branches import looped, placeholder


def table(*shape):
    return placeholder(np.random.RandomState(0).randn(*shape))


def rows_of(gradient):
    assert isinstance(gradient, tf.IndexedSlices)
    return [gradient.values, gradient.indices]


def compared(fetches, feeds=({},)):
    """Values and shapes of all runs are the reference executor's, and all loops native; the values."""
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        expected = [sess.run(fetches, feed) for feed in feeds]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = [sess.run(fetches, feed) for feed in (*feeds, *feeds)]
        assert are_native(sess) and all(are_native(sess))
    for one, other in zip(found, [*expected, *expected], strict=True):
        for a, b in zip(one, other, strict=True):
            assert np.shape(a) == np.shape(b)
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    return found


def test_rows_of_the_branches_that_ran():
    """A loop that looks up what it found before, as long as the number of the iteration is below `limit`."""
    words = tf.get_variable("words", initializer=np.random.RandomState(0).randn(6, 3).astype(np.float32))
    trips, limit, start = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, []), tf.zeros([2, 3])

    def body(i, state, ids):
        given = tf.cond(i < limit, lambda: tf.nn.embedding_lookup(words, ids), lambda: start)
        state = tf.tanh(state * 0.5 + given)
        return state, tf.cast(tf.argmax(tf.matmul(state, words, transpose_b=True), 1), tf.int32)

    y = looped(body, start + 0.1, tf.constant([1, 2]), trips=trips)[0]
    counts = [(7, 3), (7, 7), (7, 0), (0, 3), (1, 1), (70, 50), (70, 70), (5, 9)]
    found = compared(rows_of(tf.gradients(y, words)[0]), [{trips: t, limit: n} for t, n in counts])
    for (t, n), (values, indices) in zip(counts * 2, found, strict=True):
        assert len(values) == len(indices) == 2 * min(t, n)


def test_branches_that_make_other_numbers_of_rows():
    words = table(6, 3)
    branches = [lambda: tf.reduce_sum(tf.gather(words, [1, 2, 1]), 0), lambda: tf.gather(words, 4),
                lambda: tf.zeros([3]), lambda: tf.gather(words, [0, 5])[1]]
    y = looped(lambda i, s: (tf.sin(s + tf.switch_case(i % 5, branches)),), tf.zeros([3]), trips=9)
    (first, indices), _ = compared(rows_of(tf.gradients(y, words)[0]))
    # Backwards: iteration 8 takes branch 3, 7 branch 2 and so on; out of range means the last.
    assert indices.tolist() == [0, 5, 4, 1, 2, 1, 0, 5, 0, 5, 4, 1, 2, 1]
    assert first.shape == (14, 3)


def test_conditionals_within_conditionals():
    words, flag = table(6, 3), tf.placeholder(tf.bool, [])

    def inner(i):
        return tf.cond(flag, lambda: tf.gather(words, [i, i + 1])[1], lambda: tf.gather(words, [i])[0])

    y = looped(lambda i, s: (tf.tanh(s + tf.cond(i > 1, lambda: inner(i), lambda: s)),), tf.zeros([3]), trips=5)
    found = compared([*y, *rows_of(tf.gradients(y, words)[0])], [{flag: value} for value in (True, False)])
    assert [len(indices) for _, _, indices in found] == [6, 3] * 2


def test_cases():
    """They are conditionals within conditionals."""
    words = table(6, 3)

    def step(i, s):
        given = tf.case([(tf.equal(i % 4, 0), lambda: tf.gather(words, i)),
                         (tf.equal(i % 4, 1), lambda: tf.gather(words, [i, 0])[1] * s),
                         (tf.equal(i % 4, 2), lambda: s)], default=lambda: tf.zeros([3]))
        return (tf.tanh(s + given),)

    y = looped(step, tf.ones([3]), trips=6)
    (*_, indices), _ = compared([*y, *rows_of(tf.gradients(y, words)[0])])
    assert indices.tolist() == [5, 0, 4, 1, 0, 0]


def test_pieces_that_others_read_too():
    """One table is looked up twice in an iteration: Python joins the rows of both."""
    words = table(6, 3)
    y = looped(lambda i, s: (tf.tanh(s + tf.gather(words, i) * tf.cond(
        i > 2, lambda: tf.gather(words, [i - 1, 0])[0], lambda: s)),), tf.ones([3]), trips=6)
    check([*y, *rows_of(tf.gradients(y, words)[0])], native=[True, False])


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_other_pieces_that_loops_collect(dtype):
    """What a loop appends to, in one of its branches."""
    trips, x = tf.placeholder(tf.int32, []), placeholder(np.arange(4), dtype)

    def body(i, seen):
        more = tf.cond(tf.equal(i % 3, 1), lambda: x + tf.cast(i, dtype), lambda: tf.cast(tf.reshape(i, [1]), dtype))
        return i + 1, tf.concat([seen, more], 0)

    seen = tf.while_loop(lambda i, _: i < trips, body, [0, x[:0]],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])[1]
    found = compared([seen], [{trips: count} for count in (0, 1, 2, 40, 4)])
    assert [len(values) for values, in found] == [0, 1, 5, 79, 7] * 2


@pytest.mark.parametrize("python", [False, True])
def test_sparse_optimizers_see_no_other_rows(python):
    """An optimizer that moves on what it sees of a row leaves the others alone."""
    start, asked = np.random.RandomState(0).randn(6, 3).astype(np.float32), native_loop.can_run
    words, zeros = tf.get_variable("words", initializer=start), tf.zeros([3])
    y = looped(lambda i, s: (tf.tanh(s + tf.cond(i > 3, lambda: tf.nn.embedding_lookup(words, i), lambda: zeros)),),
               zeros + 0.5, trips=6)
    train = tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(y))
    results = []
    for reference in (True, False):
        with mock.patch.object(native_loop, "can_run", lambda *args: not python and asked(*args)), \
                mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"} if reference else {}), \
                tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(4):
                sess.run(train)
            results.append(sess.run(words))
    np.testing.assert_allclose(*results, rtol=1e-5)
    np.testing.assert_array_equal(results[1][:4], start[:4])
    assert (results[1][4:] != start[4:]).all()


def test_errors_in_a_branch_that_makes_a_piece():
    words, at = table(6, 3), tf.placeholder(tf.int32, [])
    y = looped(lambda i, s: (tf.tanh(s + tf.cond(i > 1, lambda: tf.gather(words, at + i, name="lookup"), lambda: s)),),
               tf.zeros([3]), trips=4)
    slices = rows_of(tf.gradients(y, words)[0])
    with tf.Session() as sess:
        for wrong in (3, 30):
            sess.run(slices, {at: 0})
            message = f"indices = {max(6, wrong + 2)} is not in .*lookup"
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                sess.run(slices, {at: wrong})
