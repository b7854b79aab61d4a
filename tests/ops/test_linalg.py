"""Matrix decompositions."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, normal, sample_tests

FLOATS = "float32 float64 complex64 complex128"


def adjoint(a):
    return np.conj(np.swapaxes(a, -1, -2))


def definite(x):
    """A positive definite matrix made of any one."""
    return tf.matmul(x, x, adjoint_b=True) + tf.eye(3, dtype=x.dtype)


def cholesky(x):
    return tf.cholesky(definite(x))


def eigenvalues(x):
    return tf.self_adjoint_eigvals(definite(x))


def eigh_product(x):
    """All of V f(E) V^H, on which signs of vectors have no influence."""
    e, v = tf.self_adjoint_eig(definite(x))
    return tf.matmul(v * tf.expand_dims(tf.sqrt(e), -2), v, adjoint_b=True)


def singular_values(x):
    return tf.svd(x, compute_uv=False)


def svd_product(x, full_matrices=False):
    s, u, v = tf.svd(x, full_matrices)
    inner = s.shape[-1].value
    return tf.matmul(u[..., :inner] * tf.expand_dims(tf.exp(s), -2), v[..., :inner], adjoint_b=True)


def qr_product(x):
    q, r = tf.qr(x)
    return tf.matmul(q, tf.square(r))


def _definite(x):
    return x @ adjoint(x) + np.eye(3)


def _eigh_root(x):
    e, v = np.linalg.eigh(_definite(x))
    return (v * np.sqrt(e)[..., None, :]) @ adjoint(v)


def _svd_exp(x):
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return (u * np.exp(s)[..., None, :]) @ vh


def _qr_squares(x):
    q, r = np.linalg.qr(x)
    return q @ r**2


def _cholesky_grad(factor, grad):
    """At the identity: half the diagonal, and half the lower triangle on both sides."""
    below = np.tril(grad, -1)
    return (below + below.T + np.diag(np.diag(grad))) / 2


SAMPLES = [
    Sample("Qr", [normal(4, 3)], lambda a: np.linalg.qr(a), dtypes=FLOATS, tol=1e-5),
    Sample("Qr", [normal(2, 3, 4)], lambda a: np.linalg.qr(a, "complete"), attrs={"full_matrices": True},
           dtypes="float32 float64", tol=1e-5, id="full"),
    Sample(qr_product, [normal(2, 4, 3)], _qr_squares, grad=(0,), tol=1e-4),
    Sample(cholesky, [normal(2, 3, 3)], lambda x: np.linalg.cholesky(_definite(x)), dtypes=FLOATS, grad=(0,),
           second=True, tol=1e-4),
    Sample("CholeskyGrad", [fixed(np.eye(2)), normal(2, 2)], _cholesky_grad,
           dtypes="float32 float64"),
    Sample(eigenvalues, [normal(2, 3, 3)], lambda x: np.linalg.eigvalsh(_definite(x)), grad=(0,), tol=1e-4),
    Sample(eigh_product, [normal(2, 3, 3)], _eigh_root, grad=(0,), tol=1e-4),
    Sample(singular_values, [normal(2, 4, 3)], lambda x: np.linalg.svd(x, compute_uv=False), dtypes="float32 float64",
           grad=(0,), tol=1e-4),
    Sample(svd_product, [normal(2, 3, 4)], _svd_exp, grad=(0,), tol=1e-4, id="wide"),
    Sample(svd_product, [normal(4, 3)], _svd_exp, grad=(0,), tol=1e-4, id="high"),
    Sample(svd_product, [normal(3, 4)], _svd_exp, attrs={"full_matrices": True}, grad=(0,), tol=1e-4, id="full"),
]
test_samples = sample_tests(SAMPLES)


def test_factors_multiply_to_the_matrix():
    matrix = np.random.default_rng(0).normal(size=(2, 5, 3))
    with tf.Session() as session:
        for full in (False, True):
            q, r = session.run(tf.qr(tf.constant(matrix), full))
            np.testing.assert_allclose(q @ r, matrix, atol=1e-12)
            s, u, v = session.run(tf.svd(tf.constant(matrix), full))
            np.testing.assert_allclose((u[..., :3] * s[:, None]) @ adjoint(v), matrix, atol=1e-12)


def test_empty_and_half_precision():
    with tf.Session() as session:
        q, r = session.run(raw_ops.Qr(np.zeros([0, 3], np.float32), full_matrices=False))
        assert q.shape == (0, 0) and r.shape == (0, 3)
        q, r = session.run(raw_ops.Qr(np.eye(2, dtype=np.float16)))
        assert q.dtype == np.float16 and np.allclose(q @ r, np.eye(2))


def test_what_has_no_answer():
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="Cholesky decomposition was not successful"):
            session.run(tf.cholesky([[1.0, 2.0], [2.0, 1.0]]))
        with pytest.raises(ValueError, match="Dimensions must be equal"):
            tf.cholesky(tf.zeros([2, 3]))
        with pytest.raises(NotImplementedError, match="ncols > nrows"):
            matrix = tf.zeros([2, 3])
            tf.gradients(tf.qr(matrix).q, matrix)
