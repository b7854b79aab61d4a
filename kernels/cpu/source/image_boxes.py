"""Parts of images, cropped and resized, and their gradients, channels last. Hold no state.

Words of all: 0 and 1 for details of errors, the result, two or three arrays (boxes and the numbers of their images
last), a range of boxes or images, a number, then SHAPE: sizes of images, of crops, and scratch for two words per row
and column of a crop. Positions are in single precision, as the reference kernels have them.
"""

from numba import types
from numba.extending import register_jitable

from .memory import TYPES, float_of_bits, load, peek, store

_NUMBER = types.float32
_OUTSIDE = -1


@register_jitable
def _place(table, low, high, count, size, nearest):
    """Of each of `count` rows, or columns, of a crop: the pixel below, or the nearest, and the weight of that above."""
    span = _NUMBER(size - 1)
    step = (high - low) * span / _NUMBER(count - 1) if count > 1 else _NUMBER(0)
    start = low * span if count > 1 else _NUMBER(0.5) * (low + high) * span
    for i in range(count):
        place = start + _NUMBER(i) * step if count > 1 else start
        below, weight = types.int64(_OUTSIDE), _NUMBER(0)
        if place >= 0 and place <= span:
            below = types.int64(place + _NUMBER(0.5) if nearest else place)
            weight = _NUMBER(0) if nearest else place - _NUMBER(below)
        store(table, 2 * i, below)
        store(table, 2 * i + 1, types.float64(weight))


@register_jitable
def _below(table, i):
    return peek(table, 2 * i, types.int64)


@register_jitable
def _weight(table, i):
    return _NUMBER(peek(table, 2 * i + 1, types.float64))


@register_jitable
def _grid(boxes, box, table, shape, nearest):
    """Fills the table for the rows of a box, then its columns; gives where the latter begin."""
    height, width, rows, columns = shape
    y0, x0, y1, x1 = (load(boxes, 4 * box, types.float32), load(boxes, 4 * box + 1, types.float32),
                      load(boxes, 4 * box + 2, types.float32), load(boxes, 4 * box + 3, types.float32))
    across = table + 16 * rows
    _place(table, y0, y1, rows, height, nearest)
    _place(across, x0, x1, columns, width, nearest)
    return across


@register_jitable
def _first_outside(indices, count, batch):
    """The first box that is of no image, or -1."""
    for box in range(count):
        image = load(indices, box, types.int32)
        if image < 0 or image >= batch:
            return box
    return -1


def crop(dtype, nearest, code):
    """Boxes of images, between columns first, then between rows.

    Words: 0 and 1, out, images, boxes, indices, first and last box, number of images, SHAPE, what is outside of images
    (a double). Fails with `code` for a box of no image.
    """
    kind, nearest, code = TYPES[dtype], nearest == "1", types.int32(int(code))

    def kernel(block):
        out, images, boxes, indices, first, last = block[2], block[3], block[4], block[5], block[6], block[7]
        height, width, channels, rows, columns, table = block[9], block[10], block[11], block[12], block[13], block[14]
        outside = _NUMBER(float_of_bits(block[15]))
        if _first_outside(indices, last, block[8]) >= 0:
            return code
        for box in range(first, last):
            across = _grid(boxes, box, table, (height, width, rows, columns), nearest)
            image = types.int64(load(indices, box, types.int32)) * height
            for row in range(rows):
                top, down = _below(table, row), _weight(table, row)
                line, next_line = (image + top) * width, (image + top + (down > 0)) * width
                for column in range(columns):
                    left, over = _below(across, column), _weight(across, column)
                    target = ((box * rows + row) * columns + column) * channels
                    if top == _OUTSIDE or left == _OUTSIDE:
                        for c in range(channels):
                            store(out, target + c, outside)
                        continue
                    right = left + (over > 0)
                    places = ((line + left) * channels, (line + right) * channels,
                              (next_line + left) * channels, (next_line + right) * channels)
                    for c in range(channels):
                        above = _NUMBER(load(images, places[0] + c, kind))
                        if not nearest:
                            below = _NUMBER(load(images, places[2] + c, kind))
                            above += (_NUMBER(load(images, places[1] + c, kind)) - above) * over
                            below += (_NUMBER(load(images, places[3] + c, kind)) - below) * over
                            above += (below - above) * down
                        store(out, target + c, above)
        return types.int32(0)

    return kernel


