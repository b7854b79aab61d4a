"""Constant arrays, and numbers at equal distances. Holds no state."""

from math import prod

import numpy as np

from ..registry import In, Native, Out, cpu
from . import native
from .copying import copies, item_size, piece
from .elementwise import FLOATS


@cpu.kernel("Fill")
def fill(ctx):
    """The value is the second input's one element."""
    item = item_size(ctx.output_dtypes[0])
    if item is None:
        return None
    return copies(item, [piece(item, Out(0), In(1), [(prod(ctx.output_shapes[0]), 0, 1)])])


@cpu.kernel("ZerosLike", "OnesLike")
def constant_like(ctx):
    dtype = ctx.output_dtypes[0]
    item = item_size(dtype)
    if item is None or item > 8:
        return None
    number = np.array(0 if ctx.op_type == "ZerosLike" else 1, dtype.as_numpy_dtype)
    bits = int(np.frombuffer(number.tobytes() + bytes(8 - item), np.int64)[0])
    return copies(item, [piece(item, Out(0), 0, [(prod(ctx.output_shapes[0]), 0, 1)], value=bits)])


@cpu.kernel("Range", Tidx=("int32", "int64"))
def range_(ctx):
    """Of floats the number of elements is not known where the ends are not."""
    if any(ctx.input_shapes):
        return None
    code = native.function("fill.count", ctx.output_dtypes[0].name, str(native.EMPTY_RANGE))
    return Native(code, [Out(0), In(0), In(1), In(2), *ctx.output_shapes[0]])


@cpu.kernel("LinSpace", T=FLOATS)
def lin_space(ctx):
    if any(ctx.input_shapes) or ctx.output_shapes[0] == (0,):
        return None
    code = native.function("fill.lin_space", ctx.output_dtypes[0].name)
    return Native(code, [Out(0), In(0), In(1), *ctx.output_shapes[0]])
