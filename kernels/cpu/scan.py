"""Cumulative sums, products and sums of powers along an axis. Holds no state."""

from math import prod

from ..registry import In, Out, cpu
from . import native, pool
from .elementwise import FLOATS, NUMBERS


@cpu.kernel("Cumsum", "Cumprod", T=NUMBERS)
def scan(ctx):
    axis, shape = ctx.value(1), ctx.input_shapes[0]
    if axis is None or axis.shape or not -len(shape) <= axis < len(shape):
        return None
    axis = int(axis) % len(shape)
    code = native.function("scan.scan", ctx.op_type, ctx.output_dtypes[0].name,
                           *(name for name in ("exclusive", "reverse") if ctx.attr(name)))
    outer, inner = prod(shape[:axis]), prod(shape[axis + 1:])
    words = [0, outer if prod(shape) else 0, Out(0), In(0), shape[axis], inner]
    return pool.split(code, words, 0, outer, prod(shape) * (3 if inner == 1 else 1), ctx.threads)


cpu.kernel("CumulativeLogsumexp", T=FLOATS)(scan)
