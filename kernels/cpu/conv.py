"""Conv2D, Conv3D, DepthwiseConv2dNative and their gradients, channels last. Holds no state.

Windows of one number are plain matrix products; all else goes to the direct kernels of
`source/conv.py`, but for gradients of images that are cheaper as products (`source/conv_product.py`).
Groups are left to the reference kernels, and so are channels first: the compiler puts those last
(`graphflow/compiler/layout.py`). Windows of volumes are those of images whose rows are the same rows of all the slices
that meet, one after another; that is how `source/conv.py` copies them.
"""

from math import prod
from typing import NamedTuple

from graphflow.framework import windows

from ..registry import In, Out, Scratch, cpu
from . import blas, native, pool, stand_ins
from .elementwise import FLOATS
from .matmul import GEMM, product
from .sequence import sequence
from .vector_unit import SIZES, lanes_of, tile_of

_BAND_BYTES = 1 << 17       # of padded rows: they stay in the cache beside weights and outputs
_OVERREAD = 64              # numbers that tiles may read past a band and throw away
_MULTIPLY_ADDS_PER_STEP = 8     # of a vector kernel in the time of one cheap element
_WINDOWS_AT_ONCE = 64       # as many rows as a product needs to be fast
_ADD_COST = 6               # of adding a vector to memory, in multiply-adds of vectors
_SHARES_BYTES = 1 << 24     # at most, of what windows give back, for a thread


class Depth(NamedTuple):
    """How windows of `slices` slide along the depth of volumes: `size` slices, for `out` of them."""

    size: int = 1
    out: int = 1
    slices: int = 1
    stride: int = 1
    dilation: int = 1
    front: int = 0
    gap: int = 1


