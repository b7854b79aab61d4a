"""Several native functions as one. Holds no state."""

from llvmlite import ir

from .values import I32, I64, WORDS, IrKernel, index, loop, word


def run():
    """Calls functions in turn, until one fails.

    Words: how many, then for each its address and the distance of its block in bytes from this one.
    """
    def emit(b, block):
        base = b.ptrtoint(block, I64)
        with loop(b, index(0), word(b, block, 0)) as i:
            at = b.add(index(1), b.mul(i, index(2)))
            kind = ir.FunctionType(I32, [WORDS]).as_pointer()
            inner = b.inttoptr(b.add(base, word(b, block, b.add(at, index(1)))), WORDS)
            code = b.call(b.inttoptr(word(b, block, at), kind), [inner])
            with b.if_then(b.icmp_signed("!=", code, ir.Constant(I32, 0)), likely=False):
                b.ret(code)

    return IrKernel(emit)
