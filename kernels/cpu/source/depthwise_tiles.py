"""Depthwise convolution by tiles of sums in registers, channels last. Hold no state.

Every channel has one filter: those that have several are repeated before, and their gradients added up.

A row of the result is taken as *positions* of so many vectors, each with the same weights at every position: at stride
1 as many pixels as fill whole vectors, else one pixel, whose last vector may be a part. Weights are laid out for the
vectors of a position (`spread`), and sums over positions are folded again (`fold`). Bands of rows are `conv.py`'s.
"""

from types import SimpleNamespace

from numba import types

from .conv import IMAGE, Band
from .memory import TYPES, load, store
from .values import IrKernel, index, loop, word
from .vectors import Lanes, smaller

# Numbers from one position to the next in a row of the result and of the image; vectors, and numbers, of a position;
# whole positions of a row, and numbers after them; columns of a window; numbers in a row of the result. Where images
# have gaps, windows at every second row, say, meet the same taps, and zeros with the others: so many rounds of rows
# there are, and of columns, of which the first ones may have a position `more`. Bands then have no gaps between
# columns; `shift` is how many more columns than windows meet they begin with.
_POSITIONS = "period x_step vectors numbers positions tail columns line row_rounds column_rounds more shift".split()


def repeat(dtype):
    """Each number so many times. Words: result, x, first and last number, times."""
    kind = TYPES[dtype]

    def kernel(block):
        out, x, first, last, times = block[0], block[1], block[2], block[3], block[4]
        for i in range(first, last):
            number = load(x, i, kind)
            for k in range(times):
                store(out, i * times + k, number)
        return types.int32(0)

    return kernel


def add_up(dtype):
    """The sums of so many numbers each. Words as of `repeat`."""
    kind = TYPES[dtype]

    def kernel(block):
        out, x, first, last, times = block[0], block[1], block[2], block[3], block[4]
        for i in range(first, last):
            total = kind(0)
            for k in range(times):
                total += load(x, i * times + k, kind)
            store(out, i, total)
        return types.int32(0)

    return kernel


def spread(dtype):
    """The weights of a position for every tap.

    Words: result, filter, taps, channels, numbers in a position, numbers of its vectors, whether taps go backwards.
    """
    kind = TYPES[dtype]

    def kernel(block):
        out, weights, taps, channels, width, pitch, turned = (
            block[0], block[1], block[2], block[3], block[4], block[5], block[6])
        for tap in range(taps):
            source = (taps - 1 - tap if turned else tap) * channels
            for i in range(pitch):
                store(out, tap * pitch + i, load(weights, source + i % channels, kind) if i < width else kind(0))
        return types.int32(0)

    return kernel


def fold(dtype):
    """The gradients of weights from the sums of positions, of all groups.

    Words: result, sums, groups, taps, channels, numbers in a position, numbers of its vectors.
    """
    kind = TYPES[dtype]

    def kernel(block):
        out, sums, groups, taps, channels, width, pitch = (
            block[0], block[1], block[2], block[3], block[4], block[5], block[6])
        for tap in range(taps):
            for c in range(channels):
                total = 0.0
                for group in range(groups):
                    for i in range(c, width, channels):
                        total += load(sums, (group * taps + tap) * pitch + i, kind)
                store(out, tap * channels + c, kind(total))
        return types.int32(0)

    return kernel