class Geometry:
    """How the windows of a convolution slide over its images, height then width in every pair.

    `images` (N, H, W, C), of N volumes any slice; `kernel` (R, S), `outputs` (OH, OW), `pads` (top, left); `gaps`: the
    images' rows and columns are taken as so far apart, with zeros between. `depth` is the Depth.
    """

    def __init__(self, images, kernel, outputs, strides, dilations, pads, gaps=(1, 1), depth=Depth()):
        self.images, self.kernel, self.outputs = images, kernel, outputs
        self.strides, self.dilations, self.pads, self.gaps = strides, dilations, pads, gaps
        self.depth, self.rows, self.planes = depth, kernel[0] * depth.slices, images[0] * depth.out
        spread = [(size - 1) * gap + 1 for size, gap in zip(images[1:3], gaps, strict=True)]
        self._needed = [(out - 1) * stride + (window - 1) * dilation + 1 for out, stride, window, dilation
                        in zip(outputs, strides, kernel, dilations, strict=True)]
        self.is_padded = depth != Depth() or any(pads) or gaps != (1, 1) or any(
            n > s for n, s in zip(self._needed, spread, strict=True))
        contiguous = dilations[1] == 1
        channels = images[3]
        self.segments = 1 if contiguous else kernel[1]
        self.length = (kernel[1] if contiguous else 1) * channels

    @property
    def taps(self):
        """Numbers in a window."""
        return self.rows * self.segments * self.length

    def band_rows(self, size, parts=1):
        """Output rows that are done together: as many as the cache holds, at least so few that
        there are `parts` bands of all images."""
        line = max(1, self._needed[1] * self.images[3] * size * self.depth.slices)
        fitting = (_BAND_BYTES // line - self.kernel[0] * self.dilations[0]) // self.strides[0]
        bands = max(1, -(-self.outputs[0] // max(1, fitting)), -(-parts // max(1, self.planes)))
        return -(-self.outputs[0] // min(bands, self.outputs[0]))

    def words(self, rows, size, must_copy=False):
        """(bands per image, the words IMAGE of source/conv.py) for bands of `rows`."""
        bands = -(-self.outputs[0] // rows)
        copied = must_copy or self.is_padded
        lines = ((rows - 1) * self.strides[0] + (self.kernel[0] - 1) * self.dilations[0] + 1) * self.depth.slices
        nbytes = lines * self._needed[1] * self.images[3] * size + _OVERREAD * size
        (down, across), (top, left), slices = self.strides, self.pads, self.depth.slices
        return bands, [*self.images[1:], bands, rows, *self.outputs, down * slices, across, top * slices, left,
                       *self.gaps, self._needed[1] if copied else 0, self.rows, self.segments, self.length,
                       self.dilations[1] * self.images[3], self.dilations[0],
                       Scratch(nbytes if copied else 0), *self.depth]


def _geometry(ctx, images, filters, out):
    """The Geometry of the forward convolution of these shapes, or None where it is not ours."""
    depthwise, rank = ctx.op_type.startswith("Depthwise"), len(images)
    if ctx.attr("data_format") not in (b"NHWC", b"NDHWC") or images[-1] != filters[-2]:
        return None
    strides, dilations = ctx.attr("strides"), ctx.attr("dilations")
    if any(v[i] != 1 for v in (strides, dilations) for i in (0, -1)) or not all((*images, *filters, *out)):
        return None
    pairs = windows.explicit_pairs(ctx.attrs.get("explicit_paddings"), rank)
    before, sizes = [], []
    for i in range(1, rank - 1):
        window = filters[i - 1], strides[i], ctx.attr("padding"), dilations[i], *pairs[i]
        before.append(windows.margins(images[i], *window)[0])
        sizes.append(windows.output_size(images[i], *window))
    if (images[0], *sizes, filters[-1] * (filters[-2] if depthwise else 1)) != tuple(out):
        return None     # the reference kernel words the error
    if rank == 5:
        return _of_volumes(images, filters[:3], sizes, strides[1:4], dilations[1:4], before)
    return Geometry(tuple(images), tuple(filters[:2]), tuple(sizes), tuple(strides[1:3]),
                    tuple(dilations[1:3]), tuple(before))


def _of_volumes(volumes, kernel, outputs, strides, dilations, pads):
    """The Geometry of volumes: one of images where no window meets more than a slice; None for distant rows."""
    count, size, *image = volumes
    depth = Depth(size, outputs[0], kernel[0], strides[0], dilations[0], pads[0])
    if kernel[0] == strides[0] == 1 and outputs[0] == size:
        count, depth = count * size, Depth()
    elif dilations[1] != 1:
        return None
    return Geometry((count, *image), *(tuple(numbers[1:]) for numbers in (kernel, outputs, strides, dilations, pads)),
                    depth=depth)


def _is_product(shape):
    """Whether every window is one pixel, and every pixel a window."""
    return (shape.kernel == shape.strides == (1, 1) and shape.pads == (0, 0)
            and shape.outputs == shape.images[1:3] and shape.depth == Depth())


def _bounds(total, parts):
    parts = max(1, min(parts, total))
    marks = [total * k // parts for k in range(parts + 1)]
    return list(zip(marks, marks[1:], strict=False))


def _parts(cost, threads):
    """In how many parts a step of so many multiply-adds (of vectors) is done."""
    return 2 * threads if threads > 1 and cost * _MULTIPLY_ADDS_PER_STEP >= 1_000_000 else 1


def _direct(dtype, threads, shape, outputs, image, weights, base, strides):
    """Kernel that convolves `image` with the filter at the word `weights` into Out(0).

    `base` and `strides` (for r, s, c, k, and the slice) say where a weight lies.
    """
    lanes, size = lanes_of(dtype), SIZES[dtype]
    vectors, pixels = tile_of(dtype, outputs)
    block = vectors * lanes
    groups = -(-outputs // block)
    channels = shape.images[3]
    lines = groups * shape.rows * shape.kernel[1] * channels
    packed = Scratch(lines * block * size)
    packing = pool.split(native.function("conv.pack", dtype, str(block)),
                         [packed, weights, 0, lines, shape.rows, shape.kernel[1], channels, outputs, base, *strides,
                          shape.depth.slices], 2, lines, 2 * lines * block, threads, shared=(packed,))
    cost = prod(shape.outputs) * shape.planes * groups * vectors * shape.taps
    parts = _parts(cost, threads)
    rows = shape.band_rows(size, parts)
    code = native.function("conv.convolve", dtype, str(lanes), str(vectors), str(pixels))
    blocks = []
    for first, last in _bounds(shape.planes * -(-shape.outputs[0] // rows), parts):
        _, words = shape.words(rows, size)
        blocks.append([Out(0), image, packed, first, last, outputs, Scratch(8 * rows * shape.outputs[1]), *words])
    return sequence(packing, pool.step(code, blocks, threads))


def _strides(filters):
    """Numbers from one weight to the next along r, s, c, k, and the slice (0 where there are none)."""
    depth, (rows, columns, channels, outputs) = filters[:-4], filters[-4:]
    row = columns * channels * outputs
    return row, channels * outputs, outputs, 1, rows * row if depth else 0


@cpu.kernel("Conv2D", "Conv3D", T=FLOATS)
def convolve(ctx):
    images, filters = ctx.input_shapes
    shape = _geometry(ctx, images, filters, ctx.output_shapes[0])
    if shape is None:
        return None
    channels, outputs = filters[-2:]
    if _is_product(shape):
        return product(ctx, prod(images[:-1]), outputs, channels, (False, False))
    kernel = _direct(ctx.output_dtypes[0].name, ctx.threads, shape, outputs, In(0), In(1), 0, _strides(filters))
    return _served(kernel, shape, stand_ins.convolve, outputs, ctx)


def _served(kernel, shape, stand_in, outputs, ctx):
    """`kernel` with what serves until it is compiled: for volumes, the reference kernel."""
    return kernel.with_stand_in(stand_in(shape, outputs, ctx)) if len(ctx.output_shapes[0]) == 4 else kernel


@cpu.kernel("Conv2DBackpropInput", "Conv3DBackpropInputV2", T=FLOATS)
def to_input(ctx):
    images, filters, gradient = ctx.output_shapes[0], ctx.input_shapes[1], ctx.input_shapes[2]
    shape = _geometry(ctx, images, filters, gradient)
    if shape is None:
        return None
    channels, outputs = filters[-2:]
    if _is_product(shape):
        return product(ctx, prod(images[:-1]), channels, outputs, (False, True), (2, 1))
    depth = shape.depth
    pads = tuple((window - 1) * dilation - before for window, dilation, before
                 in zip(shape.kernel, shape.dilations, shape.pads, strict=True))
    front = (depth.slices - 1) * depth.dilation - depth.front
    kernel = _to_input_by_product(ctx, shape, channels, outputs, min(*pads, front) < 0)
    if kernel is None and min(*pads, front) >= 0:
        back = Geometry((shape.images[0], *shape.outputs, outputs), shape.kernel, shape.images[1:3], (1, 1),
                        shape.dilations, pads, shape.strides, Depth(depth.out, depth.size, depth.slices, 1,
                                                                    depth.dilation, front, depth.stride))
        dr, ds, dc, dk, dt = _strides(filters)
        base = (shape.kernel[0] - 1) * dr + (shape.kernel[1] - 1) * ds + (depth.slices - 1) * dt
        kernel = _direct(ctx.output_dtypes[0].name, ctx.threads, back, channels, In(2), In(1), base,
                         (-dr, -ds, dk, dc, -dt))
    return kernel and _served(kernel, shape, stand_ins.convolve_to_input, outputs, ctx)


def _to_input_by_product(ctx, shape, channels, outputs, is_only):
    """The kernel of `source/conv_product.py`, or None where the direct one has less to do (and can: not `is_only`).

    That meets a zero for each row and column that strides skip, and works on whole vectors of channels. us on two
    threads of a Zen 5, direct and so: 64 images of 28x28x1, 5x5 windows, 32 outputs, stride 2: 2960, 249; 14x14x32,
    5x5, 64, stride 2: 2153, 874; 16 of 64x64x3, 3x3, 64: 3239, 1565; 64 of 56x128x1, 3x128, 128: 1,856,136, 826.
    """
    dtype = ctx.output_dtypes[0].name
    lanes, size, (rows, columns), depth = lanes_of(dtype), SIZES[dtype], shape.kernel, shape.depth
    count, windows = shape.planes, prod(shape.outputs)
    taps = shape.rows * columns * channels
    adds = shape.rows * shape.segments * -(-shape.length // lanes) * lanes * _ADD_COST
    direct = prod(shape.images[1:3]) * -(-channels // lanes) * lanes * shape.rows * columns * outputs
    direct = direct * depth.size // depth.out       # for a slice of the result
    at_once = min(count, -(-_WINDOWS_AT_ONCE // windows))
    shares = at_once * windows * taps * size
    if (direct <= windows * (outputs * taps + adds) and not is_only) or shares > _SHARES_BYTES:
        return None
    code = native.function("conv_product.to_input", dtype, str(lanes))
    # Parts are of whole images, or volumes.
    unit = at_once if depth == Depth() else depth.out
    groups, blocks = -(-count // unit), []
    for first, last in _bounds(groups, _parts(count * windows * (outputs * taps + adds) // lanes, ctx.threads)):
        blocks.append([Out(0), In(2), In(1), blas.address(GEMM[dtype]),
                       first * unit, min(count, last * unit), at_once, *shape.images[1:3], channels,
                       *shape.outputs, outputs, *shape.strides, shape.dilations[0], shape.dilations[1], *shape.pads,
                       rows, shape.segments, columns // shape.segments, Scratch(shares), *depth[:-1]])
    return pool.step(code, blocks, ctx.threads)


@cpu.kernel("Conv2DBackpropFilter", "Conv3DBackpropFilterV2", T=FLOATS)
def to_filter(ctx):
    images, gradient, filters = ctx.input_shapes[0], ctx.input_shapes[2], ctx.output_shapes[0]
    shape = _geometry(ctx, images, filters, gradient)
    if shape is None:
        return None
    dtype, outputs = ctx.output_dtypes[0].name, filters[-1]
    if _is_product(shape):
        return product(ctx, filters[-2], outputs, prod(images[:-1]), (True, False), (0, 2))
    lanes, size = lanes_of(dtype), SIZES[dtype]
    vectors, taps = tile_of(dtype, outputs, shape.length)
    groups = -(-outputs // (vectors * lanes))
    tiles = groups * shape.rows * shape.segments * -(-shape.length // taps)
    cost = prod(shape.outputs) * shape.planes * groups * vectors * shape.taps
    code = native.function("conv.filter_gradient", dtype, str(lanes), str(vectors), str(taps))
    rows = shape.band_rows(size)
    blocks = []
    for first, last in _bounds(tiles, _parts(cost, ctx.threads)):
        bands, words = shape.words(rows, size, must_copy=shape.length % taps != 0)
        blocks.append([Out(0), In(0), In(2), first, last, outputs, shape.planes * bands, *words])
    kernel = pool.step(code, blocks, ctx.threads)
    return _served(kernel, shape, stand_ins.convolve_to_filter, outputs, ctx)


def _depthwise(ctx, template, images, filters, out, arrays):
    """Kernel of source/depthwise.py over output rows, images or taps."""
    shape = _geometry(ctx, images, filters, out)
    if shape is None:
        return None
    dtype, multiplier = ctx.output_dtypes[0].name, filters[3]
    total = {"convolve": out[0] * out[1], "to_input": images[0], "to_filter": prod(filters[:2])}[template]
    cost = prod(out) * prod(filters[:2])
    parts = min(total, 2 * ctx.threads) if ctx.threads > 1 and cost >= 130_000 else 1
    code = native.function(f"depthwise.{template}", str(int(multiplier > 1)), dtype)
    rest = [*images[1:], *shape.outputs, *shape.kernel, *shape.strides, *shape.dilations, *shape.pads, multiplier]
    blocks = [[*arrays, *bounds, *rest, Scratch(8 * out[3]), Scratch(8 * out[3]), images[0]]
              for bounds in _bounds(total, parts)]
    return pool.step(code, blocks, ctx.threads)


@cpu.kernel("DepthwiseConv2dNative", T=FLOATS)
def depthwise(ctx):
    return _depthwise(ctx, "convolve", *ctx.input_shapes, ctx.output_shapes[0], [Out(0), In(0), In(1)])


@cpu.kernel("DepthwiseConv2dNativeBackpropInput", T=FLOATS)
def depthwise_to_input(ctx):
    return _depthwise(ctx, "to_input", ctx.output_shapes[0], *ctx.input_shapes[1:], [Out(0), In(2), In(1)])


@cpu.kernel("DepthwiseConv2dNativeBackpropFilter", T=FLOATS)
def depthwise_to_filter(ctx):
    return _depthwise(ctx, "to_filter", ctx.input_shapes[0], ctx.output_shapes[0], ctx.input_shapes[2],
                      [Out(0), In(0), In(2)])
