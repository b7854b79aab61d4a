"""Pooling over height and width, maybe over depth, channels last, vectors of channels. Hold no state.

Every kernel goes over rows of windows (forward) or images (gradients, whose windows may overlap),
and for each window over its channels: whole vectors, then a masked rest. Words of all: up to three
arrays, first and last row or image, then SHAPE; for volumes ("3" axes), of which an image is all slices, then DEPTH.
"""

from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

from llvmlite import ir

from .values import I32, IrKernel, index, loop, word
from .vectors import Lanes, fill_zero, larger, over_row, smaller

SHAPE = ("height width channels out_height out_width window_h window_w stride_h stride_w top left "
         "covered").split()
DEPTH = "depth out_depth window_d stride_d front".split()


class _Windows:
    """The loops over windows and their taps."""

    def __init__(self, b, block, dtype, lanes, axes, arrays):
        self.b, self.v = b, Lanes(b, dtype, int(lanes))
        self._has_depth = axes == "3"
        names = [*arrays, "first", "last", *SHAPE, *(DEPTH if self._has_depth else ())]
        self.w = SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names)})
        if not self._has_depth:
            self.w.depth = self.w.out_depth = index(1)

    def bytes(self, *factors):
        """The product of `factors` (IR integers) numbers in bytes."""
        total = index(self.v.size)
        for factor in factors:
            total = self.b.mul(total, factor)
        return total

    @contextmanager
    def window(self, plane, row, column):
        """Sets where the window at an output's plane (of all images), row and column lies; yields its number in the
        outputs of all images."""
        b, w = self.b, self.w
        self._rows = self._span(row, w.stride_h, w.top, w.window_h, w.height)
        self._columns = self._span(column, w.stride_w, w.left, w.window_w, w.width)
        if self._has_depth:
            slices = self._span(b.srem(plane, w.out_depth), w.stride_d, w.front, w.window_d, w.depth)
            before = b.mul(b.sdiv(plane, w.out_depth), w.depth)
            self._planes = tuple(b.add(before, end) for end in slices)
        else:
            self._planes = plane, None
        yield b.add(b.mul(b.add(b.mul(plane, w.out_height), row), w.out_width), column)

    def _span(self, number, stride, before, window, size):
        """The entries, from one to before another, that a window meets along one dimension."""
        b = self.b
        first = b.sub(b.mul(number, stride), before)
        return larger(b, first, index(0)), smaller(b, b.add(first, window), size)

    def count(self):
        """How many entries the window meets, in every lane."""
        b = self.b
        total = b.mul(b.sub(*self._rows[::-1]), b.sub(*self._columns[::-1]))
        if self._has_depth:
            total = b.mul(total, b.sub(*self._planes[::-1]))
        return self.v.splat(b.sitofp(total, self.v.scalar))

    @contextmanager
    def taps(self):
        """Over the window's entries; yields (tap number, distance of its channels in bytes)."""
        b, w = self.b, self.w
        with ExitStack() as loops:
            plane = loops.enter_context(loop(b, *self._planes)) if self._has_depth else self._planes[0]
            r, c = (loops.enter_context(loop(b, *span)) for span in (self._rows, self._columns))
            line = b.sub(r, self._rows[0])
            if self._has_depth:
                line = b.add(b.mul(b.sub(plane, self._planes[0]), w.window_h), line)
            number = b.add(b.mul(line, w.window_w), b.sub(c, self._columns[0]))
            yield number, self._distance(plane, r, c)

    def first_tap(self):
        """Distance of the first entry's channels in bytes."""
        return self._distance(self._planes[0], self._rows[0], self._columns[0])

    def _distance(self, plane, row, column):
        b, w = self.b, self.w
        pixel = b.add(b.mul(b.add(b.mul(plane, w.height), row), w.width), column)
        return self.bytes(pixel, w.channels)

    def over_channels(self, body):
        """Emits `body(channel's distance in bytes, load(address), store(value, address))`."""
        over_row(self.v, self.w.channels, body)


def _forward(dtype, lanes, axes, emit_window):
    def emit(b, block):
        over = _Windows(b, block, dtype, lanes, axes, ["out", "x"])
        w = over.w
        with loop(b, w.first, w.last) as line:
            plane, row = b.sdiv(line, w.out_height), b.srem(line, w.out_height)
            with loop(b, index(0), w.out_width) as column, over.window(plane, row, column) as number:
                target = b.add(w.out, over.bytes(number, w.channels))
                over.over_channels(
                    lambda at, load, store: store(emit_window(over, b.add(w.x, at), load),
                                                  b.add(target, at)))

    return IrKernel(emit)


