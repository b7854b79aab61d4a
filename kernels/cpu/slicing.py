"""Slices with constant bounds. Holds no state."""

import numpy as np

from ..registry import In, Out, cpu
from .copying import copies, dense_steps, item_size, piece


def _copy_of_view(ctx, key):
    """The kernel that copies NumPy's `input[key]`: NumPy itself says where that lies."""
    item, shape = item_size(ctx.output_dtypes[0]), ctx.input_shapes[0]
    if item is None:
        return None
    anchor = np.empty(1, np.int8)       # never read: only offsets and strides matter
    whole = np.lib.stride_tricks.as_strided(anchor, shape, dense_steps(shape), writeable=False)
    try:
        # With an ellipsis NumPy gives a view even of one element, not a copy of it elsewhere.
        view = whole[key if Ellipsis in key else (*key, ...)]
    except IndexError:
        return None                     # the reference kernel words the error
    if view.size and view.size != np.prod(ctx.output_shapes[0], dtype=np.int64):
        return None
    start = view.__array_interface__["data"][0] - anchor.__array_interface__["data"][0]
    dims = list(zip(view.shape, view.strides, dense_steps(view.shape), strict=True))
    return copies(item, [piece(item, Out(0), In(0), dims,
                               source_offset=start if view.size else 0)])


@cpu.kernel("Slice")
def slice_(ctx):
    begin = ctx.value(1)
    if begin is None:
        return None
    return _copy_of_view(ctx, tuple(slice(b, b + size) for b, size in zip(
        begin.tolist(), ctx.output_shapes[0], strict=True)))


@cpu.kernel("StridedSlice")
def strided_slice(ctx):
    begin, end, strides = (ctx.value(i) for i in (1, 2, 3))
    if begin is None or end is None or strides is None:
        return None
    key = []
    for i, (first, last, step) in enumerate(zip(
            begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        def has(mask, bit=1 << i):
            return bool(ctx.attr(mask) & bit)

        if has("ellipsis_mask"):
            key.append(Ellipsis)
        elif has("new_axis_mask"):
            key.append(None)
        elif has("shrink_axis_mask"):
            key.append(first)
        else:
            key.append(slice(None if has("begin_mask") else first,
                             None if has("end_mask") else last, step))
    return _copy_of_view(ctx, tuple(key))
