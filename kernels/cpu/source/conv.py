"""Convolution by direct, register-blocked vector kernels, channels last. Hold no state.

A tile of outputs, some pixels by some vectors of channels, stays in registers while the loops run
over the window: one number of the image meets one vector of weights per multiply-add. Windows read
a band of image rows that was copied with its padding, so nothing in the loops looks at borders. At
dilation 1 a row of the window is one contiguous stretch of the band ("segment"), whatever the
number of channels; else each of its columns is a segment.

Every output is a sum in an order that neither tiles nor threads change. A gradient to the input is
a convolution of the gradient, spread apart by the strides, with the filter turned round.
"""

from types import SimpleNamespace

from .values import BYTES, IrKernel, Value, index, loop, store, word
from .values import copy as copy_memory
from .values import load as load_number
from .vectors import Lanes, fill_zero, larger, smaller, steps

# Where an image lies and how windows slide over it: words that follow each kernel's own. `gap`
# numbers are one image row or column after another in a band; `padded` is the width of a band, or 0
# where images need none; `step` counts from one segment to the next, `row_step` band rows from one
# row of the window to the next. Of volumes a band holds each row of all `slices` that its windows meet, one after
# another, and all that counts rows counts these, but for `height` and `gap_h`; at the end is how windows slide over
# `depth` slices, for `out_depth` of them.
IMAGE = ("height width channels bands band_rows out_height out_width stride_h stride_w top left "
         "gap_h gap_w padded rows segments length step row_step band_scratch "
         "depth out_depth slices stride_d dilation_d front gap_d").split()
_UNROLL = 4


def _words(b, block, names, first=0):
    return SimpleNamespace(**{name: word(b, block, first + i) for i, name in enumerate(names)})


def pack(dtype, count):
    """A filter's weights in the order that `convolve` reads them, in blocks of `count` outputs.

    Row (block, r, s, c) of `packed` gets the weights at base + r, s, c, k times their strides, zero
    beyond the last output. Words: packed, weights, first and last row, R, S, C, K, base and the
    four strides in elements; that of a slice, and how many slices each row is of.
    """
    count = int(count)

    def emit(b, block):
        w = _words(b, block, "packed weights first last r s c k base dr ds dc dk dt slices".split())
        with loop(b, w.first, w.last) as line:
            rest, c = b.sdiv(line, w.c), b.srem(line, w.c)
            rest, s = b.sdiv(rest, w.s), b.srem(rest, w.s)
            group, r = b.sdiv(rest, w.r), b.srem(rest, w.r)
            k = b.mul(group, index(count))
            at = b.add(w.base, b.mul(b.sdiv(r, w.slices), w.dr))
            for digit, stride in ((b.srem(r, w.slices), w.dt), (s, w.ds), (c, w.dc), (k, w.dk)):
                at = b.add(at, b.mul(digit, stride))
            target = b.add(w.packed, b.mul(line, index(count * BYTES[dtype])))
            here = smaller(b, b.sub(w.k, k), index(count))
            with loop(b, index(0), here) as i:
                store(b, target, i, load_number(b, w.weights, b.add(at, b.mul(i, w.dk)), dtype))
            fill_zero(b, b.add(target, b.mul(here, index(BYTES[dtype]))),
                      b.mul(b.sub(index(count), here), index(BYTES[dtype])))

    return IrKernel(emit)


