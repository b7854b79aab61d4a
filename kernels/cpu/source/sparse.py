"""Products of sparse matrices, given by their entries, with dense ones, and dense forms. Hold no state."""

from types import SimpleNamespace

from .copying import move, piece_at
from .values import BYTES, I64, IrKernel, fail, index, load, loop, word
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


def to_dense(item, index_type, code):
    """Fills an array, and puts values at their places. Fails with `code` at an index out of range, and where ascending
    places are asked for at one that is not.

    Words: 0 and 1 details of a failure (position in the indices, index), 2 out, 3 indices, 4 values, 5 how many,
    6 length of a vector of indices, 7 bytes from one value to the next, 8 whether places must ascend, from 9 on sizes
    of the dimensions, then the words of the piece that fills.
    """
    def emit(b, block):
        out, indices, values, count, rank, step, ascend = (word(b, block, i) for i in range(2, 9))
        with b.goto_entry_block():
            place, last = b.alloca(I64), b.alloca(I64)
        b.store(index(-1), last)
        piece_at(b, block, int(item), b.add(index(9), rank))
        with loop(b, index(0), count) as i:
            b.store(index(0), place)
            with loop(b, index(0), rank) as axis:
                position, size = b.add(b.mul(i, rank), axis), word(b, block, b.add(axis, index(9)))
                given = load(b, indices, position, index_type).cast("int64").ir
                fail(b, block, b.icmp_unsigned(">=", given, size), int(code), position, given)
                b.store(b.add(b.mul(b.load(place), size), given), place)
            falls = b.icmp_signed("<=", b.load(place), b.load(last))
            fail(b, block, b.and_(falls, b.icmp_signed("!=", ascend, index(0))), int(code), i)
            b.store(b.load(place), last)
            move(b, int(item), b.add(out, b.mul(b.load(place), index(int(item)))), b.add(values, b.mul(i, step)))

    return IrKernel(emit)
