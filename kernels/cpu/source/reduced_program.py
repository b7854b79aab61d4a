"""Reductions of what an elementwise program computes, which never goes to memory. Holds no state.

A block of a row is computed into scratch that stays in the cache and combined from there, in the order
in which `reduction.rows` combines what is in memory: the bits are those of the two kernels in turn.
"""

from llvmlite import ir

from .elementwise import Program
from .reduction import BLOCK, combine, divisor_word, finish, row, start_of, wide_type
from .values import IrKernel, Value, advance, blocks, index, loop, register_type, store, word
from .vectors import steps as steps_of

_FIXED_WORDS = 6


def rows(op, dtype, operands, steps, result, lanes):
    """out[i] reduces row i of a program's value `result`, computed in vectors of so many lanes if not 0.

    Words: out, first, last (of i), row length, divisor, scratch of a block; the Program's.
    """
    wide = wide_type(op, dtype)

    def emit(b, block):
        out, first, last, length = (word(b, block, i) for i in range(4))
        divisor, scratch = divisor_word(b, block, 4, op), word(b, block, 5)
        work = Program(b, block, operands, steps, _FIXED_WORDS, int(lanes))
        slot = b.alloca(register_type(wide))
        with loop(b, first, last) as i:
            work.begin(i)
            b.store(ir.Constant(register_type(wide), start_of(op, wide)), slot)
            with blocks(b, index(0), length, index(BLOCK)) as (begin, end):
                _compute(b, work, int(result), scratch, begin, end)
                part = row(b, op, scratch, b.sub(end, begin), dtype, again=True)
                b.store(combine(op, Value(b, wide, b.load(slot)), part.cast(wide)).ir, slot)
            store(b, out, i, finish(Value(b, wide, b.load(slot)), divisor, dtype))

    return IrKernel(emit)


def _compute(b, work, result, scratch, begin, end):
    """Puts a block of the program's value into scratch, which has room for whole vectors."""
    if work.vectors is None:
        with loop(b, begin, end) as column:
            store(b, scratch, b.sub(column, begin), work.values(column)[result])
        return
    v = work.vectors

    def put(column, mask):
        v.store(work.values(column, mask)[result].ir, advance(b, scratch, b.sub(column, begin), v.dtype))

    with steps_of(b, begin, end, v.lanes) as (column, last):
        put(column, None)
    with b.if_then(b.icmp_signed("<", last, end)):
        put(last, v.mask(b.sub(end, last)))
