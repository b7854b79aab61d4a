"""Colours of pixels, in double precision inside. Hold no state.

Words of all: result, argument, first and last pixel, and where there is one the address of the amount.
"""

from numba import types
from numba.extending import register_jitable

from .memory import TYPES, load, store

_WIDE, _NUMBER = types.float64, types.float32


@register_jitable
def _to_hsv(red, green, blue):
    """Hue in [0, 1), saturation, value. A colour with a NaN has that as its value, and is grey."""
    value, least = max(max(red, green), blue), min(min(red, green), blue)
    if red != red or green != green or blue != blue:
        value = least = red + green + blue
    span = value - least
    saturation = span / value if value > 0 else 0.0
    hue = 0.0
    if span > 0:
        unit = 1.0 / (6.0 * span)
        if red == value:
            hue = unit * (green - blue)
        elif green == value:
            hue = unit * (blue - red) + 2 / 6
        else:
            hue = unit * (red - green) + 4 / 6
        if hue < 0:
            hue += 1.0
    return hue, saturation, value


@register_jitable
def _part(distance, saturation, value):
    """Red, green or blue, by how far the hue is from it; NaN stays NaN."""
    if distance < 0:
        distance = 0.0
    elif distance > 1:
        distance = 1.0
    return ((1.0 - saturation) + saturation * distance) * value


@register_jitable
def _to_rgb(hue, saturation, value):
    sixths = hue * 6.0
    return (_part(abs(sixths - 3.0) - 1.0, saturation, value), _part(2.0 - abs(sixths - 2.0), saturation, value),
            _part(2.0 - abs(sixths - 4.0), saturation, value))


@register_jitable
def _fraction(number):
    """What is above the next lower whole number; of NaN and infinity NaN."""
    if not abs(number) < 2.0**52:
        return number - number
    number -= _WIDE(types.int64(number))
    return number + 1.0 if number < 0 else number


@register_jitable
def _hsv_of(red, green, blue, amount):
    return _to_hsv(red, green, blue)


@register_jitable
def _rgb_of(hue, saturation, value, amount):
    return _to_rgb(hue, saturation, value)


@register_jitable
def _with_hue(red, green, blue, amount):
    hue, saturation, value = _to_hsv(red, green, blue)
    return _to_rgb(_fraction(hue + amount), saturation, value)


@register_jitable
def _with_saturation(red, green, blue, amount):
    hue, saturation, value = _to_hsv(red, green, blue)
    saturation *= amount
    if saturation < 0:
        saturation = 0.0
    elif saturation > 1:
        saturation = 1.0
    return _to_rgb(hue, saturation, value)


_FUNCTIONS = {"to_hsv": _hsv_of, "to_rgb": _rgb_of, "hue": _with_hue, "saturation": _with_saturation}


def pixels(name, dtype):
    """Each pixel by itself. `name` is what becomes of it: to_hsv, to_rgb, hue or saturation, changed by the amount."""
    convert, kind = _FUNCTIONS[name], TYPES[dtype]
    has_amount = name in ("hue", "saturation")

    def kernel(block):
        out, x = block[0], block[1]
        amount = _WIDE(load(block[4], 0, _NUMBER)) if has_amount else 0.0
        for pixel in range(block[2], block[3]):
            a, b, c = convert(_WIDE(load(x, 3 * pixel, kind)), _WIDE(load(x, 3 * pixel + 1, kind)),
                              _WIDE(load(x, 3 * pixel + 2, kind)), amount)
            store(out, 3 * pixel, kind(a))
            store(out, 3 * pixel + 1, kind(b))
            store(out, 3 * pixel + 2, kind(c))
        return types.int32(0)

    return kernel
