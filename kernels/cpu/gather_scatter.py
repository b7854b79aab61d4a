"""Rows picked by indices, every index checked before memory is touched. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .copying import item_size


def gather_along(ctx, axis):
    """Kernel that picks, along an axis of In(0), what In(1) names; None if elements are no plain memory."""
    item = item_size(ctx.output_dtypes[0])
    if item is None:
        return None
    params, indices = ctx.input_shapes[:2]
    code = native.function("copying.gather", ctx.input_dtypes[1].name,
                           str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), In(0), In(1), prod(params[:axis]), params[axis],
                         prod(indices), prod(params[axis + 1:]) * item])


@cpu.kernel("Gather")
def gather(ctx):
    return gather_along(ctx, 0)


@cpu.kernel("GatherV2")
def gather_v2(ctx):
    axis, rank = ctx.value(2), len(ctx.input_shapes[0])
    if axis is None or ctx.attr("batch_dims") != 0 or not -rank <= int(axis) < rank:
        return None
    return gather_along(ctx, int(axis) % rank)