class Band:
    """The band of an image that one item (image, band of output rows) needs."""

    def __init__(self, b, dtype, image, words, item):
        self.size = BYTES[dtype]
        self._b, self._w, self.item = b, words, item
        self._number = b.sdiv(item, words.bands)        # of the image, or of the slice of the result
        self.first = b.mul(b.srem(item, words.bands), words.band_rows)      # output rows
        self.last = smaller(b, b.add(self.first, words.band_rows), words.out_height)
        self.row = b.sub(b.mul(self.first, words.stride_h), words.top)      # of the gapped image
        volume, self._slice = b.sdiv(self._number, words.out_depth), b.srem(self._number, words.out_depth)
        self._image = b.add(image, b.mul(volume, self._bytes(words.depth, words.height, words.width, words.channels)))

    def output_row(self):
        """Number of this band's first output row among those of all images."""
        return self._b.add(self._b.mul(self._number, self._w.out_height), self.first)

    def prepare(self):
        """(address of the band, elements from one of its rows to the next); copies if need be."""
        b, w = self._b, self._w
        direct = b.icmp_signed("==", w.padded, index(0))
        with b.if_then(b.not_(direct)):
            inner = b.sub(b.sub(self.last, self.first), index(1))
            count = b.add(b.add(b.mul(inner, w.stride_h), index(1)),
                          b.mul(b.sub(w.rows, index(1)), w.row_step))
            pitch = self._bytes(w.padded, w.channels)
            # Numbers of rows of all slices, and where they begin, are multiples of the slices.
            first = b.sdiv(self.row, w.slices)
            with loop(b, index(0), b.sdiv(count, w.slices)) as i, loop(b, index(0), w.slices) as tap:
                line = b.add(b.mul(i, w.slices), tap)
                self._copy_row(b.add(first, i), tap, b.add(w.band_scratch, b.mul(line, pitch)), pitch)
        pitch = b.mul(b.select(direct, w.width, w.padded), w.channels)
        start = b.add(self._image, self._bytes(self.row, b.mul(w.width, w.channels)))
        return b.select(direct, start, w.band_scratch), pitch

    def _bytes(self, *factors):
        total = index(self.size)
        for factor in factors:
            total = self._b.mul(total, factor)
        return total

    def _within(self, number, size, gap):
        """(whether there is such a row or slice of a gapped image, its number without the gaps)."""
        b = self._b
        real = b.sdiv(number, gap)
        inside = b.and_(b.icmp_signed(">=", number, index(0)), b.icmp_signed("<", real, size))
        return b.and_(inside, b.icmp_signed("==", b.srem(number, gap), index(0))), real

    def _copy_row(self, row, tap, target, pitch):
        """One row of the gapped image, of the slice that a window meets with `tap`, with its padding."""
        b, w = self._b, self._w
        is_row, source_row = self._within(row, w.height, w.gap_h)
        is_slice, source_slice = self._within(
            b.sub(b.add(b.mul(self._slice, w.stride_d), b.mul(tap, w.dilation_d)), w.front), w.depth, w.gap_d)
        real = b.and_(is_row, is_slice)
        line = b.add(b.mul(source_slice, w.height), source_row)
        source = b.add(self._image, self._bytes(line, w.width, w.channels))
        pixel = self._bytes(w.channels)
        before = b.mul(w.left, pixel)
        with b.if_else(real) as (copied, empty):
            with copied, b.if_else(b.icmp_signed("==", w.gap_w, index(1))) as (dense, spread):
                with dense:
                    width = smaller(b, w.width, b.sub(w.padded, w.left))
                    fill_zero(b, target, before)
                    copy_memory(b, b.add(target, before), source, b.mul(width, pixel))
                    after = b.add(before, b.mul(width, pixel))
                    fill_zero(b, b.add(target, after), b.sub(pitch, after))
                with spread:
                    fill_zero(b, target, pitch)
                    width = b.sdiv(b.add(b.sub(b.sub(w.padded, w.left), index(1)), w.gap_w), w.gap_w)
                    with loop(b, index(0), smaller(b, w.width, width)) as i:
                        place = b.mul(b.add(w.left, b.mul(i, w.gap_w)), pixel)
                        copy_memory(b, b.add(target, place), b.add(source, b.mul(i, pixel)), pixel)
            with empty:
                fill_zero(b, target, pitch)


