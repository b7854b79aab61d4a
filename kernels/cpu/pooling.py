"""Pooling over height and width, and its gradients. Holds no state.

Windows over channels or batch, and explicit paddings, are left to the reference kernels.
"""

from math import prod

from graphflow.framework import windows

from ..registry import In, Out, cpu
from . import native, pool, stand_ins
from .elementwise import FLOATS
from .vector_unit import lanes_of


class _Pooling:
    """Images (N, H, W, C), outputs and the words SHAPE of source/pooling.py."""

    def __init__(self, images, outputs, ksize, strides, padding):
        self.images, self.outputs, self.window, self.strides = images, outputs, ksize, strides
        pads = [windows.margins(size, k, stride, padding)
                for size, k, stride in zip(images[1:3], ksize, strides, strict=True)]
        covered = tuple(ksize) == tuple(strides) and all(
            out * k == size for out, k, size in zip(outputs, ksize, images[1:3], strict=True))
        self.before = tuple(before for before, _ in pads)
        self.words = [*images[1:], *outputs, *ksize, *strides, *self.before, int(covered)]

    @property
    def geometry(self):
        """As the stand-ins take it."""
        return self.images, self.outputs, self.window, self.strides, self.before

    @property
    def cost(self):
        """Entries of all windows."""
        return self.images[0] * self.images[3] * prod(self.outputs) * prod(self.window)


def _pooling(ctx, shape, out):
    """The _Pooling of tensors of these shapes, or None where it is not ours.

    Channels first are taken as more images of one channel.
    """
    ksize, strides, padding = ctx.attr("ksize"), ctx.attr("strides"), ctx.attr("padding")
    if padding not in (b"SAME", b"VALID") or not all((*shape, *out)) or len(shape) != 4:
        return None
    for spatial, images in (((1, 2), shape), ((2, 3), (shape[0] * shape[1], *shape[2:], 1))):
        rest = [i for i in range(4) if i not in spatial]
        if all(ksize[i] == strides[i] == 1 for i in rest):
            sizes = [windows.output_size(shape[i], ksize[i], strides[i], padding) for i in spatial]
            expected = [shape[i] if i in rest else sizes[i - spatial[0]] for i in range(4)]
            if expected != list(out):
                return None     # the reference kernel words the error
            return _Pooling(images, sizes, [ksize[i] for i in spatial], [strides[i] for i in spatial], padding)
    return None


def _kernel(ctx, template, arrays, shape, total):
    dtype = ctx.output_dtypes[0].name
    code = native.function(f"pooling.{template}", dtype, str(lanes_of(dtype)))
    return pool.split(code, [*arrays, 0, total, *shape.words], len(arrays), total, shape.cost, ctx.threads)


def _forward(template, stand_in=None):
    def make(ctx):
        shape = _pooling(ctx, ctx.input_shapes[0], ctx.output_shapes[0])
        if shape is None:
            return None
        kernel = _kernel(ctx, template, [Out(0), In(0)], shape, shape.images[0] * shape.outputs[0])
        return kernel.with_stand_in(stand_in and stand_in(ctx.output_shapes[0], *shape.geometry))
    return make


def _backward(template, arrays, gradient, stand_in=None):
    def make(ctx):
        shape = _pooling(ctx, ctx.output_shapes[0], ctx.input_shapes[gradient])
        if shape is None:
            return None
        kernel = _kernel(ctx, template, [Out(0), *map(In, arrays)], shape, shape.images[0])
        return kernel.with_stand_in(stand_in and stand_in(ctx.output_shapes[0], *shape.geometry))
    return make


cpu.kernel("MaxPool", T=FLOATS)(_forward("max_pool", stand_ins.max_pool))
cpu.kernel("AvgPool", T=FLOATS)(_forward("average_pool"))
cpu.kernel("MaxPoolGrad", T=FLOATS)(_backward("max_pool_gradient", [0, 2], 2, stand_ins.max_pool_gradient))
cpu.kernel("AvgPoolGrad", T=FLOATS)(_backward("average_pool_gradient", [1], 1))
