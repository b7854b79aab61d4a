"""Stateless random ops: numbers that depend on the seed alone."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops


def _draw(seed, logits, count=8):
    with tf.Session() as sess:
        return sess.run(raw_ops.StatelessMultinomial(logits, count, seed=seed)).tolist()


# Recorded from TensorFlow 2.21: raw_ops.StatelessMultinomial(logits, num_samples, seed).
RECORDED = [
    ([1, 2], [2, 2, 0, 2, 2, 2, 2, 1]), ([0, 0], [2, 1, 0, 1, 2, 0, 2, 2]),
    ([-5, 2**40], [2, 0, 2, 2, 1, 2, 2, 2]), ([7, 123456789], [0, 1, 2, 0, 2, 2, 1, 0]),
]


@pytest.mark.parametrize(("seed", "expected"), RECORDED)
def test_as_in_tensorflow(seed, expected):
    assert _draw(seed, [[0.1, 0.5, 1.0]]) == [expected]


def test_the_same_in_every_run():
    draw = raw_ops.StatelessMultinomial(np.zeros([2, 4], np.float32), 5, seed=[1, 2])
    assert draw.shape.as_list() == [2, 5]
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(draw), sess.run(draw))


def test_refusals():
    with pytest.raises(ValueError, match="seed must have shape"):
        raw_ops.StatelessMultinomial(np.zeros([1, 2], np.float32), 1, seed=[1, 2, 3])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="num_classes should be positive"):
        sess.run(raw_ops.StatelessMultinomial(np.zeros([1, 0], np.float32), 1, seed=[1, 2]))
