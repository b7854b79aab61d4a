"""Comparisons, boolean logic and selection. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, NUMBERS, op

cpu.kernel("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", T=NUMBERS)(op)
cpu.kernel("IsNan", "IsInf", "IsFinite", T=FLOATS)(op)
cpu.kernel("LogicalAnd", "LogicalOr", "LogicalNot")(op)
cpu.kernel("SelectV2", T=NUMBERS)(op)


@cpu.kernel("Select", T=NUMBERS)
def select(ctx):
    """A vector condition chooses rows: it broadcasts along the last dimensions, not the first."""
    condition, shape = ctx.input_shapes[0], ctx.output_shapes[0]
    if condition not in ((), shape):
        ctx.input_shapes[0] = condition + (1,) * (len(shape) - len(condition))
    return op(ctx)
