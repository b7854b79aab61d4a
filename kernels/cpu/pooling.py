"""Pooling over height and width, maybe over depth, and its gradients. Holds no state.

Windows over channels or batch, and explicit paddings, are left to the reference kernels.
"""

from math import prod

from graphflow.framework import windows

from ..registry import In, Native, Out, cpu
from . import native, pool, stand_ins
from .elementwise import FLOATS
from .vector_unit import lanes_of


class _Pooling:
    """Images (N, H, W, C) or volumes (N, D, H, W, C), outputs and the words of source/pooling.py."""

    def __init__(self, images, outputs, ksize, strides, padding):
        self.images, self.outputs, self.window, self.strides = images, outputs, ksize, strides
        pads = [windows.margins(size, k, stride, padding)
                for size, k, stride in zip(images[1:-1], ksize, strides, strict=True)]
        covered = tuple(ksize) == tuple(strides) and all(
            out * k == size for out, k, size in zip(outputs, ksize, images[1:-1], strict=True))
        self.before = tuple(before for before, _ in pads)
        self.words = [*images[-3:], *(number for numbers in (outputs, ksize, strides, self.before)
                                      for number in numbers[-2:]), int(covered)]
        if self.is_of_volumes:
            self.words += [images[1], outputs[0], ksize[0], strides[0], self.before[0]]

    @property
    def is_of_volumes(self):
        """Whether windows go over depth."""
        return len(self.window) == 3

    @property
    def rows(self):
        """Rows of windows."""
        return self.images[0] * prod(self.outputs[:-1])

    @property
    def geometry(self):
        """As the stand-ins take it."""
        return self.images, self.outputs, self.window, self.strides, self.before

    @property
    def cost(self):
        """Entries of all windows."""
        return self.images[0] * self.images[-1] * prod(self.outputs) * prod(self.window)


def _pooling(ctx, shape, out):
    """The _Pooling of tensors of these shapes, or None where it is not ours.

    Channels first are taken as more images of one channel.
    """
    ksize, strides, padding = ctx.attr("ksize"), ctx.attr("strides"), ctx.attr("padding")
    rank = len(ksize)
    if padding not in (b"SAME", b"VALID") or not all((*shape, *out)) or len(shape) != rank:
        return None
    first = (shape[0] * shape[1], *shape[2:], 1)
    for spatial, images in ((range(1, rank - 1), shape), (range(2, rank), first)):
        rest = [i for i in range(rank) if i not in spatial]
        if all(ksize[i] == strides[i] == 1 for i in rest):
            sizes = [windows.output_size(shape[i], ksize[i], strides[i], padding) for i in spatial]
            expected = [shape[i] if i in rest else sizes[i - spatial[0]] for i in range(rank)]
            if expected != list(out):
                return None     # the reference kernel words the error
            return _Pooling(images, sizes, [ksize[i] for i in spatial], [strides[i] for i in spatial], padding)
    return None


def _kernel(ctx, template, arrays, shape, total, stand_in):
    dtype = ctx.output_dtypes[0].name
    code = native.function(f"pooling.{template}", dtype, str(lanes_of(dtype)), str(len(shape.window)))
    kernel = pool.split(code, [*arrays, 0, total, *shape.words], len(arrays), total, shape.cost, ctx.threads)
    if stand_in is None or shape.is_of_volumes:
        return kernel
    return kernel.with_stand_in(stand_in(ctx.output_shapes[0], *shape.geometry))


def _forward(template, stand_in=None):
    def make(ctx):
        shape = _pooling(ctx, ctx.input_shapes[0], ctx.output_shapes[0])
        return shape and _kernel(ctx, template, [Out(0), In(0)], shape, shape.rows, stand_in)
    return make


def _backward(template, arrays, gradient, stand_in=None):
    def make(ctx):
        shape = _pooling(ctx, ctx.output_shapes[0], ctx.input_shapes[gradient])
        if shape is None or any(ctx.input_dtypes[i] != ctx.output_dtypes[0] for i in arrays):
            return None
        return _kernel(ctx, template, [Out(0), *map(In, arrays)], shape, shape.images[0], stand_in)
    return make


cpu.kernel("MaxPool", "MaxPool3D", T=FLOATS)(_forward("max_pool", stand_ins.max_pool))
cpu.kernel("AvgPool", "AvgPool3D", T=FLOATS)(_forward("average_pool"))
cpu.kernel("MaxPoolGrad", "MaxPool3DGrad", T=FLOATS)(
    _backward("max_pool_gradient", [0, 2], 2, stand_ins.max_pool_gradient))
cpu.kernel("AvgPoolGrad", "AvgPool3DGrad", T=FLOATS)(_backward("average_pool_gradient", [1], 1))


@cpu.kernel("MaxPoolWithArgmax", T=FLOATS)
def max_pool_with_argmax(ctx):
    """Windows over height and width only."""
    shape = _pooling(ctx, ctx.input_shapes[0], ctx.output_shapes[0])
    if shape is None or tuple(shape.images) != tuple(ctx.input_shapes[0]):
        return None
    code = native.function("pooling_argmax.forward", ctx.output_dtypes[0].name, ctx.output_dtypes[1].name)
    words = [Out(0), Out(1), In(0), 0, shape.rows, int(ctx.attr("include_batch_in_index")), *shape.words]
    return pool.split(code, words, 3, shape.rows, 8 * shape.cost, ctx.threads)


@cpu.kernel("MaxPoolGradWithArgmax", "MaxPoolGradGradWithArgmax", T=FLOATS)
def max_pool_with_argmax_grad(ctx):
    """Positions may be of any image: all are done in turn."""
    images, places = ctx.input_shapes[0], ctx.input_shapes[2]
    gathers = ctx.op_type == "MaxPoolGradGradWithArgmax"
    wanted = images if gathers else places
    if len(images) != 4 or not all((*images, *places)) or places[0] != images[0] or ctx.input_shapes[1] != wanted:
        return None
    code = native.function("pooling_argmax.backward", ctx.output_dtypes[0].name, ctx.input_dtypes[2].name,
                           str(int(gathers)), str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), In(1), In(2), images[0], prod(places[1:]), prod(images[1:]),
                         int(ctx.attr("include_batch_in_index"))])
