"""Depthwise convolution with several filters per channel, channels last. Hold no state.

Every channel has `multiplier` filters of its own: with one, `depthwise_tiles.py` is faster. Words of all: three arrays,
first and last item, then SHAPE.
"""

from types import SimpleNamespace

from .values import IrKernel, Value, advance, index, load, loop, register_type, store, word
from .vectors import larger, smaller

SHAPE = ("height width channels out_height out_width window_h window_w stride_h stride_w dilation_h dilation_w "
         "top left multiplier scratch total").split()


def _words(b, block, arrays):
    names = [*arrays.split(), "first", "last", *SHAPE]
    return SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names)})


def _zero(b, address, count, dtype):
    with loop(b, index(0), count) as i:
        store(b, address, i, Value(b, dtype, register_type(dtype)(0.0)))


def _met(b, tap, stride, dilation, before, size, count):
    """The range of outputs that meet the image with a tap: 0 <= o * stride + distance < size."""
    distance = b.sub(b.mul(tap, dilation), before)
    first = b.sdiv(b.add(b.sub(index(0), distance), b.sub(stride, index(1))), stride)
    last = b.sub(b.sub(size, distance), index(1))
    end = b.select(b.icmp_signed("<", last, index(0)), index(0), b.add(b.sdiv(last, stride), index(1)))
    return larger(b, first, index(0)), smaller(b, end, count), distance


def _column_taps(b, w, tap, body):
    """Emits `body(output column, image column)` for the pixels of a row that a tap meets."""
    first, last, distance = _met(b, tap, w.stride_w, w.dilation_w, w.left, w.width, w.out_width)
    with loop(b, first, last) as column:
        body(column, b.add(b.mul(column, w.stride_w), distance))


def _products(b, w, body):
    """Emits `body(channel, output channel)` for all of them."""
    with loop(b, index(0), w.channels) as c, loop(b, index(0), w.multiplier) as m:
        body(c, b.add(b.mul(c, w.multiplier), m))


def _row_taps(b, w, row, body):
    """Emits `body(tap row, image row)` for the rows of the window at an output row that lie in the
    image."""
    with loop(b, index(0), w.window_h) as r:
        line = b.add(b.sub(b.mul(row, w.stride_h), w.top), b.mul(r, w.dilation_h))
        with b.if_then(b.icmp_unsigned("<", line, w.height)):
            body(r, line)


def convolve(dtype):
    """Items are output rows of all images. Words: out, images, filter, ..."""
    def emit(b, block):
        w = _words(b, block, "out image filter")
        outputs = b.mul(w.channels, w.multiplier)
        with loop(b, w.first, w.last) as item:
            number, row = b.sdiv(item, w.out_height), b.srem(item, w.out_height)
            target = advance(b, w.out, b.mul(b.mul(item, w.out_width), outputs), dtype)
            _zero(b, target, b.mul(w.out_width, outputs), dtype)

            def add_row(r, line):
                source = b.mul(b.mul(b.add(b.mul(number, w.height), line), w.width), w.channels)
                with loop(b, index(0), w.window_w) as s:
                    weights = advance(b, w.filter, b.mul(b.add(b.mul(r, w.window_w), s), outputs), dtype)

                    def add_pixel(column, image_column):
                        x = advance(b, w.image, b.add(source, b.mul(image_column, w.channels)), dtype)
                        y = advance(b, target, b.mul(column, outputs), dtype)
                        _products(b, w, lambda c, k: store(
                            b, y, k, load(b, y, k, dtype, again=True)
                            + load(b, x, c, dtype) * load(b, weights, k, dtype)))

                    _column_taps(b, w, s, add_pixel)

            _row_taps(b, w, row, add_row)

    return IrKernel(emit)


def to_input(dtype):
    """Items are images. Words: gradient of the images (out), gradient, filter, ..."""
    def emit(b, block):
        w = _words(b, block, "out gradient filter")
        outputs, size = b.mul(w.channels, w.multiplier), b.mul(b.mul(w.height, w.width), w.channels)
        with loop(b, w.first, w.last) as number:
            target = advance(b, w.out, b.mul(number, size), dtype)
            _zero(b, target, size, dtype)
            with loop(b, index(0), w.out_height) as row:
                source = b.mul(b.mul(b.add(b.mul(number, w.out_height), row), w.out_width), outputs)

                def add_row(r, line, source=source):
                    with loop(b, index(0), w.window_w) as s:
                        weights = advance(b, w.filter, b.mul(b.add(b.mul(r, w.window_w), s), outputs), dtype)

                        def add_pixel(column, image_column):
                            dy = advance(b, w.gradient, b.add(source, b.mul(column, outputs)), dtype)
                            pixel = b.add(b.mul(line, w.width), image_column)
                            dx = advance(b, target, b.mul(pixel, w.channels), dtype)
                            _products(b, w, lambda c, k: store(
                                b, dx, c, load(b, dx, c, dtype, again=True)
                                + load(b, dy, k, dtype) * load(b, weights, k, dtype)))

                        _column_taps(b, w, s, add_pixel)

                _row_taps(b, w, row, add_row)

    return IrKernel(emit)


def to_filter(dtype):
    """Items are taps. Rows add up in the scratch, rows' sums in float64 in `total`.

    Words: gradient of the filter (out), images, gradient, ..., number of images.
    """
    def emit(b, block):
        w = _words(b, block, "out image gradient")
        images = word(b, block, 5 + len(SHAPE))
        outputs = b.mul(w.channels, w.multiplier)
        with loop(b, w.first, w.last) as tap:
            r, s = b.sdiv(tap, w.window_w), b.srem(tap, w.window_w)
            _zero(b, w.total, outputs, "float64")
            first, last, distance = _met(b, r, w.stride_h, w.dilation_h, w.top, w.height, w.out_height)
            with loop(b, index(0), images) as number, loop(b, first, last) as row:
                line = b.add(b.mul(row, w.stride_h), distance)
                source = b.mul(b.mul(b.add(b.mul(number, w.height), line), w.width), w.channels)
                given = b.mul(b.mul(b.add(b.mul(number, w.out_height), row), w.out_width), outputs)
                _zero(b, w.scratch, outputs, dtype)

                def add_pixel(column, image_column, source=source, given=given):
                    x = advance(b, w.image, b.add(source, b.mul(image_column, w.channels)), dtype)
                    dy = advance(b, w.gradient, b.add(given, b.mul(column, outputs)), dtype)
                    _products(b, w, lambda c, k: store(
                        b, w.scratch, k, load(b, w.scratch, k, dtype, again=True)
                        + load(b, x, c, dtype) * load(b, dy, k, dtype)))

                _column_taps(b, w, s, add_pixel)
                with loop(b, index(0), outputs) as k:
                    old = load(b, w.total, k, "float64", again=True)
                    store(b, w.total, k, old + load(b, w.scratch, k, dtype, again=True).cast("float64"))
            target = advance(b, w.out, b.mul(tap, outputs), dtype)
            with loop(b, index(0), outputs) as k:
                store(b, target, k, load(b, w.total, k, "float64", again=True).cast(dtype))

    return IrKernel(emit)
