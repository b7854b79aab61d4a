"""Assertions and checks. Hold no state."""

from llvmlite import ir

from .values import BYTES, I32, IrKernel, copy, fail, index, load, loop, word


def holds(code):
    """Fails with `code` if a bool is false. Words: 0 and 1 unused, 2 its address."""
    def emit(b, block):
        condition = load(b, word(b, block, 2), index(0), "bool")
        fail(b, block, b.not_(condition.ir), int(code))

    return IrKernel(emit)


def is_finite(dtype, code):
    """Copies numbers; fails with `code` if one is not finite. Words: 0 and 1 unused, out (may be x), x, length."""
    def emit(b, block):
        out, x, length = (word(b, block, i) for i in range(2, 5))
        with b.goto_entry_block():
            found = b.alloca(I32)
        b.store(ir.Constant(I32, 0), found)
        with loop(b, index(0), length) as i:
            value = load(b, x, i, dtype)
            b.store(b.or_(b.load(found), b.zext((value - value != 0.0).ir, I32)), found)
        fail(b, block, b.icmp_signed("!=", b.load(found), ir.Constant(I32, 0)), int(code))
        with b.if_then(b.icmp_signed("!=", out, x)):
            copy(b, out, x, b.mul(length, index(BYTES[dtype])))

    return IrKernel(emit)
