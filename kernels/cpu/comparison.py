"""Comparisons, boolean logic and selection. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .elementwise import NUMBERS, binary

cpu.kernel("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", T=NUMBERS)(binary)
cpu.kernel("LogicalAnd", "LogicalOr")(binary)


@cpu.kernel("Select", "SelectV2", T=NUMBERS)
def select(ctx):
    """Operands of one shape; what broadcasts is left to the reference kernel."""
    shape = ctx.output_shapes[0]
    if any(other != shape for other in ctx.input_shapes):
        return None
    code = native.function("elementwise.select", ctx.output_dtypes[0].name)
    return Native(code, [Out(0), In(0), In(1), In(2), 0, prod(shape)])
