"""Slices with constant bounds, and parts at positions that change (`x[i]`, `x[:, i]`). Holds no state."""

from math import prod

import numpy as np

from graphflow.framework import strided

from ..registry import In, Native, Out, cpu
from . import native
from .copying import copies, dense_steps, item_size, piece


def _view(shape, key):
    """(shape, steps, offset) in elements of NumPy's `array[key]`: NumPy itself says where that lies."""
    anchor = np.empty(1, np.int8)       # never read: only offsets and strides matter
    whole = np.lib.stride_tricks.as_strided(anchor, shape, dense_steps(shape), writeable=False)
    try:
        # With an ellipsis NumPy gives a view even of one element, not a copy of it elsewhere.
        view = whole[key if Ellipsis in key else (*key, ...)]
    except IndexError:
        return None                     # the reference kernel words the error
    start = view.__array_interface__["data"][0] - anchor.__array_interface__["data"][0]
    return view.shape, view.strides, start if view.size else 0


def copy_of_view(ctx, key):
    """The kernel that copies `input[key]`."""
    item, view = item_size(ctx.output_dtypes[0]), _view(ctx.input_shapes[0], key)
    if item is None or view is None:
        return None
    shape, steps, start = view
    if prod(shape) and prod(shape) != prod(ctx.output_shapes[0]):
        return None
    dims = list(zip(shape, steps, dense_steps(shape), strict=True))
    return copies(item, [piece(item, Out(0), In(0), dims, source_offset=start)])


@cpu.kernel("Slice")
def slice_(ctx):
    begin = ctx.value(1)
    if begin is None:
        return _window(ctx)
    return copy_of_view(ctx, tuple(slice(b, b + size) for b, size in zip(
        begin.tolist(), ctx.output_shapes[0], strict=True)))


def _window(ctx):
    """The kernel for a slice whose begins change from run to run."""
    shape, sizes, item = ctx.input_shapes[0], ctx.output_shapes[0], item_size(ctx.output_dtypes[0])
    if item is None or ctx.input_shapes[1] != (len(shape),) or any(n < m for n, m in zip(shape, sizes, strict=True)):
        return None
    steps, dims = dense_steps(shape), dense_steps(sizes)
    words = piece(item, Out(0), In(0), list(zip(sizes, steps, dims, strict=True)))
    bounds = [number for n, m, step in zip(shape, sizes, steps, strict=True) for number in (n - m, item * step)]
    function = native.function("windows.window", str(item), ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE))
    return Native(function, [0, 0, In(1), len(shape), 5 + len(bounds), *bounds, *words])


def _key(ctx):
    """What a strided slice takes, as NumPy's indices; None where that is not known before the step."""
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
    return tuple(key)


@cpu.kernel("StridedSlice")
def strided_slice(ctx):
    key = _key(ctx)
    if key is not None:
        return copy_of_view(ctx, key)
    return _part(ctx) or _strided(ctx, ctx.input_shapes[0], ctx.output_shapes[0])


def _part(ctx):
    """The kernel for indices that change from run to run in neighbouring dimensions, all of the others being taken."""
    return _indexed("part", ctx, ctx.input_shapes[0], [Out(0), In(0), In(1)], 1, ctx.value(3))


def _indexed(template, ctx, shape, words, begin, strides):
    """That kernel for an array of a shape, or the one that puts back what it takes; begin: number of the input."""
    item = item_size(ctx.output_dtypes[0])
    if item is None or strides is None or ctx.attr("ellipsis_mask") or ctx.attr("new_axis_mask"):
        return None
    shrunk = []
    for i, step in enumerate(strides.tolist()):
        if ctx.attr("shrink_axis_mask") >> i & 1:
            shrunk.append(i)
        elif step != 1 or not ctx.attr("begin_mask") & ctx.attr("end_mask") & 1 << i:
            return None
    if not shrunk or shrunk != list(range(shrunk[0], shrunk[-1] + 1)) or 0 in shape:
        return None
    first, after = shrunk[0], shrunk[-1] + 1
    code = str(native.INDEX_OUT_OF_RANGE)
    function = native.function(f"copying.{template}", ctx.input_dtypes[begin].name, code)
    return Native(function, [0, 0, *words, prod(shape[:first]), item * prod(shape[after:]), first, len(shrunk),
                             *shape[first:after]])


