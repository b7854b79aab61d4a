"""Kernels of DepthwiseConv2dNative and its gradients, for `conv.py`. Registers nothing itself, holds no state."""

from math import gcd, prod

from ..registry import In, Native, Out, Scratch
from . import native, pool
from .geometry import Geometry, bounds, geometry_of, parts_of
from .sequence import sequence
from .vector_unit import SIZES, lanes_of, tile_of

_TAPS = 12              # at a time, at most
_GROUPS = 8             # of bands whose gradients are summed apart, whatever the number of threads
_WORTH_SPLITTING = 130_000      # multiply-adds, of kernels without tiles


class _Positions:
    """How a row of the result is taken apart, see `source/depthwise_tiles.py`: at stride 1 into as many pixels as fill
    whole vectors, else into pixels."""

    def __init__(self, dtype, shape):
        self.channels, lanes = shape.images[3], lanes_of(dtype)
        row, stride = shape.outputs[1] * self.channels, shape.strides[1]
        rounds = [1 if dilation > 1 else gap for gap, dilation in zip(shape.gaps, shape.dilations, strict=True)]
        if self.channels < lanes or shape.outputs[1] < rounds[1]:
            rounds[1] = 1
        by_pixel = stride > 1 or rounds[1] > 1
        # A row may be one position, whose last vector is a part.
        self.width = self.channels if by_pixel else min(row, self.channels * lanes // gcd(self.channels, lanes))
        self.vectors = -(-self.width // lanes)
        self.pitch = self.vectors * lanes
        self.count, tail = divmod(row, self.width)
        more = 0
        if rounds[1] > 1:
            self.count, more = divmod(self.count, rounds[1])
        self.shape, shift = shape, 0
        if rounds[1] > 1:
            self.shape, shift = _without_column_gaps(shape)
        self.words = [self.width * rounds[1], self.width * stride, self.vectors, self.width, self.count, tail,
                      shape.kernel[1], row, *rounds, more, shift]


def _without_column_gaps(shape):
    """(the Geometry of bands that have as many columns as windows meet without the gaps between, how many columns more
    they begin with)."""
    gap, left = shape.gaps[1], shape.pads[1]
    before, columns = -(-left // gap), -(-shape.outputs[1] // gap)
    bands = Geometry(shape.images, (shape.kernel[0], -(-shape.kernel[1] // gap) + 1), (shape.outputs[0], columns),
                     shape.strides, shape.dilations, (shape.pads[0], before), (shape.gaps[0], 1))
    return bands, before * gap - left


def _tiled(ctx, shape, image, turned):
    """The kernel that convolves the word `image` with the filter In(1), or that `turned` round."""
    dtype, rows = ctx.output_dtypes[0].name, None
    lanes, size, at = lanes_of(dtype), SIZES[dtype], _Positions(dtype, shape)
    spread = Scratch(shape.taps // at.channels * at.pitch * size)
    spreading = Native(native.function("depthwise_tiles.spread", dtype),
                       [spread, In(1), shape.taps // at.channels, at.channels, at.width, at.pitch, int(turned)])
    parts = parts_of(prod(shape.outputs) * shape.images[0] * shape.taps // lanes, ctx.threads)
    rows = at.shape.band_rows(size, parts)
    _, most = tile_of(dtype, lanes)
    tile = -(-at.count // -(-at.count // most))
    code = native.function("depthwise_tiles.convolve", dtype, str(lanes), str(tile))
    blocks = [[Out(0), image, spread, *part, *at.words, *at.shape.words(rows, size)[1]]
              for part in bounds(shape.images[0] * -(-shape.outputs[0] // rows), parts)]
    return sequence(spreading, pool.step(code, blocks, ctx.threads))


def _tiled_to_filter(ctx, shape):
    dtype = ctx.output_dtypes[0].name
    lanes, size, at = lanes_of(dtype), SIZES[dtype], _Positions(dtype, shape)
    taps = prod(shape.kernel)
    rows = shape.band_rows(size)
    items = bounds(shape.images[0] * -(-shape.outputs[0] // rows), _GROUPS)
    sums = Scratch(len(items) * taps * at.pitch * size)
    code = native.function("depthwise_tiles.filter_gradient", dtype, str(lanes), str(-(-taps // -(-taps // _TAPS))))
    blocks = [[sums, group, taps, In(0), In(2), *part, *at.words, *shape.words(rows, size)[1]]
              for group, part in enumerate(items)]
    worth = parts_of(prod(shape.outputs) * shape.images[0] * shape.taps // lanes, ctx.threads) > 1
    folding = Native(native.function("depthwise_tiles.fold", dtype),
                     [Out(0), sums, len(items), taps, at.channels, at.width, at.pitch])
    return sequence(pool.step(code, blocks, ctx.threads if worth else 1), folding)


def _of_several(ctx, template, shape, out, arrays, multiplier):
    """Kernel of source/depthwise.py over output rows, images or taps."""
    dtype = ctx.output_dtypes[0].name
    total = {"convolve": out[0] * out[1], "to_input": shape.images[0], "to_filter": prod(shape.kernel)}[template]
    parts = 1
    if ctx.threads > 1 and prod(out) * prod(shape.kernel) >= _WORTH_SPLITTING:
        parts = min(total, 2 * ctx.threads)
    code = native.function(f"depthwise.{template}", dtype)
    rest = [*shape.images[1:], *shape.outputs, *shape.kernel, *shape.strides, *shape.dilations, *shape.pads, multiplier]
    blocks = [[*arrays, *part, *rest, Scratch(8 * out[3]), Scratch(8 * out[3]), shape.images[0]]
              for part in bounds(total, parts)]
    return pool.step(code, blocks, ctx.threads)


def convolve(ctx):
    """The kernel of the convolution, or None."""
    (images, filters), out = ctx.input_shapes, ctx.output_shapes[0]
    shape = geometry_of(ctx, images, filters, out)
    if shape is None:
        return None
    if filters[3] > 1:
        return _of_several(ctx, "convolve", shape, out, [Out(0), In(0), In(1)], filters[3])
    return _tiled(ctx, shape, In(0), False)


def to_input(ctx):
    """The kernel of the gradient of images, or None."""
    (_, filters, gradient), images = ctx.input_shapes, ctx.output_shapes[0]
    shape = geometry_of(ctx, images, filters, gradient)
    if shape is None:
        return None
    back = shape.turned_round(gradient[3]) if filters[3] == 1 else None
    if back is None:
        return _of_several(ctx, "to_input", shape, gradient, [Out(0), In(2), In(1)], filters[3])
    return _tiled(ctx, back, In(2), True)


def to_filter(ctx):
    """The kernel of the gradient of filters, or None."""
    (images, _, gradient), filters = ctx.input_shapes, ctx.output_shapes[0]
    shape = geometry_of(ctx, images, filters, gradient)
    if shape is None:
        return None
    if filters[3] > 1:
        return _of_several(ctx, "to_filter", shape, gradient, [Out(0), In(0), In(2)], filters[3])
    return _tiled_to_filter(ctx, shape)
