"""Products of sparse matrices, given by their entries, with dense ones. Hold no state."""

from types import SimpleNamespace

from .values import BYTES, IrKernel, fail, index, load, loop, word
from .vectors import Lanes, fill_zero, smaller, steps

_WORDS = "out indices values dense entries outer inner width turned unit first last".split()


def multiply(dtype, index_type, lanes, code):
    """out[row, :] = sum of value * dense[column, :] over the entries of that row, in their order.

    Fails with `code` at an entry outside of the matrix. Words: 0 and 1 details of a failure (entry, row), out,
    indices, values, dense, entries, rows of out, rows of dense, width of both, whether pairs of indices are (column,
    row), numbers in a unit, first and last unit of columns to do.
    """
    size = index(BYTES[dtype])

    def emit(b, block):
        w = SimpleNamespace(**{name: word(b, block, 2 + i) for i, name in enumerate(_WORDS)})
        v = Lanes(b, dtype, int(lanes))
        first, last = b.mul(w.first, w.unit), smaller(b, b.mul(w.last, w.unit), w.width)
        count = b.sub(last, first)

        def at(base, row):
            return b.add(base, b.mul(b.add(b.mul(row, w.width), first), size))

        with loop(b, index(0), w.outer) as row:
            fill_zero(b, at(w.out, row), b.mul(count, size))
        with loop(b, index(0), w.entries) as entry:
            pair = b.mul(entry, index(2))
            row = load(b, w.indices, b.add(pair, w.turned), index_type).cast("int64").ir
            column = load(b, w.indices, b.add(pair, b.sub(index(1), w.turned)), index_type).cast("int64").ir
            outside = b.or_(b.icmp_unsigned(">=", row, w.outer), b.icmp_unsigned(">=", column, w.inner))
            fail(b, block, outside, int(code), entry, row)
            factor = v.broadcast(b.add(w.values, b.mul(entry, size)))
            target, source = at(w.out, row), at(w.dense, column)
            with steps(b, index(0), count, v.lanes) as (i, end):
                place = b.add(target, b.mul(i, size))
                v.store(v.fma(factor, v.load(b.add(source, b.mul(i, size))), v.load(place)), place)
            with b.if_then(b.icmp_signed("<", end, count)):
                mask, place = v.mask(b.sub(count, end)), b.add(target, b.mul(end, size))
                number = v.load_part(mask, b.add(source, b.mul(end, size)))
                v.store_part(mask, v.fma(factor, number, v.load_part(mask, place)), place)

    return IrKernel(emit)
