"""Colours of pixels: between RGB and HSV, and changed in hue or saturation. Holds no state."""

from math import prod

from ..registry import In, Out, cpu
from . import native, pool
from .elementwise import FLOATS

_COST = 16      # of a pixel, in cheap elements


def _pixels(op_type, name, amounts=0):
    @cpu.kernel(op_type, T=FLOATS)
    def make(ctx):
        shape = ctx.input_shapes[0]
        if not shape or shape[-1] != 3 or any(s != () for s in ctx.input_shapes[1:]):
            return None         # the reference kernel words the error
        count = prod(shape[:-1])
        code = native.function("image_color.pixels", name, ctx.output_dtypes[0].name)
        words = [Out(0), In(0), 0, count, *[In(1)] * amounts]
        return pool.split(code, words, 2, count, _COST * count, ctx.threads)


_pixels("RGBToHSV", "to_hsv")
_pixels("HSVToRGB", "to_rgb")
_pixels("AdjustHue", "hue", 1)
_pixels("AdjustSaturation", "saturation", 1)
