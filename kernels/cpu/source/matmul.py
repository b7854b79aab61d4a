"""Matrix products through a CBLAS pointer. Holds no state."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .memory import TYPES, store

_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112


@intrinsic
def gemm(typing, block, left, right, out, real):
    """out = left . right by the CBLAS function and the sizes in `block` (words 3 to 10)."""
    element = real.dtype

    def generate(context, builder, signature, arguments):
        words, a, b, c, _ = arguments
        number, i32 = context.get_data_type(element), ir.IntType(32)
        pointer = number.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [
            i32, i32, i32, i32, i32, i32, number, pointer, i32, pointer, i32, number, pointer, i32])

        def word(index):
            return builder.load(builder.gep(words, [ir.Constant(ir.IntType(64), index)]))

        def small(index):
            return builder.trunc(word(index), i32)

        def option(index):
            return builder.select(builder.trunc(word(index), ir.IntType(1)),
                                  ir.Constant(i32, _TRANSPOSED), ir.Constant(i32, _PLAIN))

        builder.call(builder.inttoptr(word(3), kind.as_pointer()), [
            ir.Constant(i32, _ROW_MAJOR), option(7), option(8), small(4), small(5), small(6),
            ir.Constant(number, 1.0), builder.inttoptr(a, pointer), small(9),
            builder.inttoptr(b, pointer), small(10), ir.Constant(number, 0.0),
            builder.inttoptr(c, pointer), small(5)])
        return context.get_dummy_value()

    return types.void(block, types.int64, types.int64, types.int64, real), generate


def matmul(dtype):
    """out = left . right, for `count` matrices.

    Words: 0 out, 1 left, 2 right, 3 cblas function, 4 m, 5 n, 6 k, 7 transpose left, 8 transpose
    right, 9 and 10 leading dimensions, 11 count, 12 byte offset of left's first row, 13 of out's,
    then the bytes from one matrix to the next: 14 left, 15 right, 16 out.
    """
    kind = TYPES[dtype]
    zero = np.dtype(dtype).type(0)

    def kernel(block):
        left, right, out = block[1] + block[12], block[2], block[0] + block[13]
        m, n, k = block[4], block[5], block[6]
        for i in range(block[11]):
            target = out + i * block[16]
            if k == 0:
                for j in range(m * n):
                    store(target, j, zero)
            else:
                gemm(block, left + i * block[14], right + i * block[15], target, kind)
        return types.int32(0)

    return kernel
