"""Reductions of what an elementwise program computes, which never goes to memory. Holds no state.

A block of a row is computed into scratch that stays in the cache and combined from there, in the order
in which `reduction.rows` combines what is in memory: the bits are those of the two kernels in turn.
"""

from llvmlite import ir

from .elementwise import Program
from .reduction import BLOCK, combine, divisor_word, finish, row, start_of, wide_type
from .values import IrKernel, Value, blocks, index, loop, register_type, store, word

_FIXED_WORDS = 6


def rows(op, dtype, operands, steps, result):
    """out[i] reduces row i of a program's value `result`.

    Words: out, first, last (of i), row length, divisor, scratch of a block; the Program's.
    """
    wide = wide_type(op, dtype)

    def emit(b, block):
        out, first, last, length = (word(b, block, i) for i in range(4))
        divisor, scratch = divisor_word(b, block, 4, op), word(b, block, 5)
        work = Program(b, block, operands, steps, _FIXED_WORDS)
        slot = b.alloca(register_type(wide))
        with loop(b, first, last) as i:
            work.begin(i)
            b.store(ir.Constant(register_type(wide), start_of(op, wide)), slot)
            with blocks(b, index(0), length, index(BLOCK)) as (begin, end):
                with loop(b, begin, end) as column:
                    store(b, scratch, b.sub(column, begin), work.values(column)[int(result)])
                part = row(b, op, scratch, b.sub(end, begin), dtype, again=True)
                b.store(combine(op, Value(b, wide, b.load(slot)), part.cast(wide)).ir, slot)
            store(b, out, i, finish(Value(b, wide, b.load(slot)), divisor, dtype))

    return IrKernel(emit)
