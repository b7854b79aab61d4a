"""The cpu tier's linear algebra against the reference kernels."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry, run
from tests.runtime.loop_checks import check

native = kernels("cpu.native")
SHAPES = [(1, 1), (7, 7), (100, 100), (5, 4, 4), (2, 3, 2, 2), (40, 30, 30), (0, 0), (0, 3, 3), (3, 0, 0)]


def _matrices(shape, dtype, positive=False):
    x = np.random.default_rng(0).normal(size=shape) / max(1, shape[-1]) ** 0.5
    x = x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1]) if positive else x + 2 * np.eye(shape[-1])
    return x.astype(dtype)


def _check(family, op, inputs, attrs, tolerance=None):
    dtype = inputs[0].dtype.name
    named = {**attrs, "T": dtypes.as_dtype(dtype)}
    context = registry.KernelContext(op, op, named, [named["T"]] * len(inputs), [named["T"]])
    want = registry.reference.find(op, family, named)(context)(*inputs)
    want = want if isinstance(want, tuple) else (want,)
    outputs = [(np.shape(array), dtype) for array in want]
    found = run(family, op, inputs, outputs, {**attrs, "T": dtype})
    found = found if len(want) > 1 else [found]
    again = run(family, op, inputs, outputs, {**attrs, "T": dtype}, threads=2)
    tolerance = tolerance or (1e-4 if dtype == "float32" else 1e-11)
    for one, other, more in zip(found, want, again if len(want) > 1 else [again], strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
        np.testing.assert_array_equal(one, more)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_decompositions(shape, dtype):
    x = _matrices(shape, dtype)
    for adjoint in (False, True):
        _check("linalg_solve", "MatrixInverse", [x], {"adjoint": adjoint})
    _check("linalg_solve", "MatrixDeterminant", [x], {})
    _check("linalg_solve", "LogMatrixDeterminant", [x], {})
    positive = _matrices(shape, dtype, positive=True)
    positive += np.triu(np.full(positive.shape, np.nan, dtype), 1)      # is not read
    _check("linalg", "Cholesky", [positive], {})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [0, 1, 2, 33])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equations(shape, columns, dtype):
    x = _matrices(shape, dtype)
    right = np.random.default_rng(1).normal(size=(*shape[:-1], columns)).astype(dtype)
    for adjoint in (False, True):
        _check("linalg_solve", "MatrixSolve", [x, right], {"adjoint": adjoint})
        for lower in (False, True):
            _check("linalg_solve", "MatrixTriangularSolve", [x, right], {"adjoint": adjoint, "lower": lower})


def test_determinants_of_special_matrices():
    x = np.array([[[1, 2], [2, 4]], [[0, 0], [0, 0]], [[np.nan, 1], [1, 1]], [[0, 1], [1, 0]], [[-1, 0], [0, 1]],
                  [[1e200, 0], [0, 1e200]]])
    _check("linalg_solve", "LogMatrixDeterminant", [x], {})
    _check("linalg_solve", "MatrixDeterminant", [x[:5]], {})
    assert run("linalg_solve", "MatrixDeterminant", [x], [((6,), "float64")], {"T": "float64"})[5] == np.inf


def _code(family, op, inputs, attrs):
    outputs = [(inputs[-1].shape, "float32")]
    bound = bind(family, op, inputs, outputs, {"T": "float32", **attrs})
    failed, code, _ = execute(bound, inputs, [np.zeros(inputs[-1].shape, np.float32)])
    return code if failed == 0 else None


def test_what_fails():
    x = np.stack([np.eye(2), [[1, 2], [2, 4]]]).astype("f")
    right = np.ones((2, 2, 1), "f")
    assert _code("linalg_solve", "MatrixInverse", [x], {"adjoint": False}) == native.SINGULAR
    assert _code("linalg_solve", "MatrixSolve", [x, right], {"adjoint": False}) == native.SINGULAR
    assert _code("linalg", "Cholesky", [x - np.eye(2, dtype="f")], {}) == native.NOT_POSITIVE_DEFINITE
    x[1] = [[1, 0], [1, 0]]
    attrs = {"adjoint": False, "lower": True}
    assert _code("linalg_solve", "MatrixTriangularSolve", [x, right], attrs) == native.SINGULAR
    assert bind("linalg_solve", "MatrixSolve", [x, right[:1]], [((1, 2, 1), "float32")], {
        "T": "float32", "adjoint": False}) is None


@pytest.mark.parametrize("agrees", [True, False])
def test_errors_are_the_reference_kernels_or_mean_the_same(agrees, monkeypatch):
    """Rounded in another order, a matrix may be positive definite."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    x = tf.placeholder(tf.float32, [2, 2])
    factor = tf.cholesky(x, name="factor") + 1
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(factor, {x: np.eye(2)}), np.eye(2) + 1)
        assert "linalg.cholesky" in str(sess.explain(factor, {x: np.eye(2)}))
        if not agrees:
            monkeypatch.setattr(np.linalg, "cholesky", lambda matrix: matrix)
        with pytest.raises(tf.errors.InvalidArgumentError, match="Cholesky decomposition was not succ") as caught:
            sess.run(factor, {x: -np.eye(2)})
        assert caught.value.op.name == "factor"


