"""Space moved to depth, and to the batch, and back: copies of pieces. Holds no state."""

from itertools import product
from math import prod

from ..registry import In, Out, cpu
from .copying import copies, dense_steps, item_size, piece

_MOST_PIECES = 256


def aligned(size, count, step, start):
    """(first i, how many) with 0 <= start + i * step < size, and 0 <= i < count."""
    first = max(0, -(start // step))
    return first, max(0, min(count - 1, (size - 1 - start) // step) - first + 1)


def _image_steps(ctx, shape):
    """Steps of batch, height, width and channels."""
    steps = dense_steps(shape)
    return [steps[i] for i in ((0, 2, 3, 1) if ctx.attr("data_format") == b"NCHW" else (0, 1, 2, 3))]


@cpu.kernel("SpaceToDepth", "DepthToSpace")
def depth(ctx):
    """One copy: a block of pixels lies in the channels of one, row by row."""
    item, block, gathers = item_size(ctx.output_dtypes[0]), ctx.attr("block_size"), ctx.op_type == "SpaceToDepth"
    shapes = [*ctx.input_shapes, *ctx.output_shapes]
    wide, deep = shapes if gathers else shapes[::-1]
    if item is None or len(wide) != 4 or ctx.attr("data_format") not in (b"NHWC", b"NCHW"):
        return None
    (batch, row, column, channel), (other_batch, other_row, other_column, other) = (
        _image_steps(ctx, shape) for shape in (wide, deep))
    last = ctx.attr("data_format") == b"NHWC"
    _, height, width, channels = wide if last else (wide[0], *wide[2:], wide[1])
    dims = [(wide[0], batch, other_batch), (height // block, block * row, other_row),
            (block, row, block * channels * other), (width // block, block * column, other_column),
            (block, column, channels * other), (channels, channel, other)]
    if not gathers:
        dims = [(size, step, out_step) for size, out_step, step in dims]
    return copies(item, [piece(item, Out(0), In(0), dims)])


def _moved(ctx, wide, narrow, gathers):
    """Copies between a tensor with space in it, and one with blocks of it in the batch.

    gathers: to the latter, with zeros where the edges are padded; else what is cropped is left out.
    """
    item, blocks, edges = item_size(ctx.output_dtypes[0]), ctx.value(1), ctx.value(2)
    if item is None or blocks is None or edges is None or prod(blocks) > _MOST_PIECES or 0 in (*wide, *narrow):
        return None
    blocks, edges, count = blocks.tolist(), edges.tolist(), len(blocks)
    if min(map(min, edges), default=0) < 0 or narrow[0] != wide[0] * prod(blocks) or any(
            size + sum(edge) != small * block
            for size, small, block, edge in zip(wide[1:], narrow[1:], blocks, edges, strict=False)):
        return None
    steps, others = dense_steps(wide), dense_steps(narrow)
    pieces = [piece(item, Out(0), 0, [(prod(narrow), 0, 1)])] if gathers and any(map(any, edges)) else []
    for number, offsets in enumerate(product(*map(range, blocks))):
        dims, here, there = [(wide[0], steps[0], others[0])], 0, number * wide[0] * others[0]
        for i, (block, offset, (before, _)) in enumerate(zip(blocks, offsets, edges, strict=True), 1):
            first, size = aligned(wide[i], narrow[i], block, offset - before)
            dims.append((size, block * steps[i], others[i]))
            here += (first * block + offset - before) * steps[i]
            there += first * others[i]
        dims += zip(wide[1 + count:], steps[1 + count:], others[1 + count:], strict=True)
        if gathers:
            pieces.append(piece(item, Out(0), In(0), dims, there, here))
        else:
            dims = [(size, step, out_step) for size, out_step, step in dims]
            pieces.append(piece(item, Out(0), In(0), dims, here, there))
    return copies(item, pieces)


@cpu.kernel("SpaceToBatchND")
def space_to_batch(ctx):
    return _moved(ctx, ctx.input_shapes[0], ctx.output_shapes[0], True)


@cpu.kernel("BatchToSpaceND")
def batch_to_space(ctx):
    return _moved(ctx, ctx.output_shapes[0], ctx.input_shapes[0], False)
