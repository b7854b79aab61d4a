"""One-hot vectors, and places in sorted rows. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .copying import item_size
from .elementwise import NUMBERS


@cpu.kernel("OneHot")
def one_hot(ctx):
    """Indices out of range give no hot element."""
    depth, item, indices = ctx.value(1), item_size(ctx.output_dtypes[0]), ctx.input_shapes[0]
    if depth is None or item not in (1, 2, 4, 8) or ctx.input_shapes[2] or ctx.input_shapes[3]:
        return None
    axis = ctx.attr("axis") % (len(indices) + 1)
    code = native.function("copying.one_hot", str(item), ctx.input_dtypes[0].name)
    return Native(code, [Out(0), In(0), In(2), In(3), prod(indices[:axis]), int(depth), prod(indices[axis:])])


@cpu.kernel("LowerBound", "UpperBound", T=NUMBERS)
def search(ctx):
    rows, values = ctx.input_shapes
    if len(rows) != 2 or len(values) != 2 or rows[0] != values[0]:
        return None
    code = native.function("selecting.search", ctx.op_type, ctx.input_dtypes[0].name, ctx.output_dtypes[0].name)
    return Native(code, [Out(0), In(0), In(1), rows[0], rows[1], values[1]])
