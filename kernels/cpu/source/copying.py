"""Copies between dense arrays with any strides: transposes, slices, concatenations, fills, tiles.
Also rows picked by checked indices. Hold no state.

Elements are moved as integers of their size.
"""

from llvmlite import ir

from .values import (
    BYTES,
    I64,
    IrKernel,
    Value,
    blocks,
    copy,
    fail,
    fill,
    index,
    load,
    loop,
    mark_input,
    mark_output,
    row_offsets,
    store,
    where,
    word,
)

_TILE = 16


def move(b, item, target, source):
    """Moves one element of `item` bytes."""
    kind = ir.IntType(8 * item).as_pointer()
    align = min(item, 8)
    value = b.load(b.inttoptr(source, kind), align=align)
    mark_input(b.module, value)
    mark_output(b.module, b.store(value, b.inttoptr(target, kind), align=align))


def _rectangle(b, item, target, source, width, height, step, out_step):
    """target[h, w] = source[w * step[0] + h * step[1]]; rows of target are `out_step` apart.

    In tiles, so that both sides of a transpose stay in the cache.
    """
    size = index(item)
    with blocks(b, index(0), height, index(_TILE)) as (top, bottom):
        with blocks(b, index(0), width, index(_TILE)) as (left, right):
            with loop(b, top, bottom) as h:
                line = b.add(target, b.mul(size, b.mul(h, out_step)))
                begin = b.add(source, b.mul(size, b.mul(h, step[1])))
                with loop(b, left, right) as w:
                    move(b, item, b.add(line, b.mul(size, w)),
                         b.add(begin, b.mul(size, b.mul(w, step[0]))))


def _fill(b, item, target, source, width):
    kind = ir.IntType(8 * item).as_pointer()
    value = b.load(b.inttoptr(source, kind), align=min(item, 8))
    pointer = b.inttoptr(target, kind)
    with loop(b, index(0), width) as w:
        mark_output(b.module, b.store(value, b.gep(pointer, [w]), align=min(item, 8)))


def pieces(item):
    """Copies pieces, one after the other.

    Words: number of pieces, then for each: its number of words, target, source (0: the next word
    is the value), value, byte offsets of target and source, width, height, source's steps along
    width and height, target's along height, rows, table of outer dimensions (source, target).
    Along its width a target is dense.
    """
    item = int(item)

    def emit(b, block):
        with b.goto_entry_block():
            cursor = b.alloca(I64)
        b.store(index(1), cursor)
        with loop(b, index(0), word(b, block, 0)):
            at = b.load(cursor)
            piece_at(b, block, item, at)
            b.store(b.add(at, word(b, block, at)), cursor)

    return IrKernel(emit)


def piece_at(b, block, item, at, target_shift=None, source_shift=None):
    """Copies the piece whose words stand from `at` on; shifts, in bytes, are added to where it lies."""
    _, target, source, _, target_offset, source_offset, width, height, *rest = (
        word(b, block, b.add(at, index(i))) for i in range(12))
    own = b.add(b.ptrtoint(block, I64), b.mul(b.add(at, index(3)), index(8)))
    source = b.select(b.icmp_signed("==", source, index(0)), own, source)
    source, target = b.add(source, source_offset), b.add(target, target_offset)
    target = target if target_shift is None else b.add(target, target_shift)
    source = source if source_shift is None else b.add(source, source_shift)
    _piece(b, block, item, target, source, width, height, rest, b.add(at, index(12)))


def _piece(b, block, item, target, source, width, height, rest, table):
    step, out_step, rows = rest[:2], rest[2], rest[3]
    with loop(b, index(0), rows) as row:
        offsets = row_offsets(b, block, table, row, 2)
        begin, place = (b.add(base, b.mul(offset, index(item)))
                        for base, offset in zip((source, target), offsets, strict=True))
        with b.if_else(b.icmp_signed("==", step[0], index(1))) as (dense, other):
            with dense, loop(b, index(0), height) as h:
                copy(b, b.add(place, b.mul(index(item), b.mul(h, out_step))),
                     b.add(begin, b.mul(index(item), b.mul(h, step[1]))),
                     b.mul(width, index(item)))
            with other:
                one = b.and_(b.icmp_signed("==", step[0], index(0)),
                             b.icmp_signed("==", height, index(1)))
                with b.if_else(one) as (constant, strided):
                    with constant:
                        _fill(b, item, place, begin, width)
                    with strided:
                        _rectangle(b, item, place, begin, width, height, step, out_step)


