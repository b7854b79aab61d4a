"""The gradient of a convolution's images by matrix products, channels last. Holds no state.

What each window gives back to the numbers it met is a row of a product, gradient times filter; these rows are
added up where windows overlap. Pays where the direct kernel of `conv.py` would multiply by zeros: at strides, at
images of few channels, at windows as large as the image.
"""

from types import SimpleNamespace

from .matmul import call_blas
from .values import BYTES, IrKernel, index, loop, word
from .vectors import Lanes, fill_zero, larger, smaller, steps

_WORDS = ("out gradient weights function first last at_once height width channels out_height out_width outputs "
          "stride_h stride_w dilation_h step top left rows segments columns shares "
          "depth out_depth slices stride_d dilation_d front").split()


def to_input(dtype, lanes):
    """out = gradient of images [first, last), or of whole volumes by their gradient's slices.

    Words: out, gradient, weights, cblas function, first and last image, images at once, sizes of an image, of what
    windows give, strides, distance of window rows, of segments, padding; rows of a window, segments of a row,
    columns of a segment; scratch for the rows of products of images that are done at once; how windows slide over
    `depth` slices of a volume, for `out_depth` of them.
    """
    def emit(b, block):
        w = SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(_WORDS)})
        back = _Back(b, Lanes(b, dtype, int(lanes)), w)
        size, pixels = index(BYTES[dtype]), b.mul(w.out_height, w.out_width)
        image = b.mul(b.mul(b.mul(w.height, w.width), w.channels), size)
        line = b.mul(b.mul(w.segments, w.columns), w.channels)
        taps = b.mul(b.mul(w.slices, w.rows), line)
        groups = b.sdiv(b.add(b.sub(w.last, w.first), b.sub(w.at_once, index(1))), w.at_once)
        with loop(b, index(0), groups) as group:
            begin = b.add(w.first, b.mul(group, w.at_once))
            count = smaller(b, w.at_once, b.sub(w.last, begin))
            windows = b.mul(count, pixels)
            place = b.add(w.gradient, b.mul(b.mul(b.mul(begin, pixels), w.outputs), size))
            call_blas(b, w.function, dtype, (windows, taps, w.outputs), (place, w.outputs, False),
                      (w.weights, w.outputs, True), (w.shares, taps))
            with loop(b, index(0), count) as i:
                number = b.add(begin, i)
                volume, plane = b.sdiv(number, w.out_depth), b.srem(number, w.out_depth)
                target = b.add(w.out, b.mul(b.mul(volume, w.depth), image))
                with b.if_then(b.icmp_signed("==", plane, index(0))):
                    fill_zero(b, target, b.mul(w.depth, image))
                shares = b.add(w.shares, b.mul(b.mul(b.mul(i, pixels), taps), size))
                with loop(b, index(0), w.slices) as t:
                    z = b.sub(b.add(b.mul(plane, w.stride_d), b.mul(t, w.dilation_d)), w.front)
                    inside = b.and_(b.icmp_signed(">=", z, index(0)), b.icmp_signed("<", z, w.depth))
                    with b.if_then(inside):
                        own = b.add(shares, b.mul(b.mul(b.mul(t, w.rows), line), size))
                        back.add_windows(b.add(target, b.mul(z, image)), own, taps)

    return IrKernel(emit)


class _Back:
    """Adding the windows' shares to an image."""

    def __init__(self, b, v, words):
        self.b, self.v, self.w = b, v, words

    def add_windows(self, image, shares, taps):
        """All windows of one image; `shares` of `taps` numbers each."""
        b, w = self.b, self.w
        with loop(b, index(0), w.out_height) as oh, loop(b, index(0), w.rows) as r:
            y = b.sub(b.add(b.mul(oh, w.stride_h), b.mul(r, w.dilation_h)), w.top)
            inside = b.and_(b.icmp_signed(">=", y, index(0)), b.icmp_signed("<", y, w.height))
            with b.if_then(inside), loop(b, index(0), w.out_width) as ow, loop(b, index(0), w.segments) as s:
                x = b.sub(b.add(b.mul(ow, w.stride_w), b.mul(s, w.step)), w.left)
                first = larger(b, index(0), b.sub(index(0), x))
                last = smaller(b, w.columns, b.sub(w.width, x))
                window = b.mul(b.add(b.mul(oh, w.out_width), ow), taps)
                column = b.mul(b.add(b.mul(r, w.segments), s), w.columns)
                source = b.add(window, b.mul(b.add(column, first), w.channels))
                target = b.mul(b.add(b.mul(y, w.width), b.add(x, first)), w.channels)
                self._add(self._at(image, target), self._at(shares, source),
                          b.mul(b.sub(last, first), w.channels))

    def _at(self, base, numbers):
        return self.b.add(base, self.b.mul(numbers, index(self.v.size)))

    def _add(self, target, source, count):
        """target[:count] += source[:count]"""
        b, v = self.b, self.v
        with steps(b, index(0), count, v.lanes) as (i, end):
            v.store(b.fadd(v.load(self._at(target, i)), v.load(self._at(source, i))), self._at(target, i))
        rest = b.sub(count, end)
        with b.if_then(b.icmp_signed(">", rest, index(0))):
            mask = v.mask(rest)
            place = self._at(target, end)
            v.store_part(mask, b.fadd(v.load_part(mask, place), v.load_part(mask, self._at(source, end))), place)
