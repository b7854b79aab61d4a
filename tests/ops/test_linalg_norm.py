"""Norms, ranks, pseudoinverses: compared with NumPy."""

import numpy as np
import pytest

import graphflow as tf

X = np.random.default_rng(0).normal(size=(2, 3, 4))


@pytest.mark.parametrize("order", ["euclidean", 1, 2, 3, np.inf])
@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("keepdims", [True, False])
def test_of_vectors(order, axis, keepdims):
    name = 2 if order == "euclidean" else order
    expected = np.linalg.norm(X.ravel() if axis is None else X, name, axis)
    if keepdims:
        expected = np.reshape(expected, [1 if axis is None or i == axis % 3 else n for i, n in enumerate(X.shape)])
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(tf.norm(X, order, axis, keepdims)), expected)


@pytest.mark.parametrize("order", ["euclidean", "fro", 1, 2, np.inf])
@pytest.mark.parametrize("axis", [(0, 1), (-1, 0)])
def test_of_matrices(order, axis):
    expected = np.linalg.norm(X, "fro" if order == "euclidean" else order, axis)
    with tf.Session() as session:
        result = session.run(tf.norm(X, order, axis))
        np.testing.assert_allclose(result, expected)
        assert session.run(tf.norm(X, order, axis, keepdims=True)).ndim == 3


@pytest.mark.parametrize("axis", [(0, 1), (-1, 0), (2, 0)])
def test_spectral_norms_of_unknown_rank(axis):
    x = tf.placeholder(tf.float64)
    with tf.Session() as session:
        for keepdims in (True, False):
            result = session.run(tf.norm(x, 2, axis, keepdims), {x: X})
            np.testing.assert_allclose(result, np.linalg.norm(X, 2, axis, keepdims))


def test_arguments():
    for kwargs, message in (({"axis": [0, 0]}, "2 unique integers"), ({"ord": "fro"}, "supported vector norm"),
                            ({"ord": 3, "axis": [0, 1]}, "supported matrix norm"), ({"axis": "x"}, "must be None")):
        with pytest.raises(ValueError, match=message):
            tf.norm(X, **kwargs)


def test_ranks_and_pseudoinverses():
    low = np.outer([1.0, 2, 3], [1.0, 0])
    with tf.Session() as session:
        assert session.run(tf.linalg.matrix_rank(np.stack([low, X[0, :, :2]]))).tolist() == [1, 2]
        np.testing.assert_allclose(session.run(tf.linalg.pinv(low)), np.linalg.pinv(low), atol=1e-12)
        np.testing.assert_allclose(session.run(tf.linalg.adjoint([[1j, 2]])), [[-1j], [2]])
        unit, size = session.run(tf.linalg.normalize(X, axis=-1))
        np.testing.assert_allclose(unit * size, X)
