"""Elementwise functions of two tensors with broadcasting, and AddN. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native, pool
from .elementwise import FLOATS, NUMBERS, op

cpu.kernel("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference", T=NUMBERS)(op)
cpu.kernel("RealDiv", "Div", "FloorDiv", "Pow", "Mod", "TruncateMod", "FloorMod", T=FLOATS)(op)

_DIVISIONS = {"Div": "TruncateDiv", "Mod": "TruncateMod"}


@cpu.kernel("Div", "TruncateDiv", "FloorDiv", "Mod", "TruncateMod", "FloorMod", T=("int32", "int64"))
def divide_integers(ctx):
    size, steps = prod(ctx.output_shapes[0]), []
    for shape in ctx.input_shapes:
        if prod(shape) not in (1, size):
            return None     # repeats rows, which is rare: the reference kernel's
        steps.append(int(prod(shape) == size))
    code = native.function("integer_division.divide", _DIVISIONS.get(ctx.op_type, ctx.op_type),
                           ctx.output_dtypes[0].name, str(native.DIVISION_BY_ZERO))
    return Native(code, [0, 0, size, Out(0), In(0), steps[0], In(1), steps[1]])


@cpu.kernel("AddN", T=NUMBERS)
def add_n(ctx):
    code, size = native.function("elementwise.add_n", ctx.output_dtypes[0].name), prod(ctx.output_shapes[0])
    words = [Out(0), 0, size, ctx.num_inputs, *map(In, range(ctx.num_inputs))]
    return pool.split(code, words, 1, size, size * ctx.num_inputs, ctx.threads)
