"""Loops that draw random numbers run natively, with the numbers of the reference executor."""

import numpy as np

import graphflow as tf
from tests.runtime.loop_checks import check, seeded  # noqa: F401 - a fixture


def test_classes():
    logits = tf.constant(np.random.default_rng(0).normal(size=(9, 9)), tf.float32)

    def step(i, last, drawn):
        new = tf.reshape(tf.multinomial(tf.gather(logits, last), 1, output_dtype=tf.int32), [4])
        return i + 1, new, tf.concat([drawn[1:], new[tf.newaxis]], 0)

    found = check(tf.while_loop(lambda i, *_: i < 20, step, [0, tf.zeros([4], tf.int32), tf.zeros([20, 4], tf.int32)]))
    assert (found[0][2] != found[1][2]).any()


def test_orders():
    first = tf.range(10), tf.constant(np.arange(12.0).reshape(6, 2))
    found = check(tf.while_loop(lambda i, *_: i < 9, lambda i, *rows: (i + 1, *map(tf.random_shuffle, rows)),
                                [0, *first]))
    for order, rows in ((run[1], run[2]) for run in found):
        assert sorted(order) == list(range(10)) and sorted(rows[:, 0]) == [0, 2, 4, 6, 8, 10]
    assert (found[0][1] != found[1][1]).any()


def test_gammas_and_counts():
    def step(i, total, counts):
        drawn = tf.random_gamma([2], total / 10.0 + 0.5)
        return i + 1, total + drawn[0], counts + tf.random.poisson(drawn[1] * 5.0, [])

    found = check(tf.while_loop(lambda i, *_: i < 12, step, [0, tf.zeros([3]), tf.zeros([3])]))
    assert (found[0][2] != found[1][2]).any()
