"""Padding with constants: the border is filled and the input copied, each element written once. Padding with mirror
images, reversals and rotations. Holds no state."""

from itertools import product
from math import prod

import numpy as np

from ..registry import In, Native, Out, cpu
from . import native
from .copying import copies, dense_steps, item_size, merged, piece
from .elementwise import FLOATS
from .slicing import copy_of_view

_MOST_PIECES = 81       # of which a mirrored image consists: three along each padded axis


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
    if item is None or prod(shape) == 0:
        return None
    if pads is None:
        return _window(ctx, item, shape, source, value)
    steps, given = dense_steps(shape), ctx.input_shapes[0]
    pieces = [piece(item, Out(0), source, [(size, 0, step) for size, step in zip(sizes, steps, strict=True)],
                    target_offset=offset, value=value)
              for offset, sizes in _slabs(shape, pads.tolist())]
    start = int(np.dot(pads[:, 0], steps)) if steps else 0
    dims = list(zip(given, dense_steps(given), steps, strict=True))
    return copies(item, [*pieces, piece(item, Out(0), In(0), dims, target_offset=start)])


def _window(ctx, item, shape, source, value):
    """The kernel for paddings that change from run to run, but not what they add up to."""
    given, steps = ctx.input_shapes[0], dense_steps(shape)
    room = [size - own for size, own in zip(shape, given, strict=True)]
    if ctx.input_shapes[1] != (len(shape), 2) or any(number < 0 for number in room):
        return None
    pieces = [piece(item, Out(0), source, [(prod(shape), 0, 1)], value=value),
              piece(item, Out(0), In(0), list(zip(given, dense_steps(given), steps, strict=True)))]
    rest = [number for more, step in zip(room, steps, strict=True) for number in (more, step * item)]
    at = 6 + len(rest)
    function = native.function("windows.padded", str(item), ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE))
    return Native(function, [0, 0, In(1), len(shape), at, at + len(pieces[0]), *rest, *pieces[0], *pieces[1]])


@cpu.kernel("Pad")
def pad(ctx):
    return _pad(ctx, 0, 0)


@cpu.kernel("PadV2")
def pad_v2(ctx):
    return _pad(ctx, In(2), 0) if ctx.input_shapes[2] == () else None


def _mirrored(ctx, inside, whole):
    """The pieces of a tensor padded with its mirror image, itself the first: (dimensions as (size, step inside, step in
    the whole), offset inside, in the whole). None where the reference kernel has to word an error, and for too many.
    """
    pads, offset = ctx.value(1), 1 if ctx.attr("mode") == b"REFLECT" else 0
    if pads is None or pads.shape != (len(inside), 2) or (pads < 0).any() or not prod(whole):
        return None
    along = []
    for size, total, (before, after) in zip(inside, whole, pads.tolist(), strict=True):
        if size + before + after != total or max(before, after) > size - offset:
            return None
        parts = [(size, 1, 0, before), (before, -1, before - 1 + offset, 0),
                 (after, -1, size - 1 - offset, before + size)]
        along.append([part for part in parts if part[0]])
    if prod(map(len, along)) > _MOST_PIECES:
        return None
    steps = list(zip(dense_steps(inside), dense_steps(whole), strict=True))
    pieces = []
    for parts in product(*along):
        dims = [(size, way * own, other) for (size, way, _, _), (own, other) in zip(parts, steps, strict=True)]
        pieces.append((dims, sum(part[2] * own for part, (own, _) in zip(parts, steps, strict=True)),
                       sum(part[3] * other for part, (_, other) in zip(parts, steps, strict=True))))
    return pieces


@cpu.kernel("MirrorPad")
def mirror_pad(ctx):
    item, pieces = item_size(ctx.output_dtypes[0]), _mirrored(ctx, ctx.input_shapes[0], ctx.output_shapes[0])
    if item is None or pieces is None:
        return None
    return copies(item, [piece(item, Out(0), In(0), dims, target_offset=there, source_offset=here)
                         for dims, here, there in pieces])


@cpu.kernel("MirrorPadGrad", T=FLOATS)
def mirror_pad_grad(ctx):
    """The pieces added up."""
    pieces = _mirrored(ctx, ctx.output_shapes[0], ctx.input_shapes[0])
    if pieces is None:
        return None
    words = [Out(0), In(0), len(pieces)]
    for dims, here, there in pieces:
        dims = merged(dims) or [(1, 1, 1)]
        words += [here, there, prod(size for size, _, _ in dims[:-1]), len(dims), *(n for dim in dims for n in dim)]
    return Native(native.function("padding.add_pieces", ctx.output_dtypes[0].name), words)


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


@cpu.kernel("ReverseSequence")
def reverse_sequence(ctx):
    """As many of the first elements backwards as the run says."""
    shape, item, (batch, time) = ctx.input_shapes[0], item_size(ctx.output_dtypes[0]), (
        ctx.attr("batch_dim"), ctx.attr("seq_dim"))
    if item is None or batch == time or not (0 <= batch < len(shape) and 0 <= time < len(shape)) or (
            ctx.input_shapes[1] != (shape[batch],)):
        return None
    first, second = sorted((batch, time))
    code = native.function("rolling.reverse_sequence", ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), In(0), In(1), shape[batch], shape[time], int(batch < time), prod(shape[:first]),
                         shape[first], prod(shape[first + 1:second]), shape[second], prod(shape[second + 1:]) * item])


@cpu.kernel("Roll")
def roll(ctx):
    """Along one axis, by as much as the run says."""
    shape, item, axis = ctx.input_shapes[0], item_size(ctx.output_dtypes[0]), ctx.value(2)
    if item is None or axis is None or axis.size != 1 or axis.ndim > 1 or ctx.input_shapes[1] != axis.shape or (
            not -len(shape) <= axis.item() < len(shape) or not prod(shape)):
        return None
    axis = axis.item() % len(shape)
    code = native.function("rolling.roll", ctx.input_dtypes[1].name)
    return Native(code, [Out(0), In(0), In(1), prod(shape[:axis]), shape[axis], prod(shape[axis + 1:]) * item])
