"""Resizing of images, channels last. Hold no state.

Positions are single precision, computed as the reference kernels do. Words of all: result, argument, first and
last row, then SHAPE: sizes of the small or original image, channels, the resized image's sizes, of rows and of columns
what a pixel's scale is divided of and by, whether pixels are half a pixel off, whether corners are aligned. The
rows that are counted are those of all images of the result.
"""

from numba import types
from numba.extending import register_jitable

from .memory import TYPES, load, peek, store

SHAPE = ("height width channels resized_height resized_width scale_y by_y scale_x by_x half align").split()
_NUMBER = types.float32


@register_jitable
def _picked(place, scale, half, align, size):
    """The pixel that a pixel of the resized image is."""
    position = (_NUMBER(place) + _NUMBER(half) * _NUMBER(0.5)) * scale + _NUMBER(align) * _NUMBER(0.5)
    return min(types.int64(position), size - 1)


@register_jitable
def _between(place, scale, half, size):
    """(lower pixel, upper pixel, weight of the upper)."""
    shift = _NUMBER(half) * _NUMBER(0.5)
    position = (_NUMBER(place) + shift) * scale - shift
    lower = types.int64(position)
    if _NUMBER(lower) > position:
        lower -= 1
    weight = position - _NUMBER(lower)
    upper = lower if weight == 0 else lower + 1
    return min(max(lower, 0), size - 1), max(min(upper, size - 1), 0), weight


def nearest(dtype):
    """Pixels picked; `dtype` is any of the elements' size."""
    kind = TYPES[dtype]

    def kernel(block):
        out, x, first, last, height, width, channels = (
            block[0], block[1], block[2], block[3], block[4], block[5], block[6])
        rows, columns, half, align = block[7], block[8], block[13], block[14]
        scale_y, scale_x = _NUMBER(block[9]) / _NUMBER(block[10]), _NUMBER(block[11]) / _NUMBER(block[12])
        for line in range(first, last):
            source = (line // rows * height + _picked(line % rows, scale_y, half, align, height)) * width
            for column in range(columns):
                pixel = (source + _picked(column, scale_x, half, align, width)) * channels
                target = (line * columns + column) * channels
                for c in range(channels):
                    store(out, target + c, load(x, pixel + c, kind))
        return types.int32(0)

    return kernel


def nearest_grad(dtype):
    """Gradients added up, row by row, in the pixel that they were picked from."""
    kind = TYPES[dtype]

    def kernel(block):
        out, grads, first, last, height, width, channels = (
            block[0], block[1], block[2], block[3], block[4], block[5], block[6])
        rows, columns, half, align = block[7], block[8], block[13], block[14]
        scale_y, scale_x = _NUMBER(block[9]) / _NUMBER(block[10]), _NUMBER(block[11]) / _NUMBER(block[12])
        for i in range(first * width * channels, last * width * channels):
            store(out, i, kind(0))
        for image in range(first // height, (last + height - 1) // height):
            for row in range(rows):
                line = image * height + _picked(row, scale_y, half, align, height)
                if line < first or line >= last:
                    continue
                source = (image * rows + row) * columns
                for column in range(columns):
                    target = (line * width + _picked(column, scale_x, half, align, width)) * channels
                    for c in range(channels):
                        total = peek(out, target + c, kind) + load(grads, (source + column) * channels + c, kind)
                        store(out, target + c, total)
        return types.int32(0)

    return kernel


def bilinear(dtype):
    """Between columns first, then between rows; the result is float32. One more word: scratch for three words a column.
    """
    kind = TYPES[dtype]

    def kernel(block):
        out, x, first, last, height, width, channels = (
            block[0], block[1], block[2], block[3], block[4], block[5], block[6])
        rows, columns, half, table = block[7], block[8], block[13], block[15]
        scale_y, scale_x = _NUMBER(block[9]) / _NUMBER(block[10]), _NUMBER(block[11]) / _NUMBER(block[12])
        for column in range(columns):
            low, high, right = _between(column, scale_x, half, width)
            store(table, 3 * column, low * channels)
            store(table, 3 * column + 1, high * channels)
            store(table, 3 * column + 2, types.float64(right))
        for line in range(first, last):
            above, below, down = _between(line % rows, scale_y, half, height)
            image = line // rows * height
            top, bottom = (image + above) * width * channels, (image + below) * width * channels
            for column in range(columns):
                low, high = peek(table, 3 * column, types.int64), peek(table, 3 * column + 1, types.int64)
                right = _NUMBER(peek(table, 3 * column + 2, types.float64))
                target = (line * columns + column) * channels
                for c in range(channels):
                    a = _NUMBER(load(x, top + low + c, kind))
                    b = _NUMBER(load(x, bottom + low + c, kind))
                    a += (_NUMBER(load(x, top + high + c, kind)) - a) * right
                    b += (_NUMBER(load(x, bottom + high + c, kind)) - b) * right
                    store(out, target + c, a + (b - a) * down)
        return types.int32(0)

    return kernel