def _backward(dtype, lanes, axes, arrays, emit_window):
    """For gradients: `emit_window(over, at, load, store, add)` for each window and vector."""
    def emit(b, block):
        over = _Windows(b, block, dtype, lanes, axes, arrays)
        w = over.w
        covered = b.icmp_signed("!=", w.covered, index(0))
        size = over.bytes(w.depth, w.height, w.width, w.channels)
        with loop(b, w.first, w.last) as image:
            with b.if_then(b.not_(covered)):
                fill_zero(b, b.add(w.out, b.mul(image, size)), size)
            planes = b.mul(image, w.out_depth), b.mul(b.add(image, index(1)), w.out_depth)
            with (loop(b, *planes) as plane, loop(b, index(0), w.out_height) as row,
                  loop(b, index(0), w.out_width) as column, over.window(plane, row, column) as number):
                source = b.add(w.gradient, over.bytes(number, w.channels))
                with b.if_else(covered) as (alone, shared):
                    for how, is_shared in ((alone, False), (shared, True)):
                        with how:
                            over.over_channels(lambda at, load, store, is_shared=is_shared: emit_window(
                                over, at, load(b.add(source, at)), load, _adder(b, load, store, is_shared)))

    return IrKernel(emit)


def _adder(b, load, store, is_shared):
    """What puts a number into the result: added where windows may share an entry."""
    def put(value, address):
        store(b.fadd(load(address), value) if is_shared else value, address)
    return put


def max_pool(dtype, lanes, axes):
    """The largest entry of each window, by comparisons in order: a later one must be larger."""
    def emit_window(over, x, load):
        b = over.b
        best = over.v.slot(load(b.add(x, over.first_tap())))
        with over.taps() as (_, distance):
            value, old = load(b.add(x, distance)), b.load(best)
            b.store(b.select(b.fcmp_ordered(">", value, old), value, old), best)
        return b.load(best)

    return _forward(dtype, lanes, axes, emit_window)


def average_pool(dtype, lanes, axes):
    """The mean of the entries of each window."""
    def emit_window(over, x, load):
        b = over.b
        total = over.v.slot()
        with over.taps() as (_, distance):
            b.store(b.fadd(b.load(total), load(b.add(x, distance))), total)
        return b.fdiv(b.load(total), over.count())

    return _forward(dtype, lanes, axes, emit_window)


def max_pool_gradient(dtype, lanes, axes):
    """Each gradient goes to the first largest entry of its window."""
    def emit_window(over, at, gradient, load, put):
        b, w, v = over.b, over.w, over.v
        numbers = ir.VectorType(I32, v.lanes)
        with b.goto_entry_block():
            place = b.alloca(numbers)
        b.store(ir.Constant(numbers, None), place)
        x = b.add(w.x, at)
        best = v.slot(load(b.add(x, over.first_tap())))

        def in_lanes(number):
            one = b.insert_element(ir.Constant(numbers, ir.Undefined), b.trunc(number, I32), ir.Constant(I32, 0))
            return b.shuffle_vector(one, ir.Constant(numbers, ir.Undefined), ir.Constant(numbers, None))

        with over.taps() as (number, distance):
            value, old = load(b.add(x, distance)), b.load(best)
            better = b.fcmp_ordered(">", value, old)
            b.store(b.select(better, value, old), best)
            b.store(b.select(better, in_lanes(number), b.load(place)), place)
        target = b.add(w.out, at)
        with over.taps() as (number, distance):
            chosen = b.icmp_signed("==", b.load(place), in_lanes(number))
            put(b.select(chosen, gradient, v.zero), b.add(target, distance))

    return _backward(dtype, lanes, axes, ["out", "x", "gradient"], emit_window)


def average_pool_gradient(dtype, lanes, axes):
    """Each gradient is shared among the entries of its window."""
    def emit_window(over, at, gradient, load, put):
        b = over.b
        share = b.fdiv(gradient, over.count())
        with over.taps() as (_, distance):
            put(share, b.add(b.add(over.w.out, at), distance))

    return _backward(dtype, lanes, axes, ["out", "gradient"], emit_window)