def gather(index_type, code):
    """out[o, i, :] = params[o, indices[i], :]. Fails with `code` at an index out of range.

    Words: 0 and 1 details of a failure (position, index), out, params, indices, outer size, size
    of the axis, number of indices, bytes of a row.
    """
    def emit(b, block):
        out, params, indices, outer, size, count, nbytes = (word(b, block, i) for i in range(2, 9))
        check_rows(b, block, indices, index_type, count, size, code)
        with loop(b, index(0), outer) as o:
            source = b.add(params, b.mul(o, b.mul(size, nbytes)))
            target = b.add(out, b.mul(o, b.mul(count, nbytes)))
            with loop(b, index(0), count) as i:
                position = load(b, indices, i, index_type).cast("int64").ir
                copy(b, b.add(target, b.mul(i, nbytes)),
                     b.add(source, b.mul(position, nbytes)), nbytes)

    return IrKernel(emit)


def gather_batches(index_type, code):
    """out[b, o, i, :] = params[b, o, indices[b, i], :]. Fails with `code` at an index out of range.

    Words: 0 and 1 details of a failure (position, index), out, params, indices, number of batches, outer size, size of
    the axis, number of indices in a batch, bytes of a row.
    """
    def emit(b, block):
        out, params, indices, batches, outer, size, count, nbytes = (word(b, block, i) for i in range(2, 10))
        check_rows(b, block, indices, index_type, b.mul(batches, count), size, code)
        with loop(b, index(0), batches) as batch, loop(b, index(0), outer) as o:
            line = b.add(b.mul(batch, outer), o)
            source, target = (b.add(base, b.mul(b.mul(line, length), nbytes))
                              for base, length in ((params, size), (out, count)))
            with loop(b, index(0), count) as i:
                position = load(b, indices, b.add(b.mul(batch, count), i), index_type).cast("int64").ir
                copy(b, b.add(target, b.mul(i, nbytes)), b.add(source, b.mul(position, nbytes)), nbytes)

    return IrKernel(emit)


def check_rows(b, block, indices, index_type, count, size, code, skips=""):
    """Emits the failure with `code` at an index out of range; with `skips`, empty rows pass."""
    with loop(b, index(0), count) as i:
        position = load(b, indices, i, index_type)
        outside = b.icmp_unsigned(">=", position.cast("int64").ir, size)
        if skips:
            outside = b.and_(outside, b.not_(is_empty(position)))
        fail(b, block, outside, int(code), i, position.cast("int64").ir)


def is_empty(position):
    """Whether an index (a Value) is the smallest integer, which stands for a row to leave alone."""
    bits = 8 * BYTES[position.dtype]
    return (position == -(1 << (bits - 1))).ir


def scatter(op, dtype, index_type, code, skips=""):
    """out = x, then out[indices[i], :] = op(that row, updates[i, :]) in order; op may be "Update".

    With `skips`, an index may be the smallest integer: nothing happens.

    Words: 0 and 1 details of a failure, out, x, indices, updates, rows of x, number of indices,
    row length, bytes of x, step between updates' rows (0: one number for all, with row step 0 too),
    step along a row of updates. `out` may be x.
    """
    def emit(b, block):
        out, x, indices, updates, size, count, length, nbytes, down, along = (
            word(b, block, i) for i in range(2, 12))
        check_rows(b, block, indices, index_type, count, size, code, skips)
        with b.if_then(b.icmp_signed("!=", out, x)):
            copy(b, out, x, nbytes)
        with loop(b, index(0), count) as i:
            position = load(b, indices, i, index_type)
            first = b.mul(position.cast("int64").ir, length)
            width = b.select(is_empty(position), index(0), length) if skips else length
            with loop(b, index(0), width) as j:
                place = b.add(first, j)
                update = load(b, updates, b.add(b.mul(i, down), b.mul(j, along)), dtype)
                if op != "Update":
                    update = updated(op, load(b, out, place, dtype, again=True), update)
                store(b, out, place, update)

    return IrKernel(emit)


