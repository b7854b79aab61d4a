"""Reference kernels of `graphflow/ops/linalg.py`: NumPy's LAPACK, batch by batch."""

import numpy as np

from ..registry import reference
from .array_checks import fail

_NO_EIGENVALUES = "Self-adjoint eigen decomposition was not successful. The input might not be valid."


def wide(array):
    """NumPy has no linear algebra in half precision."""
    return array.astype(np.float32) if array.dtype == np.float16 else array


def adjoint(matrix):
    """Conjugate transposes."""
    return np.conj(np.swapaxes(matrix, -1, -2))


def _cholesky(matrix):
    try:
        return np.linalg.cholesky(wide(matrix)).astype(matrix.dtype)
    except np.linalg.LinAlgError:
        fail("Cholesky decomposition was not successful. The input might not be valid.")


reference.function("Cholesky", _cholesky)


def _cholesky_grad(factor, grad):
    lower = np.tril(wide(factor))
    middle = np.tril(adjoint(lower) @ wide(grad))
    diagonal = np.arange(lower.shape[-1])
    middle[..., diagonal, diagonal] *= 0.5
    inverse = np.linalg.inv(lower)
    result = adjoint(inverse) @ middle @ inverse
    return (0.5 * (result + adjoint(result))).astype(factor.dtype)


reference.function("CholeskyGrad", _cholesky_grad)


@reference.kernel("Qr")
def qr(ctx):
    """Reduced or full QR decomposition of each matrix."""
    mode = "complete" if ctx.attr("full_matrices") else "reduced"

    def run(matrix):
        if not matrix.size:
            rows, columns = matrix.shape[-2:]
            inner = rows if mode == "complete" else min(rows, columns)
            q = np.broadcast_to(np.eye(rows, inner, dtype=matrix.dtype), (*matrix.shape[:-1], inner))
            return q.copy(), np.zeros((*matrix.shape[:-2], inner, columns), matrix.dtype)
        q, r = np.linalg.qr(wide(matrix), mode)
        return q.astype(matrix.dtype), r.astype(matrix.dtype)

    return run


@reference.kernel("SelfAdjointEigV2")
def eigh(ctx):
    """Eigenvalues, and eigenvectors if asked for."""
    with_vectors = ctx.attr("compute_v")

    def run(matrix):
        if matrix.shape[-1] > 1 and not np.isfinite(np.tril(wide(matrix))).all():
            fail(_NO_EIGENVALUES)
        try:
            if not with_vectors:
                return np.linalg.eigvalsh(wide(matrix)).astype(matrix.dtype), np.zeros(0, matrix.dtype)
            values, vectors = np.linalg.eigh(wide(matrix))
        except np.linalg.LinAlgError:
            fail(_NO_EIGENVALUES)
        return values.astype(matrix.dtype), vectors.astype(matrix.dtype)

    return run


@reference.kernel("Svd")
def svd(ctx):
    """Singular values, and singular vectors if asked for: NaN for matrices with numbers that are not finite."""
    with_vectors, full = ctx.attr("compute_uv"), ctx.attr("full_matrices")

    def run(matrix):
        dtype, matrix = matrix.dtype, wide(matrix)
        finite = np.isfinite(matrix).all((-2, -1))[..., None]
        matrix = np.where(finite[..., None], matrix, np.zeros((), matrix.dtype))
        if not with_vectors:
            values = np.linalg.svd(matrix, compute_uv=False)
            return np.where(finite, values, np.nan).astype(dtype), np.zeros(0, dtype), np.zeros(0, dtype)
        u, values, vh = np.linalg.svd(matrix, full)
        vectors = (np.where(finite[..., None], some, np.nan).astype(dtype) for some in (u, adjoint(vh)))
        return np.where(finite, values, np.nan).astype(dtype), *vectors

    return run