def to_images(dtype, nearest, code):
    """The gradients of crops added to the pixels that they came from.

    Words: 0 and 1, out, gradients, boxes, indices, first and last image, number of boxes, SHAPE, number of images.
    Fails with `code` for a box of no image.
    """
    kind, nearest, code = TYPES[dtype], nearest == "1", types.int32(int(code))

    @register_jitable
    def add(out, target, grads, source, channels, weight):
        for c in range(channels):
            total = peek(out, target + c, kind) + kind(load(grads, source + c, types.float32) * weight)
            store(out, target + c, total)

    def kernel(block):
        out, grads, boxes, indices, first, last, count = (
            block[2], block[3], block[4], block[5], block[6], block[7], block[8])
        height, width, channels, rows, columns, table = block[9], block[10], block[11], block[12], block[13], block[14]
        if _first_outside(indices, count, block[15]) >= 0:
            return code
        for i in range(first * height * width * channels, last * height * width * channels):
            store(out, i, kind(0))
        for box in range(count):
            image = types.int64(load(indices, box, types.int32))
            if image < first or image >= last:
                continue
            across = _grid(boxes, box, table, (height, width, rows, columns), nearest)
            for row in range(rows):
                top, down = _below(table, row), _weight(table, row)
                line, next_line = (image * height + top) * width, (image * height + top + (down > 0)) * width
                for column in range(columns):
                    left, over = _below(across, column), _weight(across, column)
                    if top == _OUTSIDE or left == _OUTSIDE:
                        continue
                    source, right = ((box * rows + row) * columns + column) * channels, left + (over > 0)
                    up, back = _NUMBER(1) - down, _NUMBER(1) - over
                    add(out, (line + left) * channels, grads, source, channels, up * back)
                    if not nearest:
                        add(out, (line + right) * channels, grads, source, channels, up * over)
                        add(out, (next_line + left) * channels, grads, source, channels, down * back)
                        add(out, (next_line + right) * channels, grads, source, channels, down * over)
        return types.int32(0)

    return kernel


def to_boxes(dtype, code):
    """The slopes of the images between pixels, carried to the ends of the box that each lies between.

    Words: 0 and 1, out, gradients, images, boxes, indices, first and last box, number of images, SHAPE. Fails with
    `code` for a box of no image.
    """
    kind, code = TYPES[dtype], types.int32(int(code))

    def kernel(block):
        out, grads, images, boxes, indices, first, last = (
            block[2], block[3], block[4], block[5], block[6], block[7], block[8])
        height, width, channels, rows, columns, table = block[10], block[11], block[12], block[13], block[14], block[15]
        if _first_outside(indices, last, block[9]) >= 0:
            return code
        for box in range(first, last):
            across = _grid(boxes, box, table, (height, width, rows, columns), False)
            image = types.int64(load(indices, box, types.int32)) * height
            y0, x0, y1, x1 = 0.0, 0.0, 0.0, 0.0
            for row in range(rows):
                top, down = _below(table, row), _weight(table, row)
                line, next_line = (image + top) * width, (image + top + (down > 0)) * width
                share_y = row / (rows - 1) if rows > 1 else 0.5
                for column in range(columns):
                    left, over = _below(across, column), _weight(across, column)
                    if top == _OUTSIDE or left == _OUTSIDE:
                        continue
                    source, right = ((box * rows + row) * columns + column) * channels, left + (over > 0)
                    share_x = column / (columns - 1) if columns > 1 else 0.5
                    slope_y, slope_x = 0.0, 0.0
                    for i in range(channels):
                        a = _NUMBER(load(images, (line + left) * channels + i, kind))
                        b = _NUMBER(load(images, (line + right) * channels + i, kind))
                        c = _NUMBER(load(images, (next_line + left) * channels + i, kind))
                        d = _NUMBER(load(images, (next_line + right) * channels + i, kind))
                        dy = load(grads, source + i, types.float32)
                        slope_y += ((_NUMBER(1) - over) * (c - a) + over * (d - b)) * dy
                        slope_x += ((_NUMBER(1) - down) * (b - a) + down * (d - c)) * dy
                    slope_y, slope_x = slope_y * (height - 1), slope_x * (width - 1)
                    y0 += slope_y * (1 - share_y)
                    x0 += slope_x * (1 - share_x)
                    y1 += slope_y * share_y
                    x1 += slope_x * share_x
            for i, value in enumerate((y0, x0, y1, x1)):
                store(out, 4 * box + i, _NUMBER(value))
        return types.int32(0)

    return kernel