def test_filters_are_native_loops():
    """Kalman's: a gain by a solution, at every step."""
    tf.set_random_seed(1)   # a seeded program waits for its compiled kernels
    transition, noise = np.array([[1, 0.1], [0, 1]], "f"), np.eye(2, dtype="f") * 0.1
    seen = tf.constant(np.random.default_rng(0).normal(size=(20, 2, 1)), tf.float32)

    def step(i, mean, spread):
        mean, spread = tf.matmul(transition, mean), transition @ spread @ transition.T + noise
        gain = tf.transpose(tf.matrix_solve(spread + noise, spread))
        return i + 1, mean + gain @ (seen[i] - mean), spread - gain @ spread

    check(tf.while_loop(lambda i, *_: i < 20, step, [0, tf.zeros([2, 1]), tf.eye(2)]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_eigenvalues(shape, dtype):
    x = _matrices(shape, dtype)
    symmetric = np.tril(x) + np.swapaxes(np.tril(x, -1), -1, -2)
    x = np.tril(x) + np.triu(np.full(x.shape, np.nan, dtype), 1)       # is not read
    values, vectors = run("linalg", "SelfAdjointEigV2", [x], [(shape[:-1], dtype), (shape, dtype)],
                          {"T": dtype, "compute_v": True})
    alone, _ = run("linalg", "SelfAdjointEigV2", [x], [(shape[:-1], dtype), ((0,), dtype)],
                   {"T": dtype, "compute_v": False}, threads=2)
    tolerance = 2e-4 if dtype == "float32" else 1e-11
    np.testing.assert_allclose(values, np.linalg.eigvalsh(symmetric) if symmetric.size else np.zeros(shape[:-1]),
                               rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(alone, values, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(symmetric @ vectors, vectors * values[..., None, :], rtol=tolerance, atol=tolerance)
    products = np.swapaxes(vectors, -1, -2) @ vectors
    np.testing.assert_allclose(products, np.broadcast_to(np.eye(shape[-1]), shape), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (7, 4), (4, 7), (3, 6, 6), (2, 2, 30, 11), (0, 3, 2), (5, 70)], ids=str)
def test_orthogonal_factors(shape, full, dtype):
    """Those of singular values may point either way."""
    x, tolerance = np.random.default_rng(0).normal(size=shape).astype(dtype), 1e-3 if dtype == "float32" else 1e-10
    _check("linalg", "Qr", [x], {"full_matrices": full}, tolerance)
    _check("linalg", "Svd", [x], {"full_matrices": full, "compute_uv": False}, tolerance)
    rows, columns = shape[-2:]
    inner = min(rows, columns)
    shapes = [(*shape[:-2], inner), *((*shape[:-2], size, size if full else inner) for size in (rows, columns))]
    attrs = {"T": dtype, "full_matrices": full, "compute_uv": True}
    for threads in (1, 2):
        values, u, v = run("linalg", "Svd", [x], [(one, dtype) for one in shapes], attrs, threads=threads)
        np.testing.assert_allclose(values, np.linalg.svd(x, compute_uv=False), rtol=tolerance, atol=tolerance)
        product = (u[..., :inner] * values[..., None, :]) @ np.swapaxes(v[..., :inner], -1, -2)
        np.testing.assert_allclose(product, x, rtol=tolerance, atol=tolerance)
        for vectors in (u, v):
            eye = np.eye(vectors.shape[-1])
            np.testing.assert_allclose(np.swapaxes(vectors, -1, -2) @ vectors, np.broadcast_to(
                eye, (*shape[:-2], *eye.shape)), atol=tolerance)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite(bad, monkeypatch):
    """LAPACK may search for ever: TensorFlow has no singular values, and refuses to look for eigenvalues."""
    monkeypatch.setenv("GRAPHFLOW_DETERMINISTIC", "1")
    x = np.stack([np.eye(3), np.eye(3)]).astype("f")
    x[1, 2, 0] = bad
    fed = tf.placeholder(tf.float32, [2, 3, 3])
    values, u, v = tf.svd(fed)
    found = []
    for executor in ("", "reference"):
        monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
        with tf.Session() as sess:
            found.append(sess.run([values, abs(u), abs(v)], {fed: x}))
            alone = sess.run(tf.svd(fed, compute_uv=False), {fed: x})
            np.testing.assert_allclose(alone, found[-1][0])
            with pytest.raises(tf.errors.InvalidArgumentError, match="eigen decomposition was not successful"):
                sess.run(tf.self_adjoint_eig(fed)[0] + 0, {fed: x})
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
        assert np.isfinite(one[0]).all() and np.isnan(one[1]).all()
