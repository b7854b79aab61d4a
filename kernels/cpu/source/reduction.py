"""Reductions: along rows, and down columns. Hold no state.

The order of summation is fixed by the shape alone. float32 sums go up in 64 lanes over blocks of
4096 elements (or 64 rows), and blocks add up in float64: the error stays below that of pairwise
summation. Max and Min give NaN if any element is NaN.
"""

from llvmlite import ir

from .values import (
    BYTES,
    IrKernel,
    Value,
    advance,
    blocks,
    double_word,
    index,
    load,
    loop,
    mark_input,
    register_type,
    store,
    where,
    word,
)

_LANES, _UNROLL = 16, 4
BLOCK = 4096        # elements of a row that are combined before they meet the wide total
_BLOCK_ROWS = 64
COLUMNS = 1024      # columns reduced together; the scratch holds twice so many numbers


def start_of(op, dtype):
    """The neutral element of a reduction."""
    if op in ("Sum", "Prod"):
        return 0 if op == "Sum" else 1
    if dtype.startswith("float"):
        return float("-inf") if op == "Max" else float("inf")
    bits = 8 * BYTES[dtype]
    low, high = (0, 2 ** bits - 1) if dtype[0] == "u" else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)
    return low if op == "Max" else high


def wide_type(op, dtype):
    """The dtype in which blocks are combined."""
    return "float64" if dtype == "float32" and op in ("Sum", "Prod") else dtype


def combine(op, x, y):
    """x and y (Values) combined; also of Values that hold vectors."""
    if op == "Sum":
        return x + y
    if op == "Prod":
        return x * y
    if op == "Max":
        chosen = y > x
    else:
        chosen = y < x
    return where(chosen | (y != y) if x.is_float else chosen, y, x)


def row(b, op, address, length, dtype, again=False):
    """The reduction of `length` elements at `address`, as a Value. The lanes' order is fixed."""
    vector = ir.VectorType(register_type(dtype), _LANES)
    start = start_of(op, dtype)
    neutral = ir.Constant(vector, [ir.Constant(register_type(dtype), start)] * _LANES)
    with b.goto_entry_block():
        slots = [b.alloca(vector) for _ in range(_UNROLL)]
        total = b.alloca(register_type(dtype))
    for slot in slots:
        b.store(neutral, slot)
    step = _LANES * _UNROLL
    whole = b.and_(length, index(-step))

    def add(slot, position):
        pointer = b.inttoptr(advance(b, address, position, dtype), vector.as_pointer())
        loaded = b.load(pointer, align=BYTES[dtype])
        if not again:
            mark_input(b.module, loaded)
        b.store(combine(op, Value(b, dtype, b.load(slot)), Value(b, dtype, loaded)).ir, slot)

    with loop(b, index(0), b.sdiv(whole, index(step))) as k:
        for lane, slot in enumerate(slots):
            add(slot, b.add(b.mul(k, index(step)), index(lane * _LANES)))
    vectors = b.and_(length, index(-_LANES))
    with loop(b, b.sdiv(whole, index(_LANES)), b.sdiv(vectors, index(_LANES))) as k:
        add(slots[0], b.mul(k, index(_LANES)))
    values = [Value(b, dtype, b.load(slot)) for slot in slots]
    while len(values) > 1:
        values = [combine(op, x, y) for x, y in zip(values[::2], values[1::2], strict=True)]
    b.store(_across(b, op, values[0]).ir, total)
    with loop(b, vectors, length) as i:
        tail = load(b, address, i, dtype, again)
        b.store(combine(op, Value(b, dtype, b.load(total)), tail).ir, total)
    return Value(b, dtype, b.load(total))


def _across(b, op, value):
    """The lanes of a vector combined, halves first."""
    width = _LANES
    while width > 1:
        width //= 2
        halves = [b.shuffle_vector(value.ir, ir.Constant(value.ir.type, ir.Undefined),
                                   ir.Constant(ir.VectorType(ir.IntType(32), width), mask))
                  for mask in (list(range(width)), list(range(width, 2 * width)))]
        value = combine(op, *(Value(b, value.dtype, half) for half in halves))
    return value.new(b.extract_element(value.ir, ir.Constant(ir.IntType(32), 0)))


def long_row(b, op, address, length, dtype, slot):
    """Combines `length` elements at `address` into the wide Value in `slot`, block by block."""
    wide = wide_type(op, dtype)
    with blocks(b, index(0), length, index(BLOCK)) as (begin, end):
        part = row(b, op, advance(b, address, begin, dtype), b.sub(end, begin), dtype)
        b.store(combine(op, Value(b, wide, b.load(slot)), part.cast(wide)).ir, slot)


def finish(value, divisor, dtype):
    """The result of a reduction from its wide value: Mean is Sum with a divisor."""
    if divisor is None or not dtype.startswith("float"):
        return value.cast(dtype)
    return (value / divisor.cast(value.dtype)).cast(dtype)


def divisor_word(b, block, position, op):
    """What a float sum is divided by, if the reduction is one."""
    return double_word(b, block, position) if op == "Sum" else None