def _meeting(b, outer, step, inner_step, before, size, count):
    """The range of i in [0, count) with 0 <= o * step + i * inner_step - before < size for some o
    in the range from outer[0] to outer[1] (included); perhaps one more.

    What lies outside of an image is zero and need not be multiplied: in 14x14 images that is a
    sixth of all that a 5x5 window meets.
    """
    first = b.sub(before, b.mul(outer[1], step))
    first = b.sdiv(b.add(first, b.sub(inner_step, index(1))), inner_step)
    last = b.sub(b.add(size, before), b.add(b.mul(outer[0], step), index(1)))
    last = b.add(b.sdiv(last, inner_step), index(1))
    return larger(b, first, index(0)), smaller(b, last, count)


def convolve(dtype, lanes, vectors, pixels):
    """out = image convolved with packed weights, in tiles of `pixels` by `vectors` vectors.

    Words: out, images, packed, first and last item (image and band), outputs per pixel, scratch for
    the band's offsets, then IMAGE.
    """
    vectors, pixels = int(vectors), int(pixels)

    def emit(b, block):
        names = "out image packed first last outputs offsets".split()
        w = _words(b, block, names + IMAGE)
        tile = _ForwardTile(b, Lanes(b, dtype, int(lanes)), w, vectors, pixels)
        known = b.alloca(index(0).type)
        b.store(index(0), known)
        with loop(b, w.first, w.last) as item:
            band = Band(b, dtype, w.image, w, item)
            source, pitch = band.prepare()
            with b.if_then(b.icmp_signed("==", b.load(known), index(0))):
                b.store(index(1), known)
                tile.note_offsets(pitch)
            count = b.mul(b.sub(band.last, band.first), w.out_width)
            first = b.mul(band.output_row(), w.out_width)
            target = b.add(w.out, b.mul(b.mul(first, w.outputs), index(tile.v.size)))
            block_size = b.mul(b.mul(w.rows, w.segments), b.mul(w.length, index(tile.row_bytes)))
            groups = b.sdiv(b.add(w.outputs, index(tile.width - 1)), index(tile.width))
            with loop(b, index(0), groups) as group:
                weights = b.add(w.packed, b.mul(group, block_size))
                tiles = b.sdiv(b.add(count, index(pixels - 1)), index(pixels))
                with loop(b, index(0), tiles) as t:
                    tile.compute(source, pitch, weights, b.mul(t, index(pixels)), count, band.first)
                    tile.write(target, group)

    return IrKernel(emit)


