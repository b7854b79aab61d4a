"""The gradient of concatenation, dense and sparse; registered in `join_split.py`.

Holds no state.
"""

from graphflow.framework import raw_ops
from graphflow.framework.api import lookup
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import IndexedSlices
from graphflow.ops.constant import constant
from graphflow.ops.shape_ops import squeeze
from graphflow.ops.shape_tensors import rank, shape
from graphflow.ops.slicing import slice as slice_op


def concat_grad(grad, values, axis):
    """The parts of `grad` (Tensor or IndexedSlices) that belong to each of `values`."""
    if isinstance(grad, IndexedSlices):
        return _concat_slices_grad(grad, values, axis)
    axis = axis % rank(values[0])
    sizes = _shapes_of(values)
    if len(sizes) > 16:  # one split is cheaper than many slices
        lengths = squeeze(slice_op(lookup("stack")(sizes, axis=1), [axis, 0], [1, -1]))
        return lookup("split")(grad, lengths, axis)
    offsets = raw_ops.ConcatOffset(axis, sizes)
    return [slice_op(grad, begin, size) for begin, size in zip(offsets, sizes)]


def _shapes_of(values):
    sizes = []
    for value in values:
        size = shape(value)
        if size.op.type != "Const":
            return raw_ops.ShapeN(values)
        sizes.append(size)
    return sizes


def _concat_slices_grad(grad, values, axis):
    known = constant_value(axis)
    if known is None:
        raise ValueError("Can only compute IndexedSlices gradient with statically-known concat_dim")
    if known < 0 and values[0]._shape is None:
        raise ValueError(
            "Can only compute IndexedSlices gradient with negative concat_dim when first "
            "value rank is "
            "statically-known."
        )
    known = int(known) % len(values[0]._shape) if known < 0 else int(known)
    sizes = [shape(value) for value in values]
    return _columns_grad(grad, sizes, known) if known > 0 else _rows_grad(grad, sizes)


def _columns_grad(grad, sizes, axis):
    """Every part has all rows of `grad`, and its own range of axis `axis`."""
    fill, concat_ = lookup("fill"), lookup("concat")
    ndims = shape(sizes[0])
    mask = concat_([fill([axis], 0), [1], fill(ndims - axis - 1, 0)], 0)
    begin, parts = fill(ndims, 0), []
    for size in sizes:
        rows = slice_op(grad.values, begin, concat_([[-1], slice_op(size, [1], [-1])], 0))
        parts.append(IndexedSlices(rows, grad.indices, size))
        begin = begin + size * mask
    return parts


def _rows_grad(grad, sizes):
    """Every part has those rows of `grad` that fall into its range."""
    gather, dtype, parts = lookup("gather"), grad.indices.dtype.base_dtype, []
    start = constant(0, dtype=dtype)
    for size in sizes:
        end = start + lookup("cast")(size[0], dtype)
        inside = lookup("logical_and")(grad.indices >= start, grad.indices < end)
        chosen = squeeze(lookup("where")(inside), axis=[1])
        parts.append(
            IndexedSlices(gather(grad.values, chosen), gather(grad.indices, chosen) - start, size)
        )
        start = end
    return parts
