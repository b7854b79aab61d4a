"""Concatenation, splitting, stacking and tiling. Holds no state."""

from math import prod

from ..registry import In, Out, cpu
from .copying import copies, dense_steps, item_size, piece


def _axis(value, rank):
    """The axis that a constant gives, not negative; None if it is not known or not valid."""
    if value is None:
        return None
    axis = int(value)
    return axis % rank if -rank <= axis < rank else None


def _parts(item, outer, sizes, inner, word_of, whole, joining):
    """Copies between `whole` and parts of it along an axis: part k has sizes[k] there."""
    total, offset, result = sum(sizes), 0, []
    for k, size in enumerate(sizes):
        part, place = size * inner, offset * inner
        dims = [(outer, part, total * inner), (part, 1, 1)]
        if joining:
            result.append(piece(item, whole, word_of(k), dims, target_offset=place))
        else:
            dims = [(outer, total * inner, part), (part, 1, 1)]
            result.append(piece(item, word_of(k), whole, dims, source_offset=place))
        offset += size
    return copies(item, result)


def _join(ctx, axis, first, shapes):
    item = item_size(ctx.output_dtypes[0])
    if axis is None or item is None:
        return None
    outer, inner = prod(shapes[0][:axis]), prod(shapes[0][axis + 1:])
    return _parts(item, outer, [shape[axis] for shape in shapes], inner,
                  lambda k: In(first + k), Out(0), joining=True)


@cpu.kernel("ConcatV2")
def concat_v2(ctx):
    shapes = ctx.input_shapes[:-1]
    return _join(ctx, _axis(ctx.value(len(shapes)), len(shapes[0])), 0, shapes)


@cpu.kernel("Concat")
def concat(ctx):
    shapes = ctx.input_shapes[1:]
    return _join(ctx, _axis(ctx.value(0), len(shapes[0])), 1, shapes)


@cpu.kernel("Pack")
def pack(ctx):
    shape = ctx.input_shapes[0]
    axis = ctx.attr("axis") % (len(shape) + 1)
    return _join(ctx, axis, 0, [(*s[:axis], 1, *s[axis:]) for s in ctx.input_shapes])


def _split(ctx, axis, source, sizes):
    item = item_size(ctx.output_dtypes[0]) if ctx.output_dtypes else None
    if axis is None or item is None:
        return None
    shape = ctx.input_shapes[source]
    return _parts(item, prod(shape[:axis]), sizes, prod(shape[axis + 1:]), Out, In(source),
                  joining=False)


@cpu.kernel("Split")
def split(ctx):
    axis = _axis(ctx.value(0), len(ctx.input_shapes[1]))
    return _split(ctx, axis, 1, [s[axis] for s in ctx.output_shapes] if axis is not None else None)


@cpu.kernel("SplitV")
def split_v(ctx):
    axis = _axis(ctx.value(2), len(ctx.input_shapes[0]))
    return _split(ctx, axis, 0, [s[axis] for s in ctx.output_shapes] if axis is not None else None)


@cpu.kernel("Unpack")
def unpack(ctx):
    axis = ctx.attr("axis") % len(ctx.input_shapes[0])
    return _split(ctx, axis, 0, [1] * ctx.num_outputs)


@cpu.kernel("Tile")
def tile(ctx):
    multiples, shape, item = ctx.value(1), ctx.input_shapes[0], item_size(ctx.output_dtypes[0])
    if multiples is None or item is None:
        return None
    dims = []
    for size, count, step, out_step in zip(shape, multiples.tolist(), dense_steps(shape),
                                           dense_steps(ctx.output_shapes[0]), strict=True):
        dims += [(count, 0, size * out_step), (size, step, out_step)]
    return copies(item, [piece(item, Out(0), In(0), dims)])
