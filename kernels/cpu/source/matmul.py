"""Matrix products through a CBLAS pointer. Holds no state."""

from llvmlite import ir

from .values import (
    I1,
    I32,
    IrKernel,
    Value,
    index,
    loop,
    register_type,
    store,
    word,
)

_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112


def _call(b, block, left, right, out, dtype):
    """out = left . right by the function and sizes in words 3 to 10."""
    real = register_type(dtype)
    pointer = real.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [
        I32, I32, I32, I32, I32, I32, real, pointer, I32, pointer, I32, real, pointer, I32])

    def small(position):
        return b.trunc(word(b, block, position), I32)

    def option(position):
        return b.select(b.trunc(word(b, block, position), I1),
                        ir.Constant(I32, _TRANSPOSED), ir.Constant(I32, _PLAIN))

    b.call(b.inttoptr(word(b, block, 3), kind.as_pointer()), [
        ir.Constant(I32, _ROW_MAJOR), option(7), option(8), small(4), small(5), small(6),
        ir.Constant(real, 1.0), b.inttoptr(left, pointer), small(9),
        b.inttoptr(right, pointer), small(10), ir.Constant(real, 0.0),
        b.inttoptr(out, pointer), small(17)])


def matmul(dtype):
    """out = left . right, for `count` matrices.

    Words: 0 out, 1 left, 2 right, 3 cblas function, 4 m, 5 n, 6 k, 7 transpose left, 8 transpose
    right, 9 and 10 leading dimensions, 11 count, 12 byte offset of left's first row, 13 of out's
    first element, then the bytes from one matrix to the next: 14 left, 15 right, 16 out; 17 leading
    dimension of out, 18 byte offset of right's first column.
    """
    zero = ir.Constant(register_type(dtype), 0.0)

    def emit(b, block):
        out, left, right = (word(b, block, i) for i in range(3))
        left, out = b.add(left, word(b, block, 12)), b.add(out, word(b, block, 13))
        right = b.add(right, word(b, block, 18))
        empty = b.icmp_signed("==", word(b, block, 6), index(0))
        with loop(b, index(0), word(b, block, 11)) as i:
            target = b.add(out, b.mul(i, word(b, block, 16)))
            with b.if_else(empty) as (nothing, product):
                with nothing, loop(b, index(0), b.mul(word(b, block, 4), word(b, block, 5))) as j:
                    store(b, target, j, Value(b, dtype, zero))
                with product:
                    _call(b, block, b.add(left, b.mul(i, word(b, block, 14))),
                          b.add(right, b.mul(i, word(b, block, 15))), target, dtype)

    return IrKernel(emit)
