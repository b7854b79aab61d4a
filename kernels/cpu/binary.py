"""Elementwise functions of two tensors with broadcasting, and AddN. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .elementwise import FLOATS, NUMBERS, op

cpu.kernel("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference", T=NUMBERS)(op)
# Integer division can fail and rounds differently: it is the reference kernel's.
cpu.kernel("RealDiv", "Div", "FloorDiv", "DivNoNan", "Pow", T=FLOATS)(op)


@cpu.kernel("AddN", T=NUMBERS)
def add_n(ctx):
    code = native.function("elementwise.add_n", ctx.output_dtypes[0].name)
    return Native(code, [Out(0), 0, prod(ctx.output_shapes[0]), ctx.num_inputs,
                         *map(In, range(ctx.num_inputs))])