@cpu.kernel("StridedSliceGrad")
def strided_slice_grad(ctx):
    """Zeros, then the gradient where the slice was."""
    key, item, whole = _key(ctx), item_size(ctx.output_dtypes[0]), ctx.output_shapes[0]
    if key is None:
        found = _indexed("placed_part", ctx, whole, [Out(0), In(4), In(1)], 1, ctx.value(3))
        fits = found is not None and found.words[5] * found.words[6] == item * prod(ctx.input_shapes[4])
        return found if fits else _strided(ctx, whole, ctx.input_shapes[4], gradient=True)
    view = None if key is None or item is None else _view(whole, key)
    if view is None or prod(view[0]) != prod(ctx.input_shapes[4]):
        return None
    shape, steps, start = view
    dims = list(zip(shape, dense_steps(shape), steps, strict=True))
    return copies(item, [piece(item, Out(0), 0, [(prod(whole), 0, 1)]),
                         piece(item, Out(0), In(4), dims, target_offset=start)])


def _strided(ctx, whole, part, gradient=False):
    """The kernel for slices of constant strides from where the run says, of `part` of `whole` (shapes).

    gradient: puts the part among zeros.
    """
    item, strides, bounds = item_size(ctx.output_dtypes[0]), ctx.value(3), ctx.input_shapes[1:3]
    if item is None or strides is None or 0 in strides or bounds != [strides.shape] * 2:
        return None
    taken = _taken(ctx, whole, part, strides.tolist())
    if taken is None:
        return None
    steps, entries, inside = dense_steps(whole), [], []
    for size, step, (i, stride, count, *flags) in zip(whole, steps, taken, strict=True):
        inside.append((abs(count), stride * step))
        if i is not None:
            entries.append([i, size, stride, count, *flags, step * item])
    outside = dense_steps([size for size, _ in inside])
    if gradient:
        dims = [(size, own, step) for (size, step), own in zip(inside, outside, strict=True)]
        pieces = [piece(item, Out(0), In(4), dims), piece(item, Out(0), 0, [(prod(whole), 0, 1)])]
    else:
        dims = [(size, step, own) for (size, step), own in zip(inside, outside, strict=True)]
        pieces = [piece(item, Out(0), In(0), dims), []]
    at = 7 + sum(map(len, entries))
    code = native.function("windows.strided", str(item), ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE),
                           *(["ground"] if gradient else []))
    return Native(code, [0, 0, In(1), In(2), len(entries), at, at + len(pieces[0]),
                         *(number for entry in entries for number in entry), *pieces[0], *pieces[1]])


def _taken(ctx, whole, part, strides):
    """Of each dimension of `whole`: its entry (None: there is none), the stride, how many elements are taken (-1: one,
    by an index), and whether it is open at its begin and end; None if that does not make `part`.
    """
    taken, sizes = [], list(part)
    for i in strided.entries(ctx.attrs, len(strides), len(whole)):
        if i is None:
            if not sizes or sizes.pop(0) != 1:
                return None
        elif len(taken) == len(whole):
            return None
        elif i == "whole":
            taken.append((None, 1, sizes.pop(0) if sizes else None, True, True))
            if taken[-1][2] != whole[len(taken) - 1]:
                return None
        elif ctx.attr("shrink_axis_mask") >> i & 1:
            if strides[i] < 0:
                return None
            taken.append((i, 1, -1, False, False))
        elif not sizes:
            return None
        else:
            open_ends = (bool(ctx.attr(mask) >> i & 1) for mask in ("begin_mask", "end_mask"))
            taken.append((i, strides[i], sizes.pop(0), *open_ends))
    return None if sizes else taken