class _ForwardTile:
    """The tile of `convolve`."""

    def __init__(self, b, v, words, vectors, pixels):
        self.b, self.v, self.w = b, v, words
        self.vectors, self.pixels = vectors, pixels
        self.width = vectors * v.lanes
        self.row_bytes = vectors * v.bytes
        self._totals = [[v.slot() for _ in range(vectors)] for _ in range(pixels)]

    def note_offsets(self, pitch):
        """Fills the table of the distances of a band's windows from its begin, in bytes."""
        b, w = self.b, self.w
        size = index(self.v.size)
        with loop(b, index(0), smaller(b, w.band_rows, w.out_height)) as row:
            line = b.mul(b.mul(row, w.stride_h), b.mul(pitch, size))
            table = b.add(w.offsets, b.mul(b.mul(row, w.out_width), index(8)))
            with loop(b, index(0), w.out_width) as column:
                at = b.mul(b.mul(column, w.stride_w), b.mul(w.channels, size))
                store(b, table, column, Value(b, "int64", b.add(line, at)))

    def compute(self, source, pitch, weights, pixel, count, first_row):
        """Sums of the pixels from `pixel` on; beyond the last one, of the last."""
        b, w, v = self.b, self.w, self.v
        last = b.sub(count, index(1))
        self._numbers = [smaller(b, b.add(pixel, index(i)), last) for i in range(self.pixels)]
        windows = [b.add(source, load_number(b, w.offsets, number, "int64", again=True).ir)
                   for number in self._numbers]
        for slots in self._totals:
            for slot in slots:
                b.store(v.zero, slot)
        line = b.mul(b.mul(pitch, w.row_step), index(v.size))
        rows = [b.add(first_row, b.sdiv(number, w.out_width))
                for number in (self._numbers[0], self._numbers[-1])]
        gapped = b.mul(b.add(b.mul(b.sub(w.height, index(1)), w.gap_h), index(1)), w.slices)
        window = _meeting(b, rows, w.stride_h, w.row_step, w.top, gapped, w.rows)
        with loop(b, *window) as r, loop(b, index(0), w.segments) as s:
            distance = b.add(b.mul(r, line), b.mul(b.mul(s, w.step), index(v.size)))
            number = b.mul(b.add(b.mul(r, w.segments), s), w.length)
            row = b.add(weights, b.mul(number, index(self.row_bytes)))
            with steps(b, index(0), w.length, _UNROLL) as (j, end):
                for k in range(_UNROLL):
                    self._step(windows, distance, row, j, k)
            with loop(b, end, w.length) as j:
                self._step(windows, distance, row, j, 0)

    def _step(self, windows, distance, row, j, k):
        b, v = self.b, self.v
        at = b.add(distance, b.mul(j, index(v.size)))
        row = b.add(row, b.mul(j, index(self.row_bytes)))
        weights = [v.load(row, k * self.row_bytes + i * v.bytes) for i in range(self.vectors)]
        for window, slots in zip(windows, self._totals, strict=True):
            number = v.broadcast(b.add(window, at), k * v.size)
            for slot, weight in zip(slots, weights, strict=True):
                b.store(v.fma(number, weight, b.load(slot)), slot)

    def write(self, target, group):
        """Stores the sums to the band's outputs."""
        b, w, v = self.b, self.w, self.v
        first = b.mul(group, index(self.width))
        here = b.sub(w.outputs, first)
        places = [b.add(target, b.mul(b.add(b.mul(number, w.outputs), first), index(v.size)))
                  for number in self._numbers]
        with b.if_else(b.icmp_signed(">=", here, index(self.width))) as (whole, part):
            with whole:
                for place, slots in zip(places, self._totals, strict=True):
                    for i, slot in enumerate(slots):
                        v.store(b.load(slot), place, i * v.bytes)
            with part:
                masks = [v.mask(b.sub(here, index(i * v.lanes))) for i in range(self.vectors)]
                for place, slots in zip(places, self._totals, strict=True):
                    for i, (slot, mask) in enumerate(zip(slots, masks, strict=True)):
                        v.store_part(mask, b.load(slot), place, i * v.bytes)


def filter_gradient(dtype, lanes, vectors, taps):
    """out[tap, k] = sum of image[window, tap] * gradient[window, k], tiles of `taps` by `vectors`.

    Words: out, images, gradient, first and last tile, outputs per pixel, items (images times
    bands), then IMAGE. Sums go up band by band.
    """
    vectors, taps = int(vectors), int(taps)

    def emit(b, block):
        names = "out image gradient first last outputs items".split()
        w = _words(b, block, names + IMAGE)
        tile = _FilterTile(b, Lanes(b, dtype, int(lanes)), w, vectors, taps)
        with loop(b, index(0), w.items) as item:
            band = Band(b, dtype, w.image, w, item)
            source, pitch = band.prepare()
            first = b.mul(band.output_row(), w.out_width)
            gradient = b.add(w.gradient, b.mul(b.mul(first, w.outputs), index(tile.v.size)))
            with loop(b, w.first, w.last) as number:
                tile.place(number)
                tile.compute(source, pitch, gradient, band)
                tile.add(b.icmp_signed("==", item, index(0)))

    return IrKernel(emit)


