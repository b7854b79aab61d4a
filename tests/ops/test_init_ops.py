"""Initializers: TensorFlow's numbers, configurations, slices."""

import pathlib

import numpy as np
import pytest

import graphflow as tf

GOLDEN = np.load(pathlib.Path(__file__).parents[1] / "golden" / "initializers.npz", allow_pickle=False)
SEEDED = {
    "random_uniform": {"minval": -1, "maxval": 2, "seed": 3}, "random_normal": {"mean": 1.0, "stddev": 2.0, "seed": 3},
    "truncated_normal": {"stddev": 0.5, "seed": 3}, "uniform_unit_scaling": {"factor": 1.43, "seed": 1},
    "variance_scaling": {"scale": 2.0, "mode": "fan_avg", "distribution": "untruncated_normal", "seed": 5},
    "glorot_uniform": {"seed": 2}, "glorot_normal": {"seed": 2}, "he_normal": {"seed": 9}, "he_uniform": {"seed": 9},
    "lecun_normal": {"seed": 9}, "lecun_uniform": {"seed": 9}, "orthogonal": {"gain": 1.5, "seed": 4},
}


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def value_of(tensor):
    with tf.Session() as session:
        return session.run(tensor)


@pytest.mark.parametrize("key", GOLDEN.files)
def test_tensorflows_numbers(key):
    name, _, shape = key.partition("/")
    initializer = getattr(tf.initializers, name)(**SEEDED[name])
    got = value_of(initializer([int(d) for d in shape.split("x")]))
    # QR goes through another library; all else is the same arithmetic up to the last bit.
    np.testing.assert_allclose(got, GOLDEN[key], rtol=1e-6, atol=2e-6 if name == "orthogonal" else 1e-7)


@pytest.mark.parametrize("name", [n for n in SEEDED if not n.startswith(("he_", "lecun_"))])
def test_config_round_trip(name):
    made = getattr(tf.initializers, name)(**SEEDED[name])
    again = type(made).from_config(made.get_config())
    assert again.get_config() == made.get_config()
    assert made.get_config()["dtype"] == "float32"


def test_plain_values():
    assert value_of(tf.zeros_initializer()([2])).tolist() == [0, 0]
    assert value_of(tf.ones_initializer()([2], tf.int32)).tolist() == [1, 1]
    assert value_of(tf.constant_initializer([1, 2, 3])([2, 2])).tolist() == [[1, 2], [3, 3]]
    assert value_of(tf.initializers.identity(2.0)([2, 3])).tolist() == [[2, 0, 0], [0, 2, 0]]


def test_constant_checks_its_value():
    with pytest.raises(TypeError, match="Invalid type for initial value"):
        tf.constant_initializer(object())
    with pytest.raises(TypeError, match="shape"):
        tf.constant_initializer([1, 2, 3], verify_shape=True)([2, 2])


def test_orthogonal_is_orthogonal():
    matrix = value_of(tf.orthogonal_initializer(dtype=tf.float64)([6, 3]))
    np.testing.assert_allclose(matrix.T @ matrix, np.eye(3), atol=1e-12)
    with pytest.raises(ValueError, match="at least two-dimensional"):
        tf.orthogonal_initializer()([3])


@pytest.mark.parametrize(
    "arguments", [{"scale": 0.0}, {"mode": "fan"}, {"distribution": "cauchy"}, {"dtype": tf.int32}])
def test_variance_scaling_arguments(arguments):
    with pytest.raises(ValueError):
        tf.variance_scaling_initializer(**arguments)


def test_slices_know_the_whole():
    """Limits of scaling initializers come from the whole variable, not from its slice."""
    parts = tf.get_variable("p", [400, 4], initializer=tf.glorot_uniform_initializer(),
                            partitioner=tf.fixed_size_partitioner(100))
    whole_limit = np.sqrt(6 / 404)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = session.run(list(parts))
    assert max(np.abs(v).max() for v in values) <= whole_limit


def test_identity_of_a_slice():
    parts = tf.get_variable("p", [4, 4], initializer=tf.initializers.identity(),
                            partitioner=tf.fixed_size_partitioner(2))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(tf.identity(parts)), np.eye(4))


def test_contrib_xavier():
    initializer = tf.contrib.layers.xavier_initializer(seed=1)
    assert np.abs(value_of(initializer([20, 4]))).max() <= np.sqrt(6 / 24)
    with pytest.raises(TypeError, match="non-floating"):
        tf.contrib.layers.xavier_initializer(dtype=tf.int32)