def updated(op, old, update):
    """The new value of an element; NaN where one of both is."""
    if op in ("Min", "Max"):
        chosen = old < update if op == "Min" else old > update
        return where(chosen | (old != old) if old.is_float else chosen, old, update)
    return {"Add": old.__add__, "Sub": old.__sub__, "Mul": old.__mul__, "Div": old.__truediv__}[op](update)


def one_hot(item, index_type):
    """out[o, d, i] = on if indices[o, i] is d, else off.

    Words: out, indices, on, off, outer size, depth, inner size.
    """
    kind = f"uint{8 * int(item)}"

    def emit(b, block):
        out, indices, on, off, outer, depth, inner = (word(b, block, i) for i in range(7))
        on, off = load(b, on, index(0), kind), load(b, off, index(0), kind)
        with loop(b, index(0), b.mul(outer, b.mul(depth, inner))) as i:
            store(b, out, i, off)
        with loop(b, index(0), outer) as o, loop(b, index(0), inner) as i:
            given = load(b, indices, b.add(b.mul(o, inner), i), index_type).cast("int64").ir
            with b.if_then(b.icmp_unsigned("<", given, depth)):
                store(b, out, b.add(b.mul(b.add(b.mul(o, depth), given), inner), i), on)

    return IrKernel(emit)


def part(index_type, code):
    """The part of an array at one index in each of some neighbouring dimensions; negative ones count from the end.

    Words: 0 and 1 details of a failure (number of the index, the index), result, array, indices, how many parts (the
    size of the dimensions before), bytes of each, number of the first index, how many there are, size of their
    dimensions. Fails with `code` at an index out of range.
    """
    def emit(b, block):
        out, array, count, nbytes = (word(b, block, i) for i in (2, 3, 5, 6))
        start, step = _start_of_part(b, block, index_type, code)
        source = b.add(array, start)
        with loop(b, index(0), count) as i:
            copy(b, b.add(out, b.mul(i, nbytes)), b.add(source, b.mul(i, step)), nbytes)

    return IrKernel(emit)


def placed_part(index_type, code):
    """Zeros, but for such a part of them. Words: as for `part`; 3 is what goes there."""
    def emit(b, block):
        out, given, count, nbytes = (word(b, block, i) for i in (2, 3, 5, 6))
        start, step = _start_of_part(b, block, index_type, code)
        fill(b, out, 0, b.mul(count, step))
        target = b.add(out, start)
        with loop(b, index(0), count) as i:
            copy(b, b.add(target, b.mul(i, step)), b.add(given, b.mul(i, nbytes)), nbytes)

    return IrKernel(emit)


def _start_of_part(b, block, index_type, code):
    """(bytes to where the part begins, bytes from there to its continuation)."""
    indices, nbytes, first, dimensions = (word(b, block, i) for i in (4, 6, 7, 8))
    with b.goto_entry_block():
        slots = [b.alloca(I64) for _ in range(2)]
    at, whole = slots
    b.store(index(0), at)
    b.store(index(1), whole)
    with loop(b, index(0), dimensions) as i:
        size = word(b, block, b.add(i, index(9)))
        given = load(b, indices, b.add(first, i), index_type).cast("int64")
        position = where(given < 0, given + Value(b, "int64", size), given)
        fail(b, block, b.not_(b.icmp_unsigned("<", position.ir, size)), int(code), i, given.ir)
        b.store(b.add(b.mul(b.load(at), size), position.ir), at)
        b.store(b.mul(b.load(whole), size), whole)
    return b.mul(b.load(at), nbytes), b.mul(b.load(whole), nbytes)
