"""Crops of images and their gradients. Holds no state.

Sizes that only a run tells are left to the reference kernels.
"""

from math import prod

import numpy as np

from ..registry import F64, In, Out, Scratch, cpu
from . import native, pool
from .elementwise import FLOATS

_PIXELS = ("uint8", "int32", *FLOATS)
_PIXEL_COST = 8         # of a pixel between four, in cheap elements, for each channel


def _kernel(ctx, template, arrays, shapes, total, rest, settings):
    """The kernel over `total` boxes or images. Args: arrays: words. shapes: (of images, of crops, of boxes, of their
    numbers). rest: [the number that indices, or boxes, have for their limit, words after SHAPE].
    """
    images, crops, boxes, indices = shapes
    if len(images) != 4 or not all(images[1:]) or boxes != (crops[0], 4) or indices != crops[:1]:
        return None         # the reference kernel words the error
    code = native.function(f"image_boxes.{template}", *settings, str(native.INDEX_OUT_OF_RANGE))
    words = [0, 0, *arrays, 0, total, rest[0], *images[1:], *crops[1:3], Scratch(16 * sum(crops[1:3])), *rest[1:]]
    return pool.split(code, words, 2 + len(arrays), total, _PIXEL_COST * prod(crops), ctx.threads)


def _nearest(ctx):
    return str(int(ctx.attr("method") == b"nearest"))


@cpu.kernel("CropAndResize", T=_PIXELS)
def crop_and_resize(ctx):
    images, boxes, indices, _ = ctx.input_shapes
    crops, outside = ctx.output_shapes[0], F64(np.float32(ctx.attr("extrapolation_value")))
    return _kernel(ctx, "crop", [Out(0), In(0), In(1), In(2)], (images, crops, boxes, indices), crops[0],
                   [images[0], outside], (ctx.input_dtypes[0].name, _nearest(ctx)))


@cpu.kernel("CropAndResizeGradImage", T=FLOATS)
def to_images(ctx):
    images, (crops, boxes, indices, _) = ctx.output_shapes[0], ctx.input_shapes
    return _kernel(ctx, "to_images", [Out(0), In(0), In(1), In(2)], (images, crops, boxes, indices), images[0],
                   [crops[0], images[0]], (ctx.output_dtypes[0].name, _nearest(ctx)))


@cpu.kernel("CropAndResizeGradBoxes", T=_PIXELS)
def to_boxes(ctx):
    crops, images, boxes, indices = ctx.input_shapes
    return _kernel(ctx, "to_boxes", [Out(0), In(0), In(1), In(2), In(3)], (images, crops, boxes, indices), crops[0],
                   [images[0]], (ctx.input_dtypes[1].name,))
