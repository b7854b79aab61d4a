"""Local response normalisation: vectors of channels, some pixels at a time. Hold no state.

What windows add up is first laid out with zeros around each pixel's channels. By the time that windows read it, the
stores of some pixels are done: a load that meets parts of two stores under way waits for both.
"""

from types import SimpleNamespace

from . import vector_math
from .values import IrKernel, blocks, double_word, index, loop, word
from .vectors import Lanes, fill_zero, over_row


def power(norm, beta):
    """norm**-beta for Values. Roots are exact, logarithms not."""
    one = norm.const(1.0)
    if beta in (0.0, 1.0):
        return one / norm if beta else one
    if beta in (0.5, 0.75):
        root = norm.intrinsic("sqrt")
        return one / (root if beta == 0.5 else root * root.intrinsic("sqrt"))
    return vector_math.exp(vector_math.log(norm) * -beta)


class _Pixels:
    """Pixels of `depth` channels, and lines with room for windows around them: so many channels and `radius` on both
    sides, and a vector that is read past the end."""

    def __init__(self, b, lanes, w):
        self.b, self.v, self.w = b, Lanes(b, "float32", lanes), w
        self.margin = self.bytes(w.radius)
        self.pitch = self.bytes(b.add(b.add(w.depth, b.mul(w.radius, index(2))), index(lanes)))

    def bytes(self, numbers):
        """So many numbers in bytes."""
        return self.b.mul(numbers, index(self.v.size))

    def number(self, position):
        """A number given as a double in the block, in every lane."""
        return self.v.value(self.v.splat(position.cast("float32").ir))

    def vectors(self, first, last, body):
        """Emits `body(line, distance of channels from the tensor's begin, from the line's, load, store)`, the last two
        for addresses, for all vectors of channels of pixels [first, last), lines numbered from 0."""
        b, v, w = self.b, self.v, self.w
        with loop(b, first, last) as pixel:
            line, own = b.mul(b.sub(pixel, first), self.pitch), self.bytes(b.mul(pixel, w.depth))
            over_row(v, w.depth, lambda at, load, store: body(
                line, b.add(own, at), at, lambda place: v.value(load(place)),
                lambda value, place: store(value.ir, place)))

    def around(self, lines, line, at):
        """The sum of a window around each channel of a vector."""
        b, v = self.b, self.v
        total, place = v.slot(), b.add(b.add(lines, line), at)
        with loop(b, index(0), b.add(b.mul(self.w.radius, index(2)), index(1))) as shift:
            b.store(b.fadd(b.load(total), v.load(b.add(place, self.bytes(shift)))), total)
        return v.value(b.load(total))

    def clear(self, lines, count):
        """Fills so many lines (a Python int) with zeros."""
        fill_zero(self.b, lines, self.b.mul(self.pitch, index(count)))

    def inside(self, lines, line, at):
        """The address of channels in a line."""
        return self.b.add(self.b.add(lines, line), self.b.add(self.margin, at))


def _kernel(lanes, count, names, emit_pixels):
    """`emit_pixels(pixels, first, last, norm)` for `count` of them at a time; `norm(line, at)`: bias + alpha times the
    squares around."""
    def emit(b, block):
        names_of_all = [*names, "first", "last", "depth", "radius", "squares"]
        w = SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names_of_all)})
        pixels = _Pixels(b, int(lanes), w)
        w.bias, w.alpha, w.slope = (pixels.number(double_word(b, block, len(names_of_all) + i)) for i in range(3))
        pixels.clear(w.squares, int(count))

        def square(line, distance, at, load, store):
            x = load(b.add(w.x, distance))
            store(x * x, pixels.inside(w.squares, line, at))

        with blocks(b, w.first, w.last, index(int(count))) as (first, last):
            pixels.vectors(first, last, square)
            emit_pixels(pixels, first, last, lambda line, at: w.bias + w.alpha * pixels.around(w.squares, line, at))

    return IrKernel(emit)


def forward(lanes, count, beta):
    """out = x * norm**-beta, where norm is bias + alpha times the sum of the squares around each channel.

    `count`: pixels at a time. Words: out, x, first and last pixel, channels, radius of the windows, scratch for lines,
    bias, alpha, unused.
    """
    beta = float(beta)

    def emit_pixels(pixels, first, last, norm):
        b, w = pixels.b, pixels.w

        def scale(line, distance, at, load, store):
            store(load(b.add(w.x, distance)) * power(norm(line, at), beta), b.add(w.out, distance))

        pixels.vectors(first, last, scale)

    return _kernel(lanes, count, ["out", "x"], emit_pixels)


def gradient(lanes, count, beta):
    """out = dy * norm**-beta - slope * x * the sum of dy * y / norm around each channel.

    Words: out, x, y, dy, scratch for lines and for norms, then as for `forward`, and the slope.
    """
    beta = float(beta)

    def emit_pixels(pixels, first, last, norm):
        b, w = pixels.b, pixels.w

        def share(line, distance, at, load, store):
            own = norm(line, at)
            store(own, pixels.inside(w.norms, line, at))
            store(load(b.add(w.dy, distance)) * load(b.add(w.y, distance)) / own, pixels.inside(w.shares, line, at))

        def combine(line, distance, at, load, store):
            own = power(load(pixels.inside(w.norms, line, at)), beta)
            back = w.slope * load(b.add(w.x, distance)) * pixels.around(w.shares, line, at)
            store(load(b.add(w.dy, distance)) * own - back, b.add(w.out, distance))

        with b.if_then(b.icmp_signed("==", first, w.first)):
            pixels.clear(w.shares, int(count))
        pixels.vectors(first, last, share)
        pixels.vectors(first, last, combine)

    return _kernel(lanes, count, ["out", "x", "y", "dy", "shares", "norms"], emit_pixels)
