"""Patches of images, side by side in their channels: copies of pieces. Holds no state."""

from math import prod

from graphflow.framework import windows

from ..registry import In, Out, cpu
from .copying import copies, dense_steps, item_size, piece
from .space import aligned

_MOST_PIECES = 256


@cpu.kernel("ExtractImagePatches")
def extract_patches(ctx):
    """A copy for each place in a patch."""
    item, images, patches = item_size(ctx.output_dtypes[0]), ctx.input_shapes[0], ctx.output_shapes[0]
    sizes, strides, rates, padding = (ctx.attr(n) for n in ("ksizes", "strides", "rates", "padding"))
    if item is None or sizes[1] * sizes[2] > _MOST_PIECES or 0 in (*images, *patches):
        return None
    edges = [windows.margins(images[i], sizes[i], strides[i], padding, rates[i]) for i in (1, 2)]
    steps, out_steps, channels = dense_steps(images), dense_steps(patches), images[3]
    pieces = [piece(item, Out(0), 0, [(prod(patches), 0, 1)])] if any(map(any, edges)) else []
    for row in range(sizes[1]):
        for column in range(sizes[2]):
            dims, here, there = [(images[0], steps[0], out_steps[0])], 0, (row * sizes[2] + column) * channels
            for i, place, (before, _) in zip((1, 2), (row, column), edges, strict=True):
                start = place * rates[i] - before
                first, size = aligned(images[i], patches[i], strides[i], start)
                dims.append((size, strides[i] * steps[i], out_steps[i]))
                here += (start + first * strides[i]) * steps[i]
                there += first * out_steps[i]
            pieces.append(piece(item, Out(0), In(0), [*dims, (channels, 1, 1)], there, here))
    return copies(item, pieces)
