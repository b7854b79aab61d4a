"""What indices name is picked or updated, every index checked before memory is touched. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native
from .copying import item_size
from .elementwise import NUMBERS


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


def gather_batches(ctx, axis, batch_dims):
    """The same within each of the leading parts of both."""
    params, indices = ctx.input_shapes[:2]
    batch_dims += len(indices) if batch_dims < 0 else 0
    if not batch_dims:
        return gather_along(ctx, axis)
    item = item_size(ctx.output_dtypes[0])
    if item is None or not 0 < batch_dims <= min(axis, len(indices)) or params[:batch_dims] != indices[:batch_dims]:
        return None
    code = native.function("copying.gather_batches", ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), In(0), In(1), prod(params[:batch_dims]), prod(params[batch_dims:axis]),
                         params[axis], prod(indices[batch_dims:]), prod(params[axis + 1:]) * item])


@cpu.kernel("Gather")
def gather(ctx):
    return gather_along(ctx, 0)


@cpu.kernel("GatherV2")
def gather_v2(ctx):
    axis, rank = ctx.value(2), len(ctx.input_shapes[0])
    if axis is None or not -rank <= int(axis) < rank:
        return None
    return gather_batches(ctx, int(axis) % rank, ctx.attr("batch_dims"))


def _vectors(indices, shape):
    """(how many index vectors, the dimensions that they index, elements of a slice); None if they do not fit."""
    if not indices or indices[-1] > len(shape) or 0 in shape:
        return None
    return prod(indices[:-1]), shape[:indices[-1]], prod(shape[indices[-1]:])


def gather_slices(ctx):
    """Kernel that picks the slices of In(0) that index vectors, In(1), name."""
    item, vectors = item_size(ctx.output_dtypes[0]), _vectors(ctx.input_shapes[1], ctx.input_shapes[0])
    if item is None or vectors is None:
        return None
    count, sizes, length = vectors
    code = native.function("index_vectors.gather", str(item), ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), In(0), In(1), count, len(sizes), length * item, 0, *sizes])


cpu.kernel("GatherNd")(gather_slices)


def scatter_slices(ctx, op, x, first=1):
    """Kernel that updates slices of `x` (an input, or 0: zeros): In(first) are their index vectors, In(first + 1) the
    updates.
    """
    indices, updates = ctx.input_shapes[first:first + 2]
    shape, dtype = ctx.output_shapes[0], ctx.input_dtypes[first + 1]
    item, vectors = item_size(dtype), _vectors(indices, shape)
    if item not in (1, 2, 4, 8) or vectors is None or updates != indices[:-1] + shape[indices[-1]:]:
        return None
    count, sizes, length = vectors
    code = native.function("index_vectors.scatter", op, f"int{8 * item}" if op == "Update" else dtype.name,
                           ctx.input_dtypes[first].name, str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), x, In(first), count, len(sizes), length, prod(shape) * item, *sizes,
                         In(first + 1)])


@cpu.kernel("ScatterNd", T=NUMBERS)
def scatter_nd(ctx):
    return scatter_slices(ctx, "Add", 0, first=0)


def _tensor_scatter(ctx, op):
    kernel = scatter_slices(ctx, op, In(0))
    if kernel is not None:
        kernel.in_place = ((0, 0),)
    return kernel


for _op, _rule in (("TensorScatterAdd", "Add"), ("TensorScatterSub", "Sub"), ("ScatterNdNonAliasingAdd", "Add")):
    cpu.kernel(_op, T=NUMBERS)(lambda ctx, _rule=_rule: _tensor_scatter(ctx, _rule))
cpu.kernel("TensorScatterUpdate")(lambda ctx: _tensor_scatter(ctx, "Update"))
