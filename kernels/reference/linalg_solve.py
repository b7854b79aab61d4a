"""Reference kernels of `graphflow/ops/linalg_solve.py`: NumPy's LAPACK, batch by batch."""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail
from .linalg import adjoint, wide
from .schur import schur_form, triangular_square_root

# Padé approximation of exp of degree 13, for matrices whose norm is below the limit.
_PADE = (64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
         670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1)
_PADE_LIMIT = 5.371920351148152
# Roots that bring a matrix near to the identity before its logarithm is taken.
_MAX_ROOTS = 60


@reference.kernel("MatrixInverse")
def inverse(ctx):
    """Inverses, of the adjoints if asked for."""
    transpose = ctx.attr("adjoint")

    def run(matrix):
        try:
            result = np.linalg.inv(wide(adjoint(matrix) if transpose else matrix))
        except np.linalg.LinAlgError:
            fail("Input is not invertible.")
        return result.astype(matrix.dtype)

    return run


def _determinant(matrix):
    return np.asarray(np.linalg.det(wide(matrix)), matrix.dtype)


def _log_determinant(matrix):
    sign, logarithm = np.linalg.slogdet(wide(matrix))
    return np.asarray(sign, matrix.dtype), np.asarray(logarithm, matrix.dtype)


reference.function("MatrixDeterminant", _determinant)
reference.function("LogMatrixDeterminant", _log_determinant)


def _check_equation(matrix, rhs):
    if matrix.shape[:-2] != rhs.shape[:-2]:
        fail("Batch dimensions of matrix and rhs do not match: "
             f"{debug(matrix.shape)} vs. {debug(rhs.shape)}")
    if matrix.shape[-2] != rhs.shape[-2]:
        fail(f"Input matrix and rhs are incompatible: {debug(matrix.shape)} vs. {debug(rhs.shape)}")


@reference.kernel("MatrixSolve")
def solve(ctx):
    """Linear equations, with the adjoint matrices if asked for."""
    transpose = ctx.attr("adjoint")

    def run(matrix, rhs):
        _check_equation(matrix, rhs)
        try:
            result = np.linalg.solve(wide(adjoint(matrix) if transpose else matrix), wide(rhs))
        except np.linalg.LinAlgError:
            fail("Input matrix is not invertible.")
        return result.astype(matrix.dtype)

    return run


@reference.kernel("MatrixTriangularSolve")
def triangular_solve(ctx):
    """Substitution, row by row."""
    lower, transpose = ctx.attr("lower"), ctx.attr("adjoint")

    def run(matrix, rhs):
        _check_equation(matrix, rhs)
        a, result = wide(adjoint(matrix) if transpose else matrix), wide(rhs).copy()
        if (np.diagonal(a, axis1=-2, axis2=-1) == 0).any():
            fail("Input matrix is not invertible.")
        size = a.shape[-1]
        ascending = lower != transpose
        for i in range(size) if ascending else reversed(range(size)):
            known = slice(0, i) if ascending else slice(i + 1, size)
            found = (a[..., i, None, known] @ result[..., known, :])[..., 0, :]
            result[..., i, :] = (result[..., i, :] - found) / a[..., i, i, None]
        return result.astype(matrix.dtype)

    return run


@reference.kernel("MatrixSolveLs")
def least_squares(ctx):
    """Normal equations, or the smallest solution by singular values."""
    fast = ctx.attr("fast")

    def run(matrix, rhs, regularizer):
        _check_equation(matrix, rhs)
        a, b = wide(matrix), wide(rhs)
        rows, columns = a.shape[-2:]
        if not fast:
            return (np.linalg.pinv(a, rcond=np.finfo(a.dtype).eps * max(rows, columns)) @ b).astype(matrix.dtype)
        shift = a.dtype.type(regularizer) * np.eye(min(rows, columns), dtype=a.dtype)
        try:
            if rows >= columns:
                result = np.linalg.solve(adjoint(a) @ a + shift, adjoint(a) @ b)
            else:
                result = adjoint(a) @ np.linalg.solve(a @ adjoint(a) + shift, b)
        except np.linalg.LinAlgError:
            fail("Input matrix was rank deficient or ill-conditioned. Try setting fast=False or provide a larger "
                 "l2_regularizer > 0.")
        return result.astype(matrix.dtype)

    return run


def _exponential(matrix):
    a = wide(matrix)
    if not a.size:
        return matrix
    norm = np.abs(a).sum(-2).max(-1)
    # Halved so often that the approximation holds, and squared as often.
    with np.errstate(divide="ignore"):
        halvings = np.maximum(np.ceil(np.log2(norm / _PADE_LIMIT)), 0)
    halvings = int(np.max(np.nan_to_num(halvings, posinf=0)))
    a = a / a.dtype.type(2) ** halvings
    powers = [np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape), a @ a]
    for _ in range(5):
        powers.append(powers[-1] @ powers[1])
    scale = _PADE[0]
    even = sum(p * (c / scale) for p, c in zip(powers, _PADE[0::2]))
    odd = a @ sum(p * (c / scale) for p, c in zip(powers, _PADE[1::2]))
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        result = result @ result
    return result.astype(matrix.dtype)


def _square_root(matrix):
    """Of each matrix in double precision, by its Schur form."""
    out = np.empty_like(matrix)
    for place in np.ndindex(*matrix.shape[:-2]):
        q, t = schur_form(matrix[place])
        root = q @ triangular_square_root(t) @ q.conj().T
        if out.dtype.kind != "c":
            if np.abs(root.imag).max(initial=0) > 1e-6 * np.abs(root).max(initial=0):
                fail("The matrix has negative eigenvalues: it has no real square root.")
            root = root.real
        out[place] = root
    return out


def _logarithm(matrix):
    """Of each matrix, by its Schur form."""
    out = np.empty_like(matrix)
    for place in np.ndindex(*matrix.shape[:-2]):
        q, t = schur_form(matrix[place])
        if not np.diag(t).all():
            fail("Input matrix is singular: it has no logarithm.")
        out[place] = q @ _triangular_logarithm(t) @ q.conj().T
    return out


def _triangular_logarithm(t):
    """Inverse scaling and squaring: log t = 2^k log t^(1/2^k), and a series near the identity."""
    identity = np.eye(len(t))
    roots = 0
    while np.abs(t - identity).max(initial=0) > 0.05 and roots < _MAX_ROOTS:
        t = triangular_square_root(t)
        roots += 1
    # log t = 2 artanh((t - 1) / (t + 1))
    ratio = np.linalg.solve(t + identity, t - identity)
    term, result, squared = ratio, np.zeros_like(ratio), ratio @ ratio
    for k in range(1, 40, 2):
        result = result + term / k
        term = term @ squared
    return 2.0 * 2.0**roots * result


reference.function("MatrixExponential", _exponential)
reference.function("MatrixSquareRoot", _square_root)
reference.function("MatrixLogarithm", _logarithm)
