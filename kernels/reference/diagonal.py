"""Reference kernels of `graphflow/ops/diagonal.py`."""

import numpy as np

from ..registry import reference
from .array_checks import check_size, debug, fail, product
from .fill import zeros


def _diag(diagonal):
    if diagonal.ndim < 1:
        fail("Input must be at least rank 1, got 0")
    out = zeros(check_size((diagonal.size,) * 2, diagonal.dtype), diagonal.dtype)
    np.fill_diagonal(out, diagonal.ravel())
    return out.reshape(diagonal.shape * 2)


def _diag_part(x):
    half = x.ndim // 2
    if x.ndim % 2 or not x.ndim:
        fail(f"The rank of the tensor should be even and positive, got shape {debug(x.shape)}")
    if x.shape[:half] != x.shape[half:]:
        fail(f"Invalid shape {debug(x.shape)}: dimensions {half} apart do not match.")
    size = product(x.shape[:half])
    return np.diagonal(x.reshape(size, size)).reshape(x.shape[:half]).copy()


reference.function("Diag", _diag)
reference.function("DiagPart", _diag_part)


def _matrix_diag(diagonal):
    if diagonal.ndim < 1:
        fail(f"diagonal must be at least 1-dim, received shape: {debug(diagonal.shape)}")
    shape = check_size((*diagonal.shape, diagonal.shape[-1]), diagonal.dtype)
    return _set_diagonal(zeros(shape, diagonal.dtype), diagonal)


def _set_diagonal(matrix, diagonal):
    i = np.arange(min(matrix.shape[-2:]))
    matrix[..., i, i] = diagonal
    return matrix


def _check_matrix(x):
    if x.ndim < 2:
        fail(f"input must be at least 2-dim, received shape: {debug(x.shape)}")


def _matrix_diag_part(x):
    _check_matrix(x)
    return np.diagonal(x, axis1=-2, axis2=-1).copy()


def _matrix_set_diag(x, diagonal):
    _check_matrix(x)
    if diagonal.ndim < 1:
        fail(f"diagonal must be at least 1-dim, received shape: {debug(diagonal.shape)}")
    if diagonal.shape != (*x.shape[:-2], min(x.shape[-2:])):
        fail(
            f"must have diagonal.shape == input.shape[:-2] + min(input.shape[-2:]), but "
            f"received input shape: "
            f"{debug(x.shape)} and diagonal shape: {debug(diagonal.shape)}"
        )
    return _set_diagonal(x.copy(), diagonal)


reference.function("MatrixDiag", _matrix_diag)
reference.function("MatrixDiagPart", _matrix_diag_part)
reference.function("MatrixSetDiag", _matrix_set_diag)


def _matrix_band_part(x, lower, upper):
    _check_matrix(x)
    rows, columns = x.shape[-2:]
    if lower > rows:
        fail(f"num_lower must be negative or less or equal to number of rows ({rows}) got: {lower}")
    if upper > columns:
        fail(
            f"num_upper must be negative or less or equal to number of columns ({columns}) "
            f"got: {upper}"
        )
    offset = np.arange(columns) - np.arange(rows)[:, None]
    keep = np.ones((rows, columns), bool)
    if lower >= 0:
        keep &= offset >= -int(lower)
    if upper >= 0:
        keep &= offset <= int(upper)
    return np.where(keep, x, zeros((), x.dtype)).astype(x.dtype)


reference.function("MatrixBandPart", _matrix_band_part)
