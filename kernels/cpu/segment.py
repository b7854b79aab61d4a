"""Unsorted segments: sums, which add up sparse gradients, products and extremes. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .elementwise import NUMBERS


@cpu.kernel(*(f"UnsortedSegment{kind}" for kind in ("Sum", "Prod", "Max", "Min")), T=NUMBERS)
def unsorted_segment(ctx):
    data, ids = ctx.input_shapes[:2]
    if data[:len(ids)] != ids:
        return None
    kind = ctx.op_type.removeprefix("UnsortedSegment")
    code = native.function("segment.unsorted", kind, ctx.output_dtypes[0].name, ctx.input_dtypes[1].name,
                           str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), In(0), In(1), ctx.output_shapes[0][0], prod(ids),
                         prod(data[len(ids):])])
