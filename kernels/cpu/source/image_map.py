"""Images whose pixels are sums of others', channels last: by rows first, then by columns. Holds no state."""

from numba import types
from numba.extending import register_jitable

from .memory import TYPES, load, peek, store

_NUMBER = types.float32
_USUAL = 4


@register_jitable
def _added_up(row, first, last, sources, weights, c):
    """Channel c of the pixels of a row that taps [first, last) name."""
    total = _NUMBER(0)
    if last - first == _USUAL:
        for k in range(_USUAL):
            total += load(weights, first + k, _NUMBER) * peek(row, load(sources, first + k, types.int64) + c, _NUMBER)
        return total
    for tap in range(first, last):
        total += load(weights, tap, _NUMBER) * peek(row, load(sources, tap, types.int64) + c, _NUMBER)
    return total


def mapped(dtype):
    """float32 images; each row is a sum of rows times weights, each column one of columns.

    Words: out, x, first and last row of the result's, of all images, height, width and channels of x, height and width
    of the result; of the rows, then of the columns, three tables: where the taps of each begin, and where those of the
    last end; for each tap the number of what it reads (of a column: of its first channel); its weight; scratch for a
    row of x.
    """
    kind = TYPES[dtype]

    def kernel(block):
        out, x, first, last, height, width, channels, rows, columns = (
            block[0], block[1], block[2], block[3], block[4], block[5], block[6], block[7], block[8])
        row_taps, row_sources, row_weights = block[9], block[10], block[11]
        taps, sources, weights, row = block[12], block[13], block[14], block[15]
        length = width * channels
        for line in range(first, last):
            begin, end = load(row_taps, line % rows, types.int64), load(row_taps, line % rows + 1, types.int64)
            for i in range(length if begin == end else 0):
                store(row, i, _NUMBER(0))
            for tap in range(begin, end):
                source = (line // rows * height + load(row_sources, tap, types.int64)) * length
                weight = load(row_weights, tap, _NUMBER)
                if tap == begin:
                    for i in range(length):
                        store(row, i, weight * _NUMBER(load(x, source + i, kind)))
                else:
                    for i in range(length):
                        store(row, i, peek(row, i, _NUMBER) + weight * _NUMBER(load(x, source + i, kind)))
            for column in range(columns):
                begin, end = load(taps, column, types.int64), load(taps, column + 1, types.int64)
                target = (line * columns + column) * channels
                for c in range(channels):
                    store(out, target + c, _added_up(row, begin, end, sources, weights, c))
        return types.int32(0)

    return kernel
