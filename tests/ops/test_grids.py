"""Coordinate grids and repetition."""

import numpy as np
import pytest

import graphflow as tf


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("sizes", [(3,), (2, 3), (2, 3, 4)])
def test_meshgrid(indexing, sizes):
    vectors = [np.arange(n) + 10 * i for i, n in enumerate(sizes)]
    with tf.Graph().as_default(), tf.Session() as session:
        grids = session.run(tf.meshgrid(*vectors, indexing=indexing))
    for actual, expected in zip(grids, np.meshgrid(*vectors, indexing=indexing)):
        np.testing.assert_array_equal(actual, expected)


def test_meshgrid_refuses():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="'xy' or 'ij'"):
            tf.meshgrid([1], indexing="yx")
        with pytest.raises(TypeError, match="invalid keyword"):
            tf.meshgrid([1], sparse=True)


@pytest.mark.parametrize(
    ("data", "repeats", "axis"),
    [
        ([1, 2, 3], [2, 0, 1], 0),
        ([[1, 2], [3, 4]], [1, 2], 0),
        ([[1, 2], [3, 4]], [2, 1], 1),
        ([[1, 2], [3, 4]], 3, -1),
        ([[1, 2], [3, 4]], 2, None),
        (5, 3, None),
    ],
)
def test_repeat(data, repeats, axis):
    with tf.Graph().as_default(), tf.Session() as session:
        result = session.run(tf.repeat(data, repeats, axis=axis))
    np.testing.assert_array_equal(result, np.repeat(data, repeats, axis))


def test_repeat_refuses():
    with tf.Graph().as_default():
        with pytest.raises(TypeError, match="integer tensor"):
            tf.repeat([1], [1.0])
        with pytest.raises(ValueError, match="out of bounds"):
            tf.repeat([1], 2, axis=1)
