"""Slices picked and updated by index vectors, each of which says where a slice is. Hold no state.

How arrays lie is said by words from `_SIZES` on: the sizes of the dimensions that index vectors index.
"""

from .copying import move, updated
from .values import I64, IrKernel, copy, fail, fill, index, load, loop, store, word

_SIZES = 9      # position of the first


def _slice(b, block, i, index_type, code):
    """Number of the slice that vector `i` names. Fails with `code` at an index out of range."""
    indices, depth = word(b, block, 4), word(b, block, 6)
    with b.goto_entry_block():
        slot = b.alloca(I64)
    b.store(index(0), slot)
    with loop(b, index(0), depth) as axis:
        position, size = b.add(b.mul(i, depth), axis), word(b, block, b.add(axis, index(_SIZES)))
        given = load(b, indices, position, index_type).cast("int64").ir
        fail(b, block, b.icmp_unsigned(">=", given, size), int(code), position, given)
        b.store(b.add(b.mul(b.load(slot), size), given), slot)
    return b.load(slot)


def gather(item, index_type, code):
    """out[i, :] = params[vectors[i], :].

    Words: 0 and 1 details of a failure (position in the indices, index), 2 out, 3 params, 4 indices, 5 how many
    vectors, 6 their length, 7 bytes of a slice, 8 unused, sizes.
    """
    item = int(item)

    def emit(b, block):
        out, params, count, nbytes = (word(b, block, i) for i in (2, 3, 5, 7))
        is_one = b.icmp_signed("==", nbytes, index(item))
        with loop(b, index(0), count) as i:
            source = b.add(params, b.mul(_slice(b, block, i, index_type, code), nbytes))
            target = b.add(out, b.mul(i, nbytes))
            with b.if_else(is_one) as (one, several):
                with one:
                    move(b, item, target, source)
                with several:
                    copy(b, target, source, nbytes)

    return IrKernel(emit)


def scatter(op, dtype, index_type, code):
    """out = x, then out[vectors[i], :] = op(that slice, updates[i, :]) in order; op may be "Update".

    Words: 0 and 1 details of a failure (position in the indices, index), 2 out, 3 x (0: zeros), 4 indices, 5 how many
    vectors, 6 their length, 7 elements of a slice, 8 bytes of x, sizes, updates. `out` may be x: then nothing is
    written before all indices are checked.
    """
    def emit(b, block):
        out, x, count, length, nbytes = (word(b, block, i) for i in (2, 3, 5, 7, 8))
        updates = word(b, block, b.add(word(b, block, 6), index(_SIZES)))
        changed = b.icmp_signed("==", out, x)
        with loop(b, index(0), b.select(changed, count, index(0))) as i:
            _slice(b, block, i, index_type, code)
        with b.if_else(b.icmp_signed("==", x, index(0))) as (zeros, given):
            with zeros:
                fill(b, out, 0, nbytes)
            with given, b.if_then(b.not_(changed)):
                copy(b, out, x, nbytes)
        with loop(b, index(0), count) as i:
            first = b.mul(_slice(b, block, i, index_type, code), length)
            with loop(b, index(0), length) as j:
                place = b.add(first, j)
                update = load(b, updates, b.add(b.mul(i, length), j), dtype)
                if op != "Update":
                    update = updated(op, load(b, out, place, dtype, again=True), update)
                store(b, out, place, update)

    return IrKernel(emit)
