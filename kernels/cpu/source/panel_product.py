"""Products by tiles of sums in registers, of panels of the right matrix. Holds no state.

A part of the result's columns is done at a time, panel by panel of the right matrix: each panel is copied
(turned round if need be) to where tiles of sums find it in the cache; the left matrix is read as it lies.
A BLAS packs both matrices, in blocks for many rows: with 50 rows that costs a third of the time. Where
OpenBLAS has no kernels for this processor's vectors, larger products gain too (`kernels/cpu/matmul.py`).
"""

from types import SimpleNamespace

from llvmlite import ir

from .values import IrKernel, Value, blocks, index, load, loop, store, word
from .vectors import Lanes, larger, prefetch, smaller, steps, turned

_UNROLL = 4
_WORDS = "out left right m n k top bottom begin end panel depth blocks total".split()


def product(dtype, lanes, vectors, rows, left_transposed, transposed):
    """out = left . right for [m, k] (or [k, m]) and [k, n] (or [n, k]); both arguments are "1" or "0".

    Or `transposed` is "packed": the right matrix is what `pack` made of it.
    Words: out, left, right, m, n, k, first and last row of the result, first and last block (of `vectors`
    vectors) of its columns, scratch for a panel, its rows, its blocks, 0 or an array (maybe out itself) to add to.
    """
    def emit(b, block):
        w = SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(_WORDS)})
        kind = _Packed if transposed == "packed" else _Tile
        tile = kind(b, Lanes(b, dtype, int(lanes)), w, int(vectors), int(rows), left_transposed == "1",
                    transposed == "1")
        with (blocks(b, w.begin, w.end, w.blocks) as (w.first, w.last),
              blocks(b, index(0), w.k, w.depth) as (top, bottom)):
            tile.pack(top, bottom)
            begins = b.icmp_signed("==", top, index(0))
            before = b.select(begins, w.total, w.out)
            with loop(b, w.first, w.last) as group, blocks(b, w.top, w.bottom, index(tile.rows)) as (row, _):
                tile.compute(row, group, top, bottom)
                tile.add(group, before)

    return IrKernel(emit)


def pack(dtype, lanes, vectors, transposed):
    """The panels of a matrix [k, n] (or [n, k], if `transposed` is "1"), one after the other, for products by it.

    Words: out, the matrix, n, k, first and last panel to make.
    """
    def emit(b, block):
        out, right, n, k, first, last = (word(b, block, i) for i in range(6))
        lane = Lanes(b, dtype, int(lanes))
        panel = b.add(out, b.mul(b.mul(first, k), index(int(vectors) * lane.bytes)))
        w = SimpleNamespace(right=right, n=n, k=k, first=first, last=last, panel=panel, depth=k)
        _Tile(b, lane, w, int(vectors), 0, False, transposed == "1").pack(index(0), k)

    return IrKernel(emit)


