"""Dropout: which elements are dropped, scaling, noise shapes, errors."""

import numpy as np
import pytest

import graphflow as tf


def _run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


def test_drops_where_the_uniform_draw_is_below_the_rate():
    results = []
    for build in (lambda x: tf.nn.dropout(x, rate=0.25, seed=7), lambda x: tf.random_uniform([100], seed=7)):
        with tf.Graph().as_default():
            tf.set_random_seed(3)
            results.append(_run(build(tf.constant(np.arange(1.0, 101.0, dtype=np.float32)))))
    dropped, draw = results
    np.testing.assert_allclose(dropped, np.where(draw >= 0.25, np.arange(1, 101) / 0.75, 0), rtol=1e-6)


def test_keep_prob_is_one_minus_rate():
    with tf.Graph().as_default():
        assert _run(tf.nn.dropout(tf.ones([1000]), 0.9, seed=1)).astype(bool).mean() > 0.8


def test_ops_are_those_of_tensorflow():
    with tf.Graph().as_default() as graph:
        tf.nn.dropout(tf.placeholder(tf.float32, [2, 3], name="x"), rate=0.5)
        assert [op.name.removeprefix("dropout/") for op in graph.get_operations()[1:]] == [
            "rate", "Shape", "random_uniform/min", "random_uniform/max", "random_uniform/RandomUniform",
            "random_uniform/sub", "random_uniform/mul", "random_uniform", "sub/x", "sub", "truediv/x", "truediv",
            "GreaterEqual", "mul", "Cast", "mul_1"]


def test_noise_shape_shares_draws():
    y = _run(tf.nn.dropout(tf.ones([50, 4]), rate=0.5, noise_shape=[None, 1], seed=2))
    assert ((y == 0).all(1) | (y == 2).all(1)).all()
    assert 0 < (y == 0).mean() < 1


def test_nothing_to_drop():
    x = tf.ones([3])
    assert tf.nn.dropout(x, rate=0) is x
    assert tf.nn.dropout(x, keep_prob=1.0) is x


def test_errors():
    x = tf.ones([3])
    with pytest.raises(ValueError, match="You must provide a rate to dropout"):
        tf.nn.dropout(x)
    with pytest.raises(ValueError, match=r"in the range \[0, 1\), got 1.5"):
        tf.nn.dropout(x, rate=1.5)
    for wrong in ("1.5", "0", "-1"):
        with pytest.raises(ValueError, match=rf"keep_prob must be .* in the range \(0, 1\], got {wrong}"):
            tf.nn.dropout(x, keep_prob=float(wrong))
    with pytest.raises(ValueError, match="x has to be a floating point tensor"):
        tf.nn.dropout(tf.constant([1]), rate=0.5)
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.nn.dropout(x, 0.5, rate=0.5)
    with pytest.raises(ValueError, match="keep_prob must be a floating point number or Tensor"):
        tf.nn.dropout(x, "half")