class _Rows:
    """The loops over bands, rows and vectors."""

    def __init__(self, b, block, dtype, lanes, names):
        self.b, self.v = b, Lanes(b, dtype, int(lanes))
        names = [*names.split(), "first", "last", *_POSITIONS, *IMAGE]
        self.w = SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names)})

    def bytes(self, *factors):
        """The product of `factors` numbers in bytes."""
        total = index(self.v.size)
        for factor in factors:
            total = self.b.mul(total, factor)
        return total

    def bands(self, image, body):
        """Emits `body(band, address of its rows, bytes from one to the next, distance of its rows in the result)`."""
        b, w = self.b, self.w
        with loop(b, w.first, w.last) as item:
            band = Band(b, self.v.dtype, image, w, item)
            source, pitch = band.prepare()
            body(band, source, self.bytes(pitch), self.bytes(band.output_row(), w.line))

    def vectors(self, count, numbers, body):
        """Emits `body(distance of a vector, mask or None)` for `count` vectors of `numbers` numbers."""
        b, v = self.b, self.v
        with loop(b, index(0), count) as number:
            here = b.sub(numbers, b.mul(number, index(v.lanes)))
            at = b.mul(number, index(v.bytes))
            with b.if_else(b.icmp_signed(">=", here, index(v.lanes))) as (whole, part):
                with whole:
                    body(at, None)
                with part:
                    body(at, v.mask(here))

    def taps(self, place, rounds, count):
        """(first tap that meets no gap, how many from there on, each so many `rounds` after the other) of windows that
        begin at a place."""
        b = self.b
        first = b.srem(b.sub(rounds, b.srem(b.add(place, rounds), rounds)), rounds)
        return first, b.sdiv(b.add(b.sub(count, first), b.sub(rounds, index(1))), rounds)

    def tail_vectors(self):
        """Vectors after the whole positions of a row."""
        return self.b.sdiv(self.b.add(self.w.tail, index(self.v.lanes - 1)), index(self.v.lanes))

    def load(self, mask, address):
        """A vector, or a part of one."""
        return self.v.load(address) if mask is None else self.v.load_part(mask, address)

    def store(self, mask, vector, address):
        """Writes it."""
        self.v.store(vector, address) if mask is None else self.v.store_part(mask, vector, address)


def convolve(dtype, lanes, tile):
    """out = images convolved with spread weights, `tile` positions at a time (of which a row has as many or none).

    Words: out, images, weights, first and last item (image and band), _POSITIONS, IMAGE.
    """
    tile = int(tile)

    def emit(b, block):
        rows = _Rows(b, block, dtype, lanes, "out image weights")
        w, v = rows.w, rows.v
        weights_pitch = b.mul(w.vectors, index(v.bytes))

        def sums(source, pitch, target, at, mask, count, row_taps, column_taps):
            """`count` positions from one on; `at`: distance of the vector in a position."""
            slots = [v.slot(v.zero) for _ in range(count)]
            with loop(b, index(0), row_taps[1]) as i, loop(b, index(0), column_taps[1]) as j:
                r = b.add(row_taps[0], b.mul(i, w.row_rounds))
                tap = b.add(b.mul(r, w.columns), b.add(column_taps[0], b.mul(j, w.column_rounds)))
                weights = v.load(b.add(b.add(w.weights, b.mul(tap, weights_pitch)), at))
                x = b.add(b.add(source, b.mul(b.mul(r, w.row_step), pitch)), b.add(rows.bytes(b.mul(j, w.step)), at))
                for i, slot in enumerate(slots):
                    number = rows.load(mask, b.add(x, rows.bytes(b.mul(w.x_step, index(i)))))
                    b.store(v.fma(number, weights, b.load(slot)), slot)
            for i, slot in enumerate(slots):
                place = b.add(b.add(target, rows.bytes(b.mul(w.period, index(i)))), at)
                rows.store(mask, b.load(slot), place)

        def row_of(source, pitch, target, row_taps):
            with loop(b, index(0), w.column_rounds) as phase:
                begin = b.add(phase, w.shift)
                column_taps = rows.taps(begin, w.column_rounds, w.columns)
                met = rows.bytes(b.sdiv(b.add(begin, column_taps[0]), w.column_rounds), w.channels)
                positions = b.add(w.positions, b.zext(b.icmp_signed("<", phase, w.more), index(0).type))
                tiles = b.sdiv(b.add(positions, index(tile - 1)), index(tile))
                shift = rows.bytes(b.mul(phase, w.channels))
                with loop(b, index(0), tiles) as k:
                    first = smaller(b, b.mul(k, index(tile)), b.sub(positions, index(tile)))
                    x = b.add(source, b.add(rows.bytes(b.mul(first, w.x_step)), met))
                    y = b.add(target, b.add(rows.bytes(b.mul(first, w.period)), shift))
                    rows.vectors(w.vectors, w.numbers, lambda at, mask: sums(
                        x, pitch, y, at, mask, tile, row_taps, column_taps))
            end = [b.add(base, rows.bytes(b.mul(w.positions, step)))
                   for base, step in ((source, w.x_step), (target, w.period))]
            rows.vectors(rows.tail_vectors(), w.tail, lambda at, mask: sums(
                end[0], pitch, end[1], at, mask, 1, row_taps, (index(0), w.columns)))

        def band_of(band, source, pitch, distance):
            line = rows.bytes(w.line)
            with loop(b, index(0), b.sub(band.last, band.first)) as row:
                row_taps = rows.taps(b.add(band.row, row), w.row_rounds, w.rows)
                row_of(b.add(source, b.mul(b.mul(row, w.stride_h), pitch)), pitch,
                       b.add(b.add(w.out, distance), b.mul(row, line)), row_taps)

        rows.bands(w.image, band_of)

    return IrKernel(emit)


