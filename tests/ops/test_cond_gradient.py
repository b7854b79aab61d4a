"""Gradients of conditionals. (Random programs: tests/property/test_control_flow.py.)"""

import numpy as np
import pytest

import graphflow as tf


@pytest.fixture
def p():
    return tf.placeholder(tf.bool, [])


def test_unconnected_inputs_have_no_gradient(p):
    x, y, w = tf.constant(1.0), tf.constant(2.0), tf.constant(3.0)
    r = tf.cond(p, lambda: x * 2.0, lambda: y)
    assert tf.gradients(r, w) == [None]
    with tf.Session() as sess:
        assert sess.run(tf.gradients(r, [x, y]), {p: True}) == [2.0, 0.0]


@pytest.mark.parametrize("use_resource", [False, True])
def test_lookups_have_sparse_gradients(use_resource, p):
    table = tf.get_variable("t", initializer=np.arange(10.0).reshape(5, 2), use_resource=use_resource)
    r = tf.cond(p, lambda: tf.reduce_sum(tf.gather(table, [1, 3]) ** 2.0), lambda: tf.constant(1.0, tf.float64))
    g = tf.gradients(r, table)[0]
    assert isinstance(g, tf.IndexedSlices)
    with tf.Session() as sess:
        sess.run(table.initializer)
        value = sess.run(g, {p: True})
        np.testing.assert_array_equal(value.values, [[4.0, 6.0], [12.0, 14.0]])
        np.testing.assert_array_equal(value.indices, [1, 3])
        assert sess.run(g, {p: False}).values.shape == (0, 2)


def test_sparse_in_one_branch_and_dense_in_the_other(p):
    table = tf.get_variable("t", initializer=np.ones((3, 2)))
    r = tf.cond(p, lambda: tf.reduce_sum(tf.gather(table, [1, 1])), lambda: tf.reduce_sum(table * 2.0))
    g = tf.gradients(r, table)[0]
    with tf.Session() as sess:
        sess.run(table.initializer)
        np.testing.assert_array_equal(sess.run(g, {p: True})[:, 0], [0.0, 2.0, 0.0])
        np.testing.assert_array_equal(sess.run(g, {p: False})[:, 0], [2.0, 2.0, 2.0])


def test_switch_case():
    x, n = tf.constant(3.0), tf.placeholder(tf.int32, [])
    r = tf.switch_case(n, [lambda: x, lambda: x * x, lambda: x * x * x])
    first = tf.gradients(r, x)[0]
    second = tf.gradients(first, x)[0]
    with tf.Session() as sess:
        assert [tuple(sess.run([first, second], {n: i})) for i in range(3)] == [(1, 0), (6, 2), (27, 18)]
