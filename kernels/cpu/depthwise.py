"""Kernels of DepthwiseConv2dNative and its gradients, for `conv.py`. Registers nothing itself, holds no state."""

from math import gcd, prod

from ..registry import In, Native, Out, Scratch
from . import native, pool
from .geometry import Geometry, bounds, geometry_of, parts_of
from .sequence import sequence
from .vector_unit import SIZES, lanes_of, tile_of

_TAPS = 12              # at a time, at most
_GROUPS = 8             # of bands whose gradients are summed apart, whatever the number of threads


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


def _tiled(ctx, shape, image, turned, out=Out(0)):
    """The kernel that convolves the word `image` with the filter In(1), or that `turned` round."""
    dtype = ctx.output_dtypes[0].name
    lanes, size, at = lanes_of(dtype), SIZES[dtype], _Positions(dtype, shape)
    spread = Scratch(shape.taps // at.channels * at.pitch * size)
    spreading = Native(native.function("depthwise_tiles.spread", dtype),
                       [spread, In(1), shape.taps // at.channels, at.channels, at.width, at.pitch, int(turned)])
    parts = parts_of(prod(shape.outputs) * shape.images[0] * shape.taps // lanes, ctx.threads)
    rows = at.shape.band_rows(size, parts)
    _, most = tile_of(dtype, lanes)
    tile = -(-at.count // -(-at.count // most))
    code = native.function("depthwise_tiles.convolve", dtype, str(lanes), str(tile))
    blocks = [[out, image, spread, *part, *at.words, *at.shape.words(rows, size)[1]]
              for part in bounds(shape.images[0] * -(-shape.outputs[0] // rows), parts)]
    return sequence(spreading, pool.step(code, blocks, ctx.threads))


def _tiled_to_filter(ctx, shape, image):
    dtype = ctx.output_dtypes[0].name
    lanes, size, at = lanes_of(dtype), SIZES[dtype], _Positions(dtype, shape)
    taps = prod(shape.kernel)
    rows = shape.band_rows(size)
    items = bounds(shape.images[0] * -(-shape.outputs[0] // rows), _GROUPS)
    sums = Scratch(len(items) * taps * at.pitch * size)
    code = native.function("depthwise_tiles.filter_gradient", dtype, str(lanes), str(-(-taps // -(-taps // _TAPS))))
    blocks = [[sums, group, taps, image, In(2), *part, *at.words, *shape.words(rows, size)[1]]
              for group, part in enumerate(items)]
    worth = parts_of(prod(shape.outputs) * shape.images[0] * shape.taps // lanes, ctx.threads) > 1
    folding = Native(native.function("depthwise_tiles.fold", dtype),
                     [Out(0), sums, len(items), taps, at.channels, at.width, at.pitch])
    return sequence(pool.step(code, blocks, ctx.threads if worth else 1), folding)


def _of_channels(shape, count):
    """The Geometry of images with so many channels."""
    return Geometry((*shape.images[:3], count), shape.kernel, shape.outputs, shape.strides, shape.dilations, shape.pads,
                    shape.gaps)


def _each(ctx, template, out, source, count, times):
    """Kernel of source/depthwise_tiles.py that repeats, or adds up, `count` numbers."""
    code = native.function(f"depthwise_tiles.{template}", ctx.output_dtypes[0].name)
    return pool.split(code, [out, source, 0, count, times], 2, count, 2 * count * times, ctx.threads,
                      shared=(out, source))


def _repeated(ctx, shape, filters):
    """(kernels that make images with a channel for each filter of In(0), the Geometry of these, the word of these)."""
    if filters[3] == 1:
        return [], shape, In(0)
    count = prod(shape.images)
    images = Scratch(count * filters[3] * SIZES[ctx.output_dtypes[0].name])
    return ([_each(ctx, "repeat", images, In(0), count, filters[3])], _of_channels(shape, prod(filters[2:])), images)


def convolve(ctx):
    """The kernel of the convolution, or None."""
    (images, filters), out = ctx.input_shapes, ctx.output_shapes[0]
    shape = geometry_of(ctx, images, filters, out)
    if shape is None:
        return None
    before, shape, images = _repeated(ctx, shape, filters)
    return sequence(*before, _tiled(ctx, shape, images, False))


def to_input(ctx):
    """The kernel of the gradient of images, or None."""
    (_, filters, gradient), images = ctx.input_shapes, ctx.output_shapes[0]
    shape = geometry_of(ctx, images, filters, gradient)
    back = shape and _of_channels(shape, gradient[3]).turned_round(gradient[3])
    if back is None:
        return None
    if filters[3] == 1:
        return _tiled(ctx, back, In(2), True)
    several = Scratch(prod(images) * filters[3] * SIZES[ctx.output_dtypes[0].name])
    return sequence(_tiled(ctx, back, In(2), True, several),
                    _each(ctx, "add_up", Out(0), several, prod(images), filters[3]))


def to_filter(ctx):
    """The kernel of the gradient of filters, or None."""
    (images, _, gradient), filters = ctx.input_shapes, ctx.output_shapes[0]
    shape = geometry_of(ctx, images, filters, gradient)
    if shape is None:
        return None
    before, shape, images = _repeated(ctx, shape, filters)
    return sequence(*before, _tiled_to_filter(ctx, shape, images))
