"""Inverses, determinants, linear equations, functions of matrices."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

FLOATS = "float32 float64 complex64 complex128"
# Well conditioned, not symmetric.
MATRIX = np.random.default_rng(3).normal(size=(2, 3, 3)) + 3 * np.eye(3)


def adjoint(a):
    return np.conj(np.swapaxes(a, -1, -2))


def _lstsq(a, b, shift):
    if a.shape[-2] >= a.shape[-1]:
        return np.linalg.solve(adjoint(a) @ a + shift * np.eye(a.shape[-1]), adjoint(a) @ b)
    return adjoint(a) @ np.linalg.solve(a @ adjoint(a) + shift * np.eye(a.shape[-2]), b)


def _by_eigenvalues(function):
    """The matrix function that applies `function` to eigenvalues."""
    def apply(a):
        values, vectors = np.linalg.eig(a.astype(np.complex128))
        result = (vectors * function(values)[..., None, :]) @ np.linalg.inv(vectors)
        return result if np.iscomplexobj(a) else result.real

    return apply


expm = _by_eigenvalues(np.exp)
matrix = fixed(MATRIX)
SAMPLES = [
    Sample("MatrixInverse", [matrix], np.linalg.inv, dtypes=FLOATS, grad=(0,), second=True, tol=1e-4),
    Sample("MatrixInverse", [matrix], lambda a: adjoint(np.linalg.inv(a)), attrs={"adjoint": True}, dtypes=FLOATS,
           grad=(0,), tol=1e-4, id="adjoint"),
    Sample("MatrixDeterminant", [matrix], np.linalg.det, dtypes=FLOATS, grad=(0,), second=True, tol=1e-4),
    Sample("LogMatrixDeterminant", [matrix], lambda a: tuple(np.linalg.slogdet(a)), dtypes="float32 float64",
           grad=(0,), tol=1e-4),
    Sample("MatrixSolve", [matrix, normal(2, 3, 2)], np.linalg.solve, dtypes=FLOATS, grad=(0, 1), second=True,
           tol=1e-4),
    Sample("MatrixSolve", [matrix, normal(2, 3, 2)], lambda a, b: np.linalg.solve(adjoint(a), b),
           attrs={"adjoint": True}, dtypes=FLOATS, grad=(0, 1), tol=1e-4, id="adjoint"),
    *[Sample("MatrixTriangularSolve", [matrix, normal(2, 3, 2)],
             lambda a, b, l=low, t=turn: np.linalg.solve(
                 adjoint(np.tril(a) if l else np.triu(a)) if t else (np.tril(a) if l else np.triu(a)), b),
             attrs={"lower": low, "adjoint": turn}, dtypes=FLOATS, grad=(0, 1), tol=1e-4, id=f"{low}-{turn}")
      for low in (True, False) for turn in (True, False)],
    Sample("MatrixSolveLs", [normal(4, 2), normal(4, 3), fixed(0.5, "float64")], _lstsq, dtypes="float32 float64",
           grad=(0, 1), tol=1e-4, id="high"),
    Sample("MatrixSolveLs", [normal(2, 4), normal(2, 3), fixed(0.0, "float64")], _lstsq, dtypes="float32 float64",
           grad=(0, 1), tol=1e-4, id="wide"),
    Sample("MatrixSolveLs", [normal(4, 2), normal(4, 3), fixed(0.0, "float64")],
           lambda a, b, l: np.linalg.lstsq(a, b, rcond=None)[0], attrs={"fast": False}, tol=1e-4, id="smallest"),
    Sample("MatrixExponential", [normal(2, 3, 3)], expm, dtypes=FLOATS, grad=(0,), tol=1e-4),
    Sample("MatrixExponential", [fixed(4 * MATRIX)], expm, dtypes="float64", tol64=1e-9, id="large"),
    Sample("MatrixSquareRoot", [fixed(MATRIX @ MATRIX)], _by_eigenvalues(np.sqrt), dtypes=FLOATS, grad=(0,), tol=1e-3,
           tol64=1e-9),
    Sample("MatrixLogarithm", [fixed(expm(MATRIX / 4))], _by_eigenvalues(np.log), dtypes="complex64 complex128",
           tol=1e-4, tol64=1e-9),
]
test_samples = sample_tests(SAMPLES)


def _rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize("matrix", [
    np.random.default_rng(0).normal(size=(3, 8, 8)),  # with negative eigenvalues
    np.eye(6)[[1, 2, 3, 4, 5, 0]],
    2 * np.eye(5) + np.eye(5, k=1),  # has one eigenvector
    _rotation(3.0),
    np.zeros((2, 0, 0)),
], ids="negative turned defective rotation empty".split())
def test_roots_and_logarithms_of_any_eigenvalues(matrix):
    matrix = matrix.astype(np.complex128)
    with tf.Session() as session:
        root, back = session.run([tf.linalg.sqrtm(matrix), tf.linalg.expm(tf.linalg.logm(matrix))])
    np.testing.assert_allclose(root @ root, matrix, atol=1e-12)
    np.testing.assert_allclose(back, matrix, atol=1e-12)
    assert (np.linalg.eigvals(root).real > -1e-6).all()  # the principal one


def test_real_roots_are_real():
    with tf.Session() as session:
        turn = _rotation(3.0).astype(np.float32)
        np.testing.assert_allclose(session.run(tf.linalg.sqrtm(turn)), _rotation(1.5), rtol=1e-6)
        with pytest.raises(tf.errors.InvalidArgumentError, match="negative eigenvalues"):
            session.run(tf.linalg.sqrtm(-np.eye(2)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="singular: it has no square root"):
            session.run(tf.linalg.sqrtm(np.eye(2, k=1)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="no logarithm"):
            session.run(tf.linalg.logm(np.diag([1, 0]).astype(np.complex64)))


def test_wrappers():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    with tf.Session() as session:
        run = session.run
        for fast in (True, False):
            np.testing.assert_allclose(run(tf.matrix_solve_ls(a, b, fast=fast)), np.linalg.lstsq(a, b, rcond=None)[0])
        np.testing.assert_allclose(run(tf.matrix_solve_ls(a.T, b[:3])), np.linalg.lstsq(a.T, b[:3], rcond=None)[0])
        square = a.T @ a
        np.testing.assert_allclose(run(tf.cholesky_solve(tf.cholesky(square), b[:3])), np.linalg.solve(square, b[:3]))
        np.testing.assert_allclose(run(tf.linalg.logdet(square)), np.log(np.linalg.det(square)))
        np.testing.assert_allclose(run(tf.linalg.expm(np.diag([0.0, 1.0]))), np.diag([1, np.e]))
        np.testing.assert_allclose(run(tf.matrix_inverse(np.zeros([0, 2, 2]))), np.zeros([0, 2, 2]))
        assert run(tf.linalg.slogdet(-np.eye(3))).sign == -1


def test_singular_matrices():
    zero = tf.zeros([2, 2])
    with tf.Session() as session:
        for op, message in ((tf.matrix_inverse(zero), "Input is not invertible"),
                            (tf.matrix_solve(zero, zero), "Input matrix is not invertible"),
                            (tf.matrix_triangular_solve(zero, zero), "Input matrix is not invertible")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(op)
