"""Matrix products through a CBLAS pointer. Holds no state."""

from llvmlite import ir

from .values import (
    BYTES,
    I1,
    I32,
    IrKernel,
    Value,
    copy,
    index,
    loop,
    register_type,
    store,
    word,
)

_ROW_MAJOR, _PLAIN, _TRANSPOSED = 101, 111, 112


def call_blas(b, function, dtype, sizes, left, right, out, beta=0.0):
    """out = left . right + beta * out for (m, n, k).

    left, right: (address, leading dimension, whether it is transposed). out: (address, leading dimension).
    """
    real = register_type(dtype)
    pointer = real.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [
        I32, I32, I32, I32, I32, I32, real, pointer, I32, pointer, I32, real, pointer, I32])

    def small(number):
        return b.trunc(number, I32)

    def option(transposed):
        if isinstance(transposed, bool):
            return ir.Constant(I32, _TRANSPOSED if transposed else _PLAIN)
        return b.select(b.trunc(transposed, I1), ir.Constant(I32, _TRANSPOSED), ir.Constant(I32, _PLAIN))

    b.call(b.inttoptr(function, kind.as_pointer()), [
        ir.Constant(I32, _ROW_MAJOR), option(left[2]), option(right[2]), *map(small, sizes),
        ir.Constant(real, 1.0), b.inttoptr(left[0], pointer), small(left[1]),
        b.inttoptr(right[0], pointer), small(right[1]), ir.Constant(real, beta),
        b.inttoptr(out[0], pointer), small(out[1])])


def _call(b, block, left, right, out, dtype, beta):
    """out = left . right + beta * out by the function and sizes in words 3 to 10."""
    function, m, n, k, left_turned, right_turned, left_step, right_step = (word(b, block, i) for i in range(3, 11))
    call_blas(b, function, dtype, (m, n, k), (left, left_step, left_turned), (right, right_step, right_turned),
              (out, word(b, block, 17)), beta)


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
                          b.add(right, b.mul(i, word(b, block, 15))), target, dtype, 0.0)

    return IrKernel(emit)


def add_product(dtype):
    """out = total + left . right. Words as for `matmul`, with a count of 1; then 19 the total, which may be out."""

    def emit(b, block):
        out, left, right, total = (word(b, block, i) for i in (0, 1, 2, 19))
        rows, columns, k, step = (word(b, block, i) for i in (4, 5, 6, 17))
        start = word(b, block, 13)
        target = b.add(out, start)
        with b.if_then(b.icmp_signed("!=", total, out)), loop(b, index(0), rows) as row:
            line = b.add(start, b.mul(b.mul(row, step), index(BYTES[dtype])))
            copy(b, b.add(out, line), b.add(total, line), b.mul(columns, index(BYTES[dtype])))
        with b.if_then(b.icmp_signed(">", k, index(0))):
            _call(b, block, b.add(left, word(b, block, 12)), b.add(right, word(b, block, 18)), target, dtype, 1.0)

    return IrKernel(emit)