class _Tile:
    """Some rows by some vectors of columns of the result, in registers."""

    def __init__(self, b, v, words, vectors, rows, left_transposed, transposed):
        self.b, self.v, self.w = b, v, words
        self.vectors, self.rows = vectors, rows
        self.left_transposed, self.transposed = left_transposed, transposed
        self.width, self.row_bytes = vectors * v.lanes, vectors * v.bytes
        self._totals = [[v.slot() for _ in range(vectors)] for _ in range(rows)]

    def pack(self, top, bottom):
        """Copies rows [top, bottom) of the right matrix to the panels."""
        (_pack_turned if self.transposed else _pack)(self, top, bottom)

    def panel(self, group, top):
        """Where the panel of a block of columns lies, that begins with row `top` of the matrix."""
        del top
        b, w = self.b, self.w
        return b.add(w.panel, b.mul(b.mul(b.sub(group, w.first), w.depth), index(self.row_bytes)))

    def _next_panel(self, row, group, bottom):
        """(address, step) of the lines of the next panel that this tile asks the memory for, one
        for two steps of its loop: eight tiles of every block together ask for all of them."""
        b, w, v = self.b, self.w, self.v
        tile = b.srem(b.sdiv(row, index(self.rows)), index(8))
        part = b.mul(b.lshr(tile, index(1)), index(v.lanes))
        half = b.mul(b.and_(tile, index(1)), b.lshr(w.depth, index(1)))
        if self.transposed:
            block = b.mul(b.sub(group, w.first), index(4 * v.lanes))
            at = b.add(b.mul(b.mul(w.first, index(self.width)), w.k), b.add(bottom, b.add(block, part)))
            step = w.k
            half = b.mul(half, w.k)
        else:
            at = b.add(b.mul(bottom, w.n), b.add(b.mul(group, index(self.width)), part))
            step = w.n
            half = b.mul(half, w.n)
        return b.add(w.right, b.mul(b.add(at, half), index(v.size))), b.mul(step, index(v.size))

    def _start(self, row, top):
        """Where the left matrix has the number for a row and the panel's first row."""
        b, w = self.b, self.w
        at = b.add(b.mul(top, w.m), row) if self.left_transposed else b.add(b.mul(row, w.k), top)
        return b.add(w.left, b.mul(at, index(self.v.size)))

    def compute(self, row, group, top, bottom):
        """Sums over rows [top, bottom) of the right matrix; beyond the last row, of the last."""
        b, w, v = self.b, self.w, self.v
        last = b.sub(w.bottom, index(1))
        self._numbers = [smaller(b, b.add(row, index(i)), last) for i in range(self.rows)]
        lines = [self._start(number, top) for number in self._numbers]
        for slots in self._totals:
            for slot in slots:
                b.store(v.zero, slot)
        panel, count = self.panel(group, top), b.sub(bottom, top)
        ahead = self._next_panel(row, group, bottom)
        with steps(b, index(0), count, _UNROLL) as (j, end):
            if ahead is not None:
                wanted, step = ahead
                for k in range(_UNROLL // 2):
                    prefetch(b, b.add(wanted, b.mul(b.add(b.lshr(j, index(1)), index(k)), step)))
            for k in range(_UNROLL):
                self._step(lines, panel, j, k)
        with loop(b, end, count) as j:
            self._step(lines, panel, j, 0)

    def _step(self, lines, panel, j, k):
        b, v = self.b, self.v
        place = b.add(panel, b.mul(j, index(self.row_bytes)))
        if self.left_transposed:
            at, ahead = b.mul(b.mul(b.add(j, index(k)), self.w.m), index(v.size)), 0
        else:
            at, ahead = b.mul(j, index(v.size)), k * v.size
        columns = [v.load(place, k * self.row_bytes + i * v.bytes) for i in range(self.vectors)]
        for line, slots in zip(lines, self._totals, strict=True):
            number = v.broadcast(b.add(line, at), ahead)
            for slot, column in zip(slots, columns, strict=True):
                b.store(v.fma(number, column, b.load(slot)), slot)

    def add(self, group, before):
        """Makes the result: the sums and what is in the array `before`, or the sums if that is 0.

        A row that the tile holds more than once is added once: the others begin with nothing read.
        """
        b, w, v = self.b, self.w, self.v
        column = b.mul(group, index(self.width))
        masks = [v.mask(b.sub(b.sub(w.n, column), index(i * v.lanes))) for i in range(self.vectors)]
        for i, (number, slots) in enumerate(zip(self._numbers, self._totals, strict=True)):
            fresh = b.icmp_signed(">", number, self._numbers[i - 1]) if i else ir.Constant(ir.IntType(1), 1)
            with b.if_then(fresh):
                place = b.mul(b.add(b.mul(number, w.n), column), index(v.size))
                with b.if_then(b.icmp_signed("!=", before, index(0))):
                    for k, (slot, mask) in enumerate(zip(slots, masks, strict=True)):
                        old = v.load_part(mask, b.add(before, place), k * v.bytes)
                        b.store(b.fadd(old, b.load(slot)), slot)
                for k, (slot, mask) in enumerate(zip(slots, masks, strict=True)):
                    v.store_part(mask, b.load(slot), b.add(w.out, place), k * v.bytes)


class _Packed(_Tile):
    """A tile for a right matrix whose panels are there, each of all rows."""

    def pack(self, top, bottom):
        """There is nothing to do."""

    def panel(self, group, top):
        """See `pack`, the function."""
        b, w = self.b, self.w
        return b.add(w.right, b.mul(b.add(b.mul(group, w.k), top), index(self.row_bytes)))

    def _next_panel(self, row, group, bottom):
        """Lines that follow each other need no asking for."""


def _pack(tile, top, bottom):
    """Copies rows [top, bottom) of the right matrix to the panels, zero beyond its columns."""
    b, w, v = tile.b, tile.w, tile.v

    def copy_lines(first, last, move):
        with loop(b, first, last) as group:
            column = b.mul(group, index(tile.width))
            start, panel = b.add(w.right, b.mul(column, index(v.size))), tile.panel(group, top)
            masks = [v.mask(b.sub(b.sub(w.n, column), index(i * v.lanes))) for i in range(tile.vectors)]
            with loop(b, top, bottom) as line:
                source = b.add(start, b.mul(b.mul(line, w.n), index(v.size)))
                target = b.add(panel, b.mul(b.sub(line, top), index(tile.row_bytes)))
                for i in range(tile.vectors):
                    v.store(move(masks[i], source, i * v.bytes), target, i * v.bytes)

    whole = smaller(b, w.last, b.sdiv(w.n, index(tile.width)))
    copy_lines(w.first, whole, lambda mask, *place: v.load(*place))
    copy_lines(larger(b, w.first, whole), w.last, v.load_part)


def _pack_turned(tile, top, bottom):
    """Like `_pack` for a matrix that lies transposed: squares of lanes by lanes are turned."""
    b, w, v = tile.b, tile.w, tile.v
    first, last = (b.mul(end, index(tile.vectors)) for end in (w.first, w.last))
    with loop(b, first, last) as vector:
        column = b.mul(vector, index(v.lanes))
        group = b.sdiv(vector, index(tile.vectors))
        inside = b.mul(b.srem(vector, index(tile.vectors)), index(v.bytes))
        panel = b.add(tile.panel(group, top), inside)
        line = b.add(w.right, b.mul(b.add(b.mul(column, w.k), top), index(v.size)))
        count, here = b.sub(bottom, top), smaller(b, b.sub(w.n, column), index(v.lanes))
        whole = b.icmp_signed("==", here, index(v.lanes))
        squares = b.select(whole, b.sdiv(count, index(v.lanes)), index(0))
        with loop(b, index(0), squares) as square:
            _turn_square(tile, b.add(line, b.mul(square, index(v.bytes))),
                         b.add(panel, b.mul(square, index(v.lanes * tile.row_bytes))))
        with loop(b, b.mul(squares, index(v.lanes)), count) as k:
            target = b.add(panel, b.mul(k, index(tile.row_bytes)))
            v.store(v.zero, target)
            with loop(b, index(0), here) as i:
                number = load(b, line, b.add(b.mul(i, w.k), k), v.dtype, again=True)
                store(b, target, i, Value(b, v.dtype, number.ir))


def _turn_square(tile, source, target):
    """Transposes lanes by lanes numbers."""
    b, v = tile.b, tile.v
    step = b.mul(tile.w.k, index(v.size))
    lines = [v.load(b.add(source, b.mul(step, index(i)))) for i in range(v.lanes)]
    for i, line in enumerate(turned(b, lines)):
        v.store(line, b.add(target, index(i * tile.row_bytes)))
