"""Padding with constants: the border is filled and the input copied, each element written once. Reversals. Holds no
state."""

from math import prod

import numpy as np

from ..registry import In, Out, cpu
from .copying import copies, dense_steps, item_size, piece
from .slicing import copy_of_view


def _slabs(shape, pads):
    """What surrounds the input, as (offset, sizes) of boxes in the result, none in another."""
    steps, start, sizes = dense_steps(shape), 0, list(shape)
    for axis, (before, after) in enumerate(pads):
        inside = shape[axis] - before - after
        for offset, width in ((0, before), (before + inside, after)):
            if width:
                yield start + offset * steps[axis], [*sizes[:axis], width, *sizes[axis + 1:]]
        start += before * steps[axis]
        sizes[axis] = inside


def _pad(ctx, source, value):
    pads, item, shape = ctx.value(1), item_size(ctx.output_dtypes[0]), ctx.output_shapes[0]
    if pads is None or item is None or prod(shape) == 0:
        return None
    steps, given = dense_steps(shape), ctx.input_shapes[0]
    pieces = [piece(item, Out(0), source, [(size, 0, step) for size, step in zip(sizes, steps, strict=True)],
                    target_offset=offset, value=value)
              for offset, sizes in _slabs(shape, pads.tolist())]
    start = int(np.dot(pads[:, 0], steps)) if steps else 0
    dims = list(zip(given, dense_steps(given), steps, strict=True))
    return copies(item, [*pieces, piece(item, Out(0), In(0), dims, target_offset=start)])


@cpu.kernel("Pad")
def pad(ctx):
    return _pad(ctx, 0, 0)


@cpu.kernel("PadV2")
def pad_v2(ctx):
    return _pad(ctx, In(2), 0) if ctx.input_shapes[2] == () else None


@cpu.kernel("ReverseV2")
def reverse(ctx):
    """Some dimensions backwards."""
    shape, axes = ctx.input_shapes[0], ctx.value(1)
    if axes is None or axes.ndim != 1 or any(not -len(shape) <= axis < len(shape) for axis in axes.tolist()):
        return None
    axes = [axis % len(shape) for axis in axes.tolist()]
    if len(set(axes)) < len(axes):
        return None         # the reference kernel words the error
    return copy_of_view(ctx, tuple(slice(None, None, -1 if i in axes else 1) for i in range(len(shape))))
