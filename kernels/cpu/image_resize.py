"""Resizing images by picking pixels and between pixels, and the gradient of the first. Holds no state.

Sizes that only a run tells, and images without pixels, are left to the reference kernels.
"""

from math import prod

from ..registry import In, Out, cpu
from . import native, pool
from .copying import item_size


def _scale(count, size, align):
    """What a scale is divided of and by: `count` pixels are made of `size`."""
    return (size - 1, count - 1) if align and count > 1 else (size, count)


def _kernel(ctx, template, dtype, image, resized, lines):
    """The kernel over so many rows of each image; `image` is what was or is to be resized to `resized`."""
    align, half = ctx.attr("align_corners"), ctx.attr("half_pixel_centers")
    if align and half or len(image) != 4 or not all((*image, *resized)):
        return None
    code = native.function(f"image_resize.{template}", dtype)
    words = [*image[1:], *resized[1:3], *_scale(resized[1], image[1], align), *_scale(resized[2], image[2], align),
             int(half), int(align)]
    total = image[0] * lines
    return pool.split(code, [Out(0), In(0), 0, total, *words], 2, total, 4 * prod(resized), ctx.threads)


@cpu.kernel("ResizeNearestNeighbor")
def nearest(ctx):
    """Elements are moved as integers of their size."""
    item = item_size(ctx.output_dtypes[0])
    image, resized = ctx.input_shapes[0], ctx.output_shapes[0]
    return _kernel(ctx, "nearest", f"uint{8 * item}", image, resized, resized[1])


@cpu.kernel("ResizeNearestNeighborGrad", T=("float32", "float64"))
def nearest_grad(ctx):
    image, resized = ctx.output_shapes[0], ctx.input_shapes[0]
    return _kernel(ctx, "nearest_grad", ctx.output_dtypes[0].name, image, resized, image[1])


@cpu.kernel("ResizeBilinear", T=("uint8", "int32", "float32"))
def bilinear(ctx):
    image, resized = ctx.input_shapes[0], ctx.output_shapes[0]
    return _kernel(ctx, "bilinear", ctx.input_dtypes[0].name, image, resized, resized[1])
