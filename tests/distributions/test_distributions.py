"""`tf.distributions` against what TensorFlow computed, and samples against their moments."""

import json
import pathlib

import numpy as np
import pytest

import graphflow as tf
from tests.distributions import programs

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden/distributions.json").read_text())


@pytest.mark.parametrize("name", programs.DISTRIBUTIONS)
def test_as_in_tensorflow(name):
    found = programs.answers(tf, name)
    assert set(found) == set(GOLDEN[name])
    for key, expected in GOLDEN[name].items():
        if key == "name":
            assert found[key] == expected
        else:
            np.testing.assert_allclose(found[key], expected, rtol=2e-5, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", [n for n in programs.DISTRIBUTIONS if n != "Categorical"])
def test_moments_of_samples(name):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(5)
        made = getattr(tf.distributions, name)(*programs.DISTRIBUTIONS[name][0])
        drawn, mean, stddev = session.run([made.sample(20000, seed=11), made.mean(), made.stddev()])
    np.testing.assert_allclose(drawn.mean(0), np.broadcast_to(mean, drawn.shape[1:]), atol=0.06)
    np.testing.assert_allclose(drawn.std(0), np.broadcast_to(stddev, drawn.shape[1:]), rtol=0.06)


def test_shares_of_classes():
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(5)
        drawn = session.run(tf.distributions.Categorical(probs=[[0.1, 0.6, 0.3], [1.0, 0.0, 0.0]]).sample(20000, 3))
    shares = [np.bincount(column, minlength=3) / 20000 for column in drawn.T]
    np.testing.assert_allclose(shares, [[0.1, 0.6, 0.3], [1.0, 0.0, 0.0]], atol=0.02)


def test_gradients_go_through_samples():
    with tf.Graph().as_default(), tf.Session() as session:
        scale = tf.constant(2.0)
        sample = tf.distributions.Normal(1.0, scale).sample(seed=1)
        value, slope = session.run([sample, tf.gradients(sample, scale)[0]])
    assert slope == pytest.approx((value - 1.0) / 2.0, rel=1e-5)


def test_what_is_not_there():
    with tf.Graph().as_default():
        normal, uniform = tf.distributions.Normal(0.0, 1.0), tf.distributions.Uniform()
        with pytest.raises(NotImplementedError, match="quantile is not implemented: Normal"):
            normal.quantile(0.5)
        with pytest.raises(NotImplementedError, match="distribution_a type Normal and distribution_b type Uniform"):
            normal.kl_divergence(uniform)
        with pytest.raises(ValueError, match="Must pass probs or logits, but not both."):
            tf.distributions.Bernoulli()
        checked = tf.distributions.Normal(0.0, tf.placeholder_with_default(-1.0, []), validate_args=True)
        with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError):
            session.run(checked.stddev())
