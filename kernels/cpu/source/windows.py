"""Parts of arrays that lie where the run says: copied, or put among zeros or padding. Hold no state.

Where a part lies is checked first. What is copied is said by words of pieces, as `copying.pieces` has them.
"""

from .copying import piece_at
from .values import I64, IrKernel, fail, index, load, loop, word


def _sum(b):
    """A number that is added up, 0 at first: (function that adds to it, function that gives it)."""
    with b.goto_entry_block():
        slot = b.alloca(I64)
    b.store(index(0), slot)
    return lambda more: b.store(b.add(b.load(slot), more), slot), lambda: b.load(slot)


def window(item, index_type, code):
    """Copies one piece, from where begins say. Fails with `code` at one that is out of range.

    Words: 0 and 1 details of a failure (dimension, begin), 2 begins, 3 how many, 4 where the words of the piece stand,
    from 5 on per dimension: the largest begin, bytes that a step takes.
    """
    def emit(b, block):
        begins, rank, at = (word(b, block, i) for i in range(2, 5))
        add, total = _sum(b)
        with loop(b, index(0), rank) as i:
            begin = load(b, begins, i, index_type).cast("int64").ir
            place = b.add(index(5), b.mul(i, index(2)))
            fail(b, block, b.icmp_unsigned(">", begin, word(b, block, place)), int(code), i, begin)
            add(b.mul(begin, word(b, block, b.add(place, index(1)))))
        piece_at(b, block, int(item), at, source_shift=total())

    return IrKernel(emit)


def padded(item, index_type, code):
    """Fills an array, and puts an input where paddings say. Fails with `code` where they do not fill it.

    Words: 0 and 1 details of a failure (dimension, padding before it), 2 paddings, 3 how many dimensions, 4 and 5 where
    the words of the pieces stand that fill, and copy the input; from 6 on per dimension: both paddings together, bytes
    that a step takes.
    """
    def emit(b, block):
        pads, rank, ground, at = (word(b, block, i) for i in range(2, 6))
        add, total = _sum(b)
        with loop(b, index(0), rank) as i:
            pair, place = b.mul(i, index(2)), b.add(index(6), b.mul(i, index(2)))
            before, after = (load(b, pads, b.add(pair, index(k)), index_type).cast("int64").ir for k in (0, 1))
            room = word(b, block, place)
            fits = b.and_(b.icmp_unsigned("<=", before, room), b.icmp_signed("==", after, b.sub(room, before)))
            fail(b, block, b.not_(fits), int(code), i, before)
            add(b.mul(before, word(b, block, b.add(place, index(1)))))
        piece_at(b, block, int(item), ground)
        piece_at(b, block, int(item), at, target_shift=total())

    return IrKernel(emit)


def strided(item, index_type, code, ground=""):
    """Copies one piece from, or with `ground` to, where begins and ends say. Fails with `code` at an index out of
    range, and where that is not as much as the piece.

    Words: 0 and 1 details of a failure (entry, begin), 2 begins, 3 ends, 4 how many entries, 5 where the words of the
    piece stand, 6 where those of the piece that fills the target do, from 7 on per entry (ENTRY): which it is, size of
    the dimension, stride, how many it takes (-1: it is an index), whether it begins, and ends, at that end of the
    dimension where the stride does; bytes that a step takes.
    """
    def emit(b, block):
        begins, ends, count, at, background = (word(b, block, i) for i in range(2, 7))
        add, total = _sum(b)
        with loop(b, index(0), count) as k:
            place = b.add(index(7), b.mul(k, index(ENTRY)))
            entry, *words = (word(b, block, b.add(place, index(i))) for i in range(ENTRY))
            begin, end = (load(b, array, entry, index_type).cast("int64").ir for array in (begins, ends))
            start, fits = _resolved(b, begin, end, *words[:-1])
            fail(b, block, b.not_(fits), int(code), entry, begin)
            add(b.mul(start, words[-1]))
        if ground:
            piece_at(b, block, int(item), background)
            piece_at(b, block, int(item), at, target_shift=total())
        else:
            piece_at(b, block, int(item), at, source_shift=total())

    return IrKernel(emit)


ENTRY = 7


def _resolved(b, begin, end, size, stride, taken, is_first, is_last):
    """(position of the first element, whether an entry is as it was expected), see `framework/strided.py`."""
    forward = b.icmp_signed(">", stride, index(0))
    low = b.select(forward, index(0), index(-1))
    high = b.select(forward, size, b.sub(size, index(1)))

    def from_end(number):
        return b.select(b.icmp_signed("<", number, index(0)), b.add(number, size), number)

    def clipped(number):
        number = b.select(b.icmp_signed("<", number, low), low, number)
        return b.select(b.icmp_signed(">", number, high), high, number)

    def is_set(flag):
        return b.icmp_signed("!=", flag, index(0))

    start = b.select(is_set(is_first), b.select(forward, low, high), clipped(from_end(begin)))
    stop = b.select(is_set(is_last), b.select(forward, high, low), clipped(from_end(end)))
    distance = b.sub(stop, start)
    distance = b.select(forward, distance, b.neg(distance))
    step = b.select(forward, stride, b.neg(stride))
    length = b.sdiv(b.add(distance, b.sub(step, index(1))), step)
    length = b.select(b.icmp_signed(">", distance, index(0)), length, index(0))
    is_index = b.icmp_signed("==", taken, index(-1))
    inside = b.icmp_unsigned("<", from_end(begin), size)
    fits = b.select(is_index, inside, b.icmp_signed("==", length, taken))
    return b.select(is_index, from_end(begin), start), fits
