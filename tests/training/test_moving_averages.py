"""Moving averages against TensorFlow's numbers and names."""

import pytest

import graphflow as tf
from tests.training import programs
from tests.training.golden import assert_close, recorded


@pytest.mark.parametrize("case", programs.AVERAGES)
def test_average(case):
    got, expected = programs.average(tf, case), dict(recorded()["average"][case])
    for mine, theirs in zip(got.pop("history"), expected.pop("history")):
        for a, b in zip(mine, theirs):
            assert_close(a, b)
    assert got == expected


def test_dtype():
    with tf.Graph().as_default():
        v = tf.Variable(1)
        with pytest.raises(TypeError, match="must be half, float, or double"):
            tf.train.ExponentialMovingAverage(0.9).apply([v])


def test_average_sees_training_step():
    """An average updated under control of the training step takes in the new value."""
    with tf.Graph().as_default():
        v = tf.Variable(0.0)
        train = tf.assign_add(v, 10.0)
        ema = tf.train.ExponentialMovingAverage(0.5)
        with tf.control_dependencies([train]):
            update = ema.apply([v])
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(update)
            assert session.run(ema.average(v)) == 5.0
