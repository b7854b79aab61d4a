"""Learning rate schedules against TensorFlow's numbers, names and nodes."""

import pytest

import graphflow as tf
from tests.training import programs
from tests.training.golden import assert_close, assert_same_ops, recorded

# 1.15 gives Minimum the number of steps as it came, 2.x the tensor.
OTHER_NODES = {"polynomial", "polynomial_power"}


@pytest.mark.parametrize("name", programs.DECAYS)
def test_decay(name):
    got, expected = programs.decay(tf, name), recorded()["decay"][name]
    assert_close(got["values"], expected["values"])
    if name not in programs.BRANCHING:
        assert got["name"] == expected["name"]
    if name not in programs.BRANCHING | OTHER_NODES:
        assert_same_ops(got["ops"], expected["ops"])


def test_noise():
    with tf.Graph().as_default():
        step = tf.constant(3)
        noisy = tf.train.noisy_linear_cosine_decay(0.1, step, 20)
        plain = tf.train.linear_cosine_decay(0.1, step, 20)
        with tf.Session() as session:
            draws = {float(session.run(noisy)) for _ in range(5)}
            assert len(draws) == 5
            assert float(session.run(plain)) not in draws


def test_errors():
    with tf.Graph().as_default():
        step = tf.constant(3)
        with pytest.raises(ValueError, match="must have the same dtype as x"):
            tf.train.piecewise_constant(step, [1.0], [0.1, 0.2])
        with pytest.raises(ValueError, match="all with the same dtype"):
            tf.train.piecewise_constant(step, [1], [0.1, 2])
        with pytest.raises(ValueError, match="1 less than the length of values"):
            tf.train.piecewise_constant(step, [1], [0.1])
        for schedule in (tf.train.exponential_decay, tf.train.natural_exp_decay,
                         tf.train.inverse_time_decay):
            with pytest.raises(ValueError, match="global_step is required"):
                schedule(0.1, None, 10, 0.5)
        for schedule in (tf.train.polynomial_decay, tf.train.cosine_decay,
                         tf.train.cosine_decay_restarts, tf.train.linear_cosine_decay):
            with pytest.raises(ValueError, match="global_step is required"):
                schedule(0.1, None, 10)
