"""Bands of neighbouring diagonals taken from matrices, and set. Holds no state."""

from math import prod

from graphflow.framework import diagonal_band

from ..registry import In, Out, cpu
from .copying import copies, item_size, piece
from .diagonal import along

_MOST = 64      # diagonals: each of them is a copy of its own


def _band(k):
    """The band that the constant `k` states, None if it is not known or too wide."""
    if k is None:
        return None
    lowest, highest = diagonal_band.ends(k)
    return (lowest, highest) if highest - lowest < _MOST else None


def _diagonals(item, matrix, packed, band, source, taken):
    """Copies between the packed diagonals of a band and matrices: from these (`taken`), or to them."""
    count, length, whole = prod(matrix[:-2]), packed[-1], prod(matrix[-2:])
    room = length * (band[1] - band[0] + 1)
    for row, k in enumerate(range(band[1], band[0] - 1, -1)):
        begin, size = along(matrix[-2:], k)
        inside, outside = [(count, whole), (size, matrix[-1] + 1)], [(count, room), (size, 1)]
        pairs = zip(inside, outside, strict=True) if taken else zip(outside, inside, strict=True)
        dims = [(number, step, out_step) for (number, step), (_, out_step) in pairs]
        places = (row * length, begin) if taken else (begin, row * length)
        yield piece(item, Out(0), source, dims, *places)


def _bound(ctx, k, matrix, packed, base, source, taken=False):
    """The kernel that copies diagonals of In(source) over `base`: (number of an input, whether that is one number)."""
    item, band = item_size(ctx.output_dtypes[0]), _band(k)
    if item is None or band is None or diagonal_band.packed(matrix, band) != packed:
        return None
    diagonal_band.check_within(*matrix[-2:], band)
    number, is_one = base
    if is_one and ctx.input_shapes[number]:
        return None
    ground = piece(item, Out(0), In(number), [(prod(ctx.output_shapes[0]), 0 if is_one else 1, 1)])
    return copies(item, [ground, *_diagonals(item, matrix, packed, band, In(source), taken)])


@cpu.kernel("MatrixDiagV2")
def matrix_diag(ctx):
    return _bound(ctx, ctx.value(1), ctx.output_shapes[0], ctx.input_shapes[0], (4, True), 0)


@cpu.kernel("MatrixDiagPartV2")
def matrix_diag_part(ctx):
    return _bound(ctx, ctx.value(1), ctx.input_shapes[0], ctx.output_shapes[0], (2, True), 0, taken=True)


@cpu.kernel("MatrixSetDiagV2")
def matrix_set_diag(ctx):
    return _bound(ctx, ctx.value(2), ctx.input_shapes[0], ctx.input_shapes[1], (0, False), 1)