class _FilterTile:
    """The tile of `filter_gradient`."""

    def __init__(self, b, v, words, vectors, taps):
        self.b, self.v, self.w = b, v, words
        self.vectors, self.taps = vectors, taps
        self._totals = [[v.slot() for _ in range(vectors)] for _ in range(taps)]

    def place(self, number):
        """Finds tile `number`: numbered by block of outputs, window row, segment, taps."""
        b, w = self.b, self.w
        tiles = b.sdiv(b.add(w.length, index(self.taps - 1)), index(self.taps))
        rest, tile = b.sdiv(number, tiles), b.srem(number, tiles)
        rest, self._segment = b.sdiv(rest, w.segments), b.srem(rest, w.segments)
        group, self._row = b.sdiv(rest, w.rows), b.srem(rest, w.rows)
        self._tap = b.mul(tile, index(self.taps))
        self._first = b.mul(group, index(self.vectors * self.v.lanes))
        ends = self._tap, smaller(b, b.add(self._tap, index(self.taps - 1)), b.sub(w.length, index(1)))
        columns = [b.add(self._segment, b.sdiv(end, w.channels)) for end in ends]
        height = b.mul(w.height, w.slices)
        self._rows = _meeting(b, [self._row] * 2, w.row_step, w.stride_h, w.top, height, w.out_height)
        self._columns = _meeting(b, columns, b.sdiv(w.step, w.channels), w.stride_w, w.left, w.width,
                                 w.out_width)

    def compute(self, source, pitch, gradient, band):
        """Sums over the windows of a band."""
        b, w, v = self.b, self.w, self.v
        for slots in self._totals:
            for slot in slots:
                b.store(v.zero, slot)
        here = b.sub(w.outputs, self._first)
        self._whole = b.icmp_signed(">=", here, index(self.vectors * v.lanes))
        self._masks = [v.mask(b.sub(here, index(i * v.lanes))) for i in range(self.vectors)]
        at = b.add(b.mul(b.mul(self._row, w.row_step), pitch),
                   b.add(b.mul(self._segment, w.step), self._tap))
        source = b.add(source, b.mul(at, index(v.size)))
        gradient = b.add(gradient, b.mul(self._first, index(v.size)))
        line = b.mul(b.mul(pitch, w.stride_h), index(v.size))
        rows = [b.sub(end, band.first) for end in (larger(b, self._rows[0], band.first),
                                                   smaller(b, self._rows[1], band.last))]
        with b.if_else(self._whole) as (whole, part):
            for how, masks in ((whole, [None] * self.vectors), (part, self._masks)):
                with how, loop(b, *rows) as row:
                    self._row_of(b.add(source, b.mul(row, line)), gradient, row, masks)

    def _row_of(self, source, gradient, row, masks):
        b, w, v = self.b, self.w, self.v
        pixel = b.mul(b.mul(w.stride_w, w.channels), index(v.size))
        with loop(b, *self._columns) as column:
            number = b.add(b.mul(row, w.out_width), column)
            place = b.add(gradient, b.mul(b.mul(number, w.outputs), index(v.size)))
            vectors = [v.load(place, i * v.bytes) if mask is None
                       else v.load_part(mask, place, i * v.bytes) for i, mask in enumerate(masks)]
            window = b.add(source, b.mul(column, pixel))
            for i, slots in enumerate(self._totals):
                number = v.broadcast(window, i * v.size)
                for slot, vector in zip(slots, vectors, strict=True):
                    b.store(v.fma(number, vector, b.load(slot)), slot)

    def add(self, first):
        """Adds the sums to the filter's gradient, or begins it with them."""
        b, w, v = self.b, self.w, self.v
        row = b.add(b.mul(b.srem(self._row, w.slices), b.sdiv(w.rows, w.slices)), b.sdiv(self._row, w.slices))
        number = b.add(b.mul(b.add(b.mul(row, w.segments), self._segment), w.length), self._tap)
        count = smaller(b, b.sub(w.length, self._tap), index(self.taps))
        for i, slots in enumerate(self._totals):
            with b.if_then(b.icmp_signed("<", index(i), count)):
                at = b.add(b.mul(b.add(number, index(i)), w.outputs), self._first)
                place = b.add(w.out, b.mul(at, index(v.size)))
                for k, (slot, mask) in enumerate(zip(slots, self._masks, strict=True)):
                    old = v.load_part(mask, place, k * v.bytes)
                    old = b.select(first, v.zero, old)
                    v.store_part(mask, b.fadd(old, b.load(slot)), place, k * v.bytes)
