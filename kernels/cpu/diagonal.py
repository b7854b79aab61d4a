"""Diagonals of matrices taken and set, and bands of them kept. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .copying import copies, item_size, piece


def along(matrix, k=0):
    """(where diagonal `k` of a matrix of this shape begins, its length), in elements."""
    rows, columns = matrix
    return -min(k, 0) * columns + max(k, 0), max(0, min(rows + min(k, 0), columns - max(k, 0)))


def _kernel(ctx, matrix, source, background=None):
    """Copies In(source) to the main diagonals of `matrix`, the result's shape, over a background.

    background: the number of the input that the rest is taken from, None: zeros.
    """
    item = item_size(ctx.output_dtypes[0])
    if item is None:
        return None
    whole, (_, length) = prod(matrix), along(matrix[-2:])
    base = piece(item, Out(0), 0 if background is None else In(background),
                 [(whole, 0 if background is None else 1, 1)])
    dims = [(prod(matrix[:-2]), length, matrix[-2] * matrix[-1]), (length, 1, matrix[-1] + 1)]
    return copies(item, [base, piece(item, Out(0), In(source), dims)])


def _part(ctx, matrix):
    """Copies the main diagonals of In(0), whose shape is `matrix`."""
    item, (_, length) = item_size(ctx.output_dtypes[0]), along(matrix[-2:])
    if item is None:
        return None
    dims = [(prod(matrix[:-2]), matrix[-2] * matrix[-1], length), (length, matrix[-1] + 1, 1)]
    return copies(item, [piece(item, Out(0), In(0), dims)])


@cpu.kernel("MatrixDiag")
def matrix_diag(ctx):
    return _kernel(ctx, ctx.output_shapes[0], 0)


@cpu.kernel("MatrixSetDiag")
def matrix_set_diag(ctx):
    matrix, diagonal = ctx.input_shapes
    return _kernel(ctx, matrix, 1, 0) if diagonal == (*matrix[:-2], min(matrix[-2:])) else None


@cpu.kernel("MatrixDiagPart")
def matrix_diag_part(ctx):
    return _part(ctx, ctx.input_shapes[0])


@cpu.kernel("Diag")
def diag(ctx):
    return _kernel(ctx, (prod(ctx.input_shapes[0]),) * 2, 0)


@cpu.kernel("DiagPart")
def diag_part(ctx):
    return _part(ctx, (prod(ctx.output_shapes[0]),) * 2)


@cpu.kernel("MatrixBandPart")
def matrix_band_part(ctx):
    """Both ends of the band are constants."""
    shape, item = ctx.input_shapes[0], item_size(ctx.output_dtypes[0])
    lower, upper = ctx.value(1), ctx.value(2)
    if item is None or lower is None or upper is None or lower.shape or upper.shape:
        return None
    (*batch, rows, columns), lower, upper = shape, int(lower), int(upper)
    if lower > rows or upper > columns:
        return None     # the reference kernel words the error
    code = native.function("diagonal.band_part", str(item))
    return Native(code, [Out(0), In(0), prod(batch), rows, columns, lower if lower >= 0 else rows,
                         upper if upper >= 0 else columns])
