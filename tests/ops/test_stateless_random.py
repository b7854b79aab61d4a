"""Numbers by their seeds: those that TensorFlow drew."""

from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops import stateless_programs

GOLDEN = Path(__file__).parent.parent / "golden" / "stateless_random.npz"


def test_numbers_are_tensorflows():
    results, recorded = stateless_programs.results(tf), np.load(GOLDEN)
    assert sorted(results) == sorted(recorded.files)
    for name, value in results.items():
        assert value.dtype == recorded[name].dtype, name
        np.testing.assert_allclose(value, recorded[name], rtol=1e-6, atol=1e-7, err_msg=name)


def test_the_seed_may_be_a_tensor():
    seed = tf.placeholder(tf.int32, [2])
    drawn = tf.random.stateless_uniform([2, 3], seed)
    assert drawn.shape.as_list() == [2, 3]
    with tf.Session() as session:
        first, second, third = (session.run(drawn, {seed: given}) for given in ([1, 2], [1, 2], [2, 1]))
    assert (first == second).all() and (first != third).any()


def test_errors():
    with pytest.raises(ValueError, match="Must specify maxval"):
        tf.random.stateless_uniform([2], [1, 2], dtype=tf.int32)
    with pytest.raises(ValueError, match="Invalid dtype"):
        tf.random.stateless_uniform([2], [1, 2], dtype=tf.string)
    with pytest.raises(ValueError, match="3 and 2"):
        tf.random.stateless_normal([2], [1, 2, 3])
    with tf.Session() as session:
        for op, message in ((tf.random.stateless_uniform([2], [1, 2], 3, 3, tf.int32), "Need minval < maxval"),
                            (tf.random.stateless_normal([-1], [1, 2]), "must be >= 0"),
                            (tf.random.stateless_normal([2], tf.placeholder_with_default([1], None)), "shape.* 2")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(op)


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
    with pytest.raises(ValueError, match="3 and 2"):
        raw_ops.StatelessMultinomial(np.zeros([1, 2], np.float32), 1, seed=[1, 2, 3])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="num_classes should be positive"):
        sess.run(raw_ops.StatelessMultinomial(np.zeros([1, 0], np.float32), 1, seed=[1, 2]))
