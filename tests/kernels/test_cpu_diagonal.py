"""Diagonals taken and set, and bands kept, against NumPy: batches, any form of matrix, empty ones."""

import numpy as np
import pytest

from tests.kernels.native_harness import bind, run

MATRICES = [(3, 3), (2, 3, 4), (2, 4, 3), (1, 5), (5, 1), (2, 2, 2, 2), (0, 3), (3, 0), (0, 2, 2)]
DTYPES = ["float32", "int8", "complex128"]


def _numbers(shape, dtype, seed=0):
    return (np.random.default_rng(seed).normal(size=shape) * 50).astype(dtype)


def _set(matrix, diagonals, k=0):
    """Element by element; `diagonals` are those of a band in rows, or one."""
    matrix, (lowest, highest) = matrix.copy(), (np.min(k), np.max(k))
    rows = diagonals if np.ndim(k) and lowest != highest else diagonals[..., None, :]
    for i, j in np.ndindex(*matrix.shape[-2:]):
        if lowest <= j - i <= highest:
            matrix[..., i, j] = rows[..., highest - (j - i), min(i, j)]
    return matrix


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", MATRICES)
def test_main_diagonals(shape, dtype):
    x, attrs = _numbers(shape, dtype), {"T": dtype}
    diagonal = np.diagonal(x, axis1=-2, axis2=-1)
    found = run("diagonal", "MatrixDiagPart", [x], [(diagonal.shape, dtype)], attrs)
    np.testing.assert_array_equal(found, diagonal)
    new = _numbers(diagonal.shape, dtype, 1)
    found = run("diagonal", "MatrixSetDiag", [x, new], [(shape, dtype)], attrs)
    np.testing.assert_array_equal(found, _set(x, new))
    square = (*new.shape, new.shape[-1])
    found = run("diagonal", "MatrixDiag", [new], [(square, dtype)], attrs)
    np.testing.assert_array_equal(found, _set(np.zeros(square, dtype), new))
    assert bind("diagonal", "MatrixSetDiag", [x, np.zeros(7, dtype)], [(shape, dtype)], attrs) is None


@pytest.mark.parametrize("shape", [(3,), (2, 3), (), (0,)])
def test_diagonals_of_tensors(shape):
    x = _numbers(shape, "float32")
    both = np.diag(x.ravel()).reshape(shape * 2)
    found = run("diagonal", "Diag", [x], [(shape * 2, "float32")], {"T": "float32"})
    np.testing.assert_array_equal(found, both)
    found = run("diagonal", "DiagPart", [both], [(shape, "float32")], {"T": "float32"})
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lower, upper", [(0, 0), (-1, 0), (0, -1), (1, 1), (2, 0), (-1, -1)])
def test_bands_are_kept(lower, upper, dtype):
    attrs = {"T": dtype, "Tindex": "int64"}
    for shape in MATRICES:
        x = _numbers(shape, dtype)
        inputs, outputs = [x, np.int64(lower), np.int64(upper)], [(shape, dtype)]
        if lower > shape[-2] or upper > shape[-1]:
            assert bind("diagonal", "MatrixBandPart", inputs, outputs, attrs, (1, 2)) is None
            continue
        below = np.zeros_like(x) if lower < 0 else np.tril(x, -lower - 1)
        above = np.zeros_like(x) if upper < 0 else np.triu(x, upper + 1)
        found = run("diagonal", "MatrixBandPart", inputs, outputs, attrs, constants=(1, 2))
        np.testing.assert_array_equal(found, x - below - above)


@pytest.mark.parametrize("k", [1, -1, [0, 0], [-1, 2], [0, 1], [-2, -1]], ids=str)
@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 5), (2, 5, 3)])
def test_bands_are_taken_and_set(shape, k):
    lowest, highest = np.min(k), np.max(k)
    length = min(shape[-2] + min(highest, 0), shape[-1] - max(lowest, 0))
    packed = (*shape[:-2], length) if lowest == highest else (*shape[:-2], highest - lowest + 1, length)
    x, new, padding, band = _numbers(shape, "f"), _numbers(packed, "f", 1), np.float32(-7), np.array(k, np.int32)
    attrs, whole, part = {"T": "float32"}, [(shape, "float32")], [(packed, "float32")]
    found = run("diagonal_bands", "MatrixSetDiagV2", [x, new, band], whole, attrs, constants=(2,))
    np.testing.assert_array_equal(found, _set(x, new, k))
    sizes = [np.int32(n) for n in shape[-2:]]
    found = run("diagonal_bands", "MatrixDiagV2", [new, band, *sizes, padding], whole, attrs, constants=(1,))
    np.testing.assert_array_equal(found, _set(np.full(shape, padding), new, k))
    found = run("diagonal_bands", "MatrixDiagPartV2", [x, band, padding], part, attrs, constants=(1,))
    np.testing.assert_array_equal(_set(x, found, k), x)
    missing = _set(np.full(shape, padding), np.zeros(packed, "f"), k) == 0
    assert (found == padding).sum() == found.size - missing.sum()
    assert bind("diagonal_bands", "MatrixDiagPartV2", [x, np.int32(9), padding], part, attrs, constants=(1,)) is None