def filter_gradient(dtype, lanes, tile):
    """sums = image times gradient, for every tap and number of a position, `tile` taps at a time.

    Words: sums of all groups, number of this one, taps, images, gradient, first and last item, _POSITIONS, IMAGE. Sums
    go up band by band.
    """
    tile = int(tile)

    def emit(b, block):
        rows = _Rows(b, block, dtype, lanes, "sums group taps image gradient")
        w, v = rows.w, rows.v
        sums_pitch = b.mul(w.vectors, index(v.bytes))
        own = b.add(w.sums, b.mul(b.mul(w.group, w.taps), sums_pitch))
        chunks = b.sdiv(b.add(w.taps, index(tile - 1)), index(tile))

        def tap_places(chunk, pitch):
            """(numbers of taps, distances of what they meet), the last one repeated beyond the end."""
            numbers = [smaller(b, b.add(b.mul(chunk, index(tile)), index(i)), b.sub(w.taps, index(1)))
                       for i in range(tile)]
            return numbers, [b.add(b.mul(b.mul(b.sdiv(number, w.columns), w.row_step), pitch),
                                   rows.bytes(b.mul(b.srem(number, w.columns), w.step))) for number in numbers]

        def band_of(band, source, pitch, distance):
            gradient, line = b.add(w.gradient, distance), rows.bytes(w.line)
            is_first = b.icmp_signed("==", band.item, w.first)

            def add_up(at, mask, begin, positions, chunk, is_tail):
                """The sums of a vector of some positions of each row, added to those of the bands before."""
                numbers, places = tap_places(chunk, pitch)
                slots = [v.slot(v.zero) for _ in range(tile)]
                with loop(b, index(0), b.sub(band.last, band.first)) as row:
                    x_row = b.add(source, b.mul(b.mul(row, w.stride_h), pitch))
                    dy_row = b.add(gradient, b.mul(row, line))
                    with loop(b, begin, b.add(begin, positions)) as position:
                        x = b.add(b.add(x_row, rows.bytes(b.mul(position, w.x_step))), at)
                        dy = rows.load(mask, b.add(b.add(dy_row, rows.bytes(b.mul(position, w.period))), at))
                        for slot, place in zip(slots, places, strict=True):
                            b.store(v.fma(rows.load(mask, b.add(x, place)), dy, b.load(slot)), slot)
                for i, (slot, number) in enumerate(zip(slots, numbers, strict=True)):
                    is_new = b.icmp_signed("==", number, b.add(b.mul(chunk, index(tile)), index(i)))
                    with b.if_then(is_new):
                        target = b.add(b.add(own, b.mul(number, sums_pitch)), at)
                        old = v.load(target) if is_tail else b.select(is_first, v.zero, v.load(target))
                        v.store(b.fadd(old, b.load(slot)), target)

            with loop(b, index(0), chunks) as chunk:
                rows.vectors(w.vectors, w.numbers, lambda at, mask: add_up(
                    at, mask, index(0), w.positions, chunk, False))
                rows.vectors(rows.tail_vectors(), w.tail, lambda at, mask: add_up(
                    at, mask, w.positions, index(1), chunk, True))

        rows.bands(w.image, band_of)

    return IrKernel(emit)
