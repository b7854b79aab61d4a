"""Elementwise functions of two tensors with broadcasting, and AddN. Holds no state."""

from math import prod

from ..registry import In, Out, cpu
from . import native, pool
from .elementwise import FLOATS, NUMBERS, op

cpu.kernel("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference", T=NUMBERS)(op)
# Integer division can fail and rounds differently: it is the reference kernel's.
cpu.kernel("RealDiv", "Div", "FloorDiv", "DivNoNan", "Pow", T=FLOATS)(op)


@cpu.kernel("AddN", T=NUMBERS)
def add_n(ctx):
    code, size = native.function("elementwise.add_n", ctx.output_dtypes[0].name), prod(ctx.output_shapes[0])
    words = [Out(0), 0, size, ctx.num_inputs, *map(In, range(ctx.num_inputs))]
    return pool.split(code, words, 1, size, size * ctx.num_inputs, ctx.threads)
