"""Variables that bodies of conditionals and loops read and write: the same in frames, natively and by reference."""

import os
from unittest import mock

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def seeded():
    tf.set_random_seed(1)  # a seeded program waits for its compiled kernels


@pytest.fixture(params=["plan", "reference"])
def executor(request):
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": request.param}):
        yield


def variable(kind, value):
    with tf.variable_scope("scope", use_resource=kind == "resource"):
        return tf.get_variable("v", initializer=tf.constant(value))


def read(v, kind):
    """The value as the body sees it: by `v/read`, made outside, by the reference, or by the handle."""
    return v if kind == "read" else v._ref() if kind == "reference" else v.read_value()


@pytest.mark.parametrize("kind", ["read", "reference", "resource"])
@pytest.mark.parametrize("trace", [False, True])
def test_a_test_sees_what_the_body_wrote(executor, kind, trace):
    v = variable(kind, 0.0)

    def body(i, history):
        with tf.control_dependencies([v.assign_add(1.0)]):
            return i + 1, history.write(i, read(v, kind)) if trace else history

    history = tf.TensorArray(tf.float32, 0, dynamic_size=True) if trace else 0
    count, history = tf.while_loop(lambda i, _: tf.logical_and(i < 20, read(v, kind) < 5.0), body, [0, history])
    init, reset = tf.global_variables_initializer(), v.assign(0.0)
    fetches = [count, history.stack()] if trace else [count]
    with tf.Session() as sess:
        sess.run(init)
        for _ in range(3):
            found = sess.run(fetches)
            assert found[0] == 5 and sess.run(v) == 5.0
            if trace:
                np.testing.assert_array_equal(found[1], [1, 2, 3, 4, 5])
            sess.run(reset)


@pytest.mark.parametrize("kind", ["read", "reference", "resource"])
def test_an_inner_loop_writes_what_the_outer_one_reads(executor, kind):
    v = variable(kind, [0.0, 0.0])

    def inner(j, total):
        with tf.control_dependencies([v.assign_add([1.0, 2.0])]):
            return j + 1, total + tf.reduce_sum(read(v, kind))

    def outer(i, total):
        _, total = tf.while_loop(lambda j, _: j < 3, inner, [0, total])
        with tf.control_dependencies([total]):
            return i + 1, total + tf.reduce_sum(read(v, kind))

    _, total = tf.while_loop(lambda i, _: tf.reduce_sum(read(v, kind)) < 25.0, outer, [0, 0.0])
    init, reset = tf.global_variables_initializer(), v.assign([0.0, 0.0])
    with tf.Session() as sess:
        sess.run(init)
        for _ in range(3):
            assert sess.run(total) == 3.0 * sum(range(1, 10)) + 9.0 + 18.0 + 27.0
            sess.run(reset)


def test_a_branch_that_writes_reads_its_own_write(executor):
    v, p = variable("read", 1.0), tf.placeholder(tf.bool, [])

    def write():
        with tf.control_dependencies([v.assign_add(10.0)]):
            return v * 2.0

    result, untouched = tf.cond(p, write, lambda: v * 3.0), v * 1.0
    init = tf.global_variables_initializer()
    with tf.Session() as sess:
        sess.run(init)
        assert sess.run([result, untouched], {p: False}) == [3.0, 1.0]
        assert sess.run([result, untouched], {p: True}) == [22.0, 1.0]
        assert sess.run([result, v], {p: True}) == [42.0, 21.0]


def test_a_branch_gives_a_variable_another_shape(executor):
    v = tf.Variable(np.ones(1000, np.float32), validate_shape=False, name="v")
    p = tf.placeholder(tf.bool, [])
    before = tf.reduce_sum(v)
    shorter = tf.cond(p, lambda: tf.reduce_sum(tf.assign(v, [1.0, 1.0, 1.0], validate_shape=False)), lambda: 0.0)
    with tf.control_dependencies([shorter]):
        after = v * 2.0
    init = tf.global_variables_initializer()
    with tf.Session() as sess:
        for short in (False, True, False, True):
            sess.run(init)
            found = sess.run([before, shorter, after], {p: short})
            assert found[0] == 1000.0
            np.testing.assert_array_equal(found[2], np.full(3 if short else 1000, 2.0))