def rows(op, dtype):
    """out[i] reduces x[s, i, :] over all segments s.

    Words: out, x, first, last (of i), row length, segments, elements from one segment to the next,
    divisor.
    """
    wide = wide_type(op, dtype)

    def emit(b, block):
        out, x, first, last, length, segments, stride = (word(b, block, i) for i in range(7))
        divisor = divisor_word(b, block, 7, op)
        slot = b.alloca(register_type(wide))
        with loop(b, first, last) as i:
            b.store(ir.Constant(register_type(wide), start_of(op, wide)), slot)
            begin = advance(b, x, b.mul(i, length), dtype)
            with loop(b, index(0), segments) as s:
                long_row(b, op, advance(b, begin, b.mul(s, stride), dtype), length, dtype, slot)
            total = Value(b, wide, b.load(slot))
            store(b, out, i, finish(total, divisor, dtype))

    return IrKernel(emit)


def columns(op, dtype):
    """out[o, i] reduces x[o, :, i].

    Words: out, x, first, last (of o), rows, columns, first and last column, divisor, scratch of
    COLUMNS elements of dtype, scratch of COLUMNS elements of the wide type.
    """
    wide = wide_type(op, dtype)

    def emit(b, block):
        out, x, first, last, count, width, left, right = (word(b, block, i) for i in range(8))
        divisor = divisor_word(b, block, 8, op)
        part, total = word(b, block, 9), word(b, block, 10)
        neutral = [Value(b, kind, ir.Constant(register_type(kind), start_of(op, kind)))
                   for kind in (dtype, wide)]
        with loop(b, first, last) as o, blocks(b, left, right, index(COLUMNS)) as (begin, end):
            size = b.sub(end, begin)
            corner = b.add(b.mul(o, b.mul(count, width)), begin)
            with loop(b, index(0), size) as i:
                store(b, total, i, neutral[1])
            with blocks(b, index(0), count, index(_BLOCK_ROWS)) as (top, bottom):
                with loop(b, index(0), size) as i:
                    store(b, part, i, neutral[0])
                _add_rows(b, op, dtype, part, size, x, corner, width, top, bottom)
                with loop(b, index(0), size) as i:
                    old = load(b, total, i, wide, again=True)
                    new = load(b, part, i, dtype, again=True).cast(wide)
                    store(b, total, i, combine(op, old, new))
            target = advance(b, out, b.add(b.mul(o, width), begin), dtype)
            with loop(b, index(0), size) as i:
                value = load(b, total, i, wide, again=True)
                store(b, target, i, finish(value, divisor, dtype))

    return IrKernel(emit)


def _add_rows(b, op, dtype, part, size, x, corner, width, top, bottom):
    """part[i] combines x[corner + r * width + i] for r in [top, bottom), four rows at a time."""
    fours = b.sdiv(b.sub(bottom, top), index(4))

    def address(r):
        return advance(b, x, b.add(corner, b.mul(r, width)), dtype)

    with loop(b, index(0), fours) as k:
        r = b.add(top, b.mul(k, index(4)))
        at = [address(b.add(r, index(j))) for j in range(4)]
        with loop(b, index(0), size) as i:
            values = [load(b, place, i, dtype) for place in at]
            new = combine(op, combine(op, values[0], values[1]),
                          combine(op, values[2], values[3]))
            store(b, part, i, combine(op, load(b, part, i, dtype, again=True), new))
    with loop(b, b.add(top, b.mul(fours, index(4))), bottom) as r:
        at = address(r)
        with loop(b, index(0), size) as i:
            store(b, part, i, combine(op, load(b, part, i, dtype, again=True),
                                      load(b, at, i, dtype)))


def arg(op, dtype, result):
    """out[i] = position of the first largest (op "Max") or smallest element of row i.

    NaN is never chosen unless a row has nothing else; then the position is 0. Words: out, x,
    first, last (of i), row length.
    """
    def emit(b, block):
        out, x, first, last, length = (word(b, block, i) for i in range(5))
        best, place = b.alloca(register_type(dtype)), b.alloca(length.type)
        with loop(b, first, last) as i:
            begin = advance(b, x, b.mul(i, length), dtype)
            b.store(ir.Constant(register_type(dtype), start_of(op, dtype)), best)
            with loop(b, index(0), length) as j:
                old, new = Value(b, dtype, b.load(best)), load(b, begin, j, dtype)
                b.store(where(new > old if op == "Max" else new < old, new, old).ir, best)
            extreme = Value(b, dtype, b.load(best))
            b.store(length, place)
            with loop(b, index(0), length) as j:
                chosen = b.select((load(b, begin, j, dtype) == extreme).ir, j, length)
                old = b.load(place)
                b.store(b.select(b.icmp_signed("<", chosen, old), chosen, old), place)
            found = b.load(place)
            found = b.select(b.icmp_signed("==", found, length), index(0), found)
            store(b, out, i, Value(b, "int64", found).cast(result))

    return IrKernel(emit)
