"""Reference kernels of `graphflow/ops/diagonal_bands.py`."""

import numpy as np

from graphflow.framework import diagonal_band

from ..registry import reference
from .array_checks import check_size, debug, fail
from .fill import zeros


def _band_within(matrix, k):
    """The band `k`, checked to lie within `matrix`."""
    if matrix.ndim < 2:
        fail(f"input must be at least 2-dim, received shape: {debug(matrix.shape)}")
    band = diagonal_band.ends(k)
    diagonal_band.check_within(*matrix.shape[-2:], band)
    return band


def _places(matrix, band):
    """For each diagonal of `band`: its place in the packed diagonals, and in `matrix`."""
    rows, columns = matrix.shape[-2:]
    for row, k in enumerate(range(band[1], band[0] - 1, -1)):
        i = np.arange(max(0, min(rows + min(k, 0), columns - max(k, 0))))
        packed = (..., slice(len(i))) if band[0] == band[1] else (..., row, slice(len(i)))
        yield packed, (..., i - min(k, 0), i + max(k, 0))


def _filled(matrix, diagonals, band):
    for packed, place in _places(matrix, band):
        matrix[place] = diagonals[packed]
    return matrix


def _padded(shape, dtype, value):
    out = zeros(check_size(shape, dtype), dtype)
    out[...] = value
    return out


def _matrix_diag(diagonal, k, rows, columns, padding):
    if diagonal.ndim < 1:
        fail(f"diagonal must be at least 1-dim, received shape: {debug(diagonal.shape)}")
    band = diagonal_band.ends(k)
    batch, length = diagonal_band.unpacked(diagonal.shape, band)
    size = diagonal_band.matrix_size(length, band, int(rows), int(columns))
    return _filled(_padded(batch + size, diagonal.dtype, padding), diagonal, band)


def _matrix_diag_part(matrix, k, padding):
    band = _band_within(matrix, k)
    out = _padded(diagonal_band.packed(matrix.shape, band), matrix.dtype, padding)
    for packed, place in _places(matrix, band):
        out[packed] = matrix[place]
    return out


def _matrix_set_diag(matrix, diagonal, k):
    band = _band_within(matrix, k)
    wanted = diagonal_band.packed(matrix.shape, band)
    if diagonal.shape != wanted:
        fail(f"Input and diagonal shapes do not match: diagonals of shape {debug(wanted)} are needed for input "
             f"{debug(matrix.shape)} and k from {band[0]} to {band[1]}, received {debug(diagonal.shape)}")
    return _filled(matrix.copy(), diagonal, band)


reference.function("MatrixDiagV2", _matrix_diag)
reference.function("MatrixDiagPartV2", _matrix_diag_part)
reference.function("MatrixSetDiagV2", _matrix_set_diag)
