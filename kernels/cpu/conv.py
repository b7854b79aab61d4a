"""Conv2D, Conv3D, DepthwiseConv2dNative and their gradients, channels last. Holds no state.

Windows of one number are plain matrix products; all else goes to the direct kernels of
`source/conv.py`, but for gradients of images that are cheaper as products (`source/conv_product.py`).
Groups are left to the reference kernels, and so are channels first: the compiler puts those last
(`graphflow/compiler/layout.py`). Windows of volumes are those of images whose rows are the same rows of all the slices
that meet, one after another; that is how `source/conv.py` copies them.
"""

from math import prod

from ..registry import In, Out, Scratch, cpu
from . import blas, depthwise, native, pool, stand_ins
from .elementwise import FLOATS
from .geometry import Depth, bounds, geometry_of, parts_of
from .matmul import GEMM, product
from .sequence import sequence
from .vector_unit import SIZES, lanes_of, tile_of

_WINDOWS_AT_ONCE = 64       # as many rows as a product needs to be fast
_ADD_COST = 6               # of adding a vector to memory, in multiply-adds of vectors
_SHARES_BYTES = 1 << 24     # at most, of what windows give back, for a thread


def _is_product(shape):
    """Whether every window is one pixel, and every pixel a window."""
    return (shape.kernel == shape.strides == (1, 1) and shape.pads == (0, 0)
            and shape.outputs == shape.images[1:3] and shape.depth == Depth())


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
    parts = parts_of(cost, threads)
    rows = shape.band_rows(size, parts)
    code = native.function("conv.convolve", dtype, str(lanes), str(vectors), str(pixels))
    blocks = []
    for first, last in bounds(shape.planes * -(-shape.outputs[0] // rows), parts):
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
    shape = geometry_of(ctx, images, filters, ctx.output_shapes[0])
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
    shape = geometry_of(ctx, images, filters, gradient)
    if shape is None:
        return None
    channels, outputs = filters[-2:]
    if _is_product(shape):
        return product(ctx, prod(images[:-1]), channels, outputs, (False, True), (2, 1))
    back = shape.turned_round(outputs)
    kernel = _to_input_by_product(ctx, shape, channels, outputs, back is None)
    if kernel is None and back is not None:
        dr, ds, dc, dk, dt = _strides(filters)
        base = (shape.kernel[0] - 1) * dr + (shape.kernel[1] - 1) * ds + (shape.depth.slices - 1) * dt
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
    for first, last in bounds(groups, parts_of(count * windows * (outputs * taps + adds) // lanes, ctx.threads)):
        blocks.append([Out(0), In(2), In(1), blas.address(GEMM[dtype]),
                       first * unit, min(count, last * unit), at_once, *shape.images[1:3], channels,
                       *shape.outputs, outputs, *shape.strides, shape.dilations[0], shape.dilations[1], *shape.pads,
                       rows, shape.segments, columns // shape.segments, Scratch(shares), *depth[:-1]])
    return pool.step(code, blocks, ctx.threads)


@cpu.kernel("Conv2DBackpropFilter", "Conv3DBackpropFilterV2", T=FLOATS)
def to_filter(ctx):
    images, gradient, filters = ctx.input_shapes[0], ctx.input_shapes[2], ctx.output_shapes[0]
    shape = geometry_of(ctx, images, filters, gradient)
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
    for first, last in bounds(tiles, parts_of(cost, ctx.threads)):
        bands, words = shape.words(rows, size, must_copy=shape.length % taps != 0)
        blocks.append([Out(0), In(0), In(2), first, last, outputs, shape.planes * bands, *words])
    kernel = pool.step(code, blocks, ctx.threads)
    return _served(kernel, shape, stand_ins.convolve_to_filter, outputs, ctx)


@cpu.kernel("DepthwiseConv2dNative", T=FLOATS)
def depthwise_convolve(ctx):
    return depthwise.convolve(ctx)


@cpu.kernel("DepthwiseConv2dNativeBackpropInput", T=FLOATS)
def depthwise_to_input(ctx):
    return depthwise.to_input(ctx)


@cpu.kernel("DepthwiseConv2dNativeBackpropFilter", T=FLOATS)
def depthwise_to_filter(ctx):
    return depthwise.to_filter(ctx)
