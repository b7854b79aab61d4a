"""Products with few columns (a classifier's last layer and its gradient). Hold no state.

A BLAS keeps a vector of the result's columns in a register: with ten of them it works on six numbers
of sixteen for nothing. Here vectors run along what is long: along the sum where the left matrix lies
row by row, along the rows of the result where it lies transposed.
"""

from operator import add as add_numbers
from types import SimpleNamespace

from .values import IrKernel, blocks, index, load, loop, store, word
from .vectors import Lanes, smaller, steps, turned


def _words(b, block, names):
    return SimpleNamespace(**{name: word(b, block, i) for i, name in enumerate(names.split())})


def turn(dtype, lanes):
    """turned[j, i] = matrix[i, j] for [k, n]. Words: turned, matrix, k, n."""
    def emit(b, block):
        w, v = _words(b, block, "turned matrix k n"), Lanes(b, dtype, int(lanes))

        def at(base, i, width, j):
            return b.add(base, b.mul(b.add(b.mul(i, width), j), index(v.size)))

        with blocks(b, index(0), w.n, index(v.lanes)) as (left, right):
            count = b.sub(right, left)
            mask = v.mask(count)
            with steps(b, index(0), w.k, v.lanes) as (i, end):
                lines = [v.load_part(mask, at(w.matrix, b.add(i, index(j)), w.n, left)) for j in range(v.lanes)]
                for j, line in enumerate(turned(b, lines)):
                    with b.if_then(b.icmp_signed("<", index(j), count)):
                        v.store(line, at(w.turned, b.add(left, index(j)), w.k, i))
            with loop(b, end, w.k) as i, loop(b, left, right) as j:
                number = load(b, at(w.matrix, i, w.n, j), index(0), dtype, again=True)
                store(b, at(w.turned, j, w.k, i), index(0), number)

    return IrKernel(emit)


def along_sum(dtype, lanes, columns, rows):
    """out = left . right^T for [m, k] and [n, k]. Words: out, left, right, m, n, k, first and last
    tile of `rows` rows.

    Tiles that reach beyond the last row or column do the last one more than once.
    """
    columns, rows = int(columns), int(rows)

    def emit(b, block):
        w, v = _words(b, block, "out left right m n k first last"), Lanes(b, dtype, int(lanes))
        last_row, last_column = b.sub(w.m, index(1)), b.sub(w.n, index(1))
        row_bytes = b.mul(w.k, index(v.size))
        totals = [[v.slot() for _ in range(columns)] for _ in range(rows)]
        groups = b.sdiv(b.add(w.n, index(columns - 1)), index(columns))
        with loop(b, w.first, w.last) as tile, loop(b, index(0), groups) as group:
            down = [smaller(b, b.add(b.mul(tile, index(rows)), index(i)), last_row) for i in range(rows)]
            across = [smaller(b, b.add(b.mul(group, index(columns)), index(i)), last_column) for i in range(columns)]
            lines = [b.add(w.left, b.mul(i, row_bytes)) for i in down]
            others = [b.add(w.right, b.mul(j, row_bytes)) for j in across]
            for slots in totals:
                for slot in slots:
                    b.store(v.zero, slot)

            def add(at, load):
                near, far = ([load(b.add(line, at)) for line in side] for side in (lines, others))
                for x, slots in zip(near, totals, strict=True):
                    for y, slot in zip(far, slots, strict=True):
                        b.store(v.fma(x, y, b.load(slot)), slot)

            with steps(b, index(0), w.k, v.lanes) as (i, end):
                add(b.mul(i, index(v.size)), v.load)
            rest = v.mask(b.sub(w.k, end))
            add(b.mul(end, index(v.size)), lambda place: v.load_part(rest, place))
            for i, slots in zip(down, totals, strict=True):
                line = b.add(w.out, b.mul(b.mul(i, w.n), index(v.size)))
                for j, slot in zip(across, slots, strict=True):
                    place = b.inttoptr(b.add(line, b.mul(j, index(v.size))), v.scalar.as_pointer())
                    b.store(v.across(b.load(slot), add_numbers).ir, place)

    return IrKernel(emit)


def along_rows(dtype, lanes, columns, vectors):
    """out = left^T . right for [k, m] and [k, n]. Words: out, left, right, m, n, k, first and last
    tile of `vectors` vectors of rows."""
    columns, vectors = int(columns), int(vectors)

    def emit(b, block):
        w, v = _words(b, block, "out left right m n k first last"), Lanes(b, dtype, int(lanes))
        totals = [[v.slot() for _ in range(columns)] for _ in range(vectors)]
        groups = b.sdiv(b.add(w.n, index(columns - 1)), index(columns))
        with loop(b, w.first, w.last) as tile, loop(b, index(0), groups) as group:
            row, column = b.mul(tile, index(vectors * v.lanes)), b.mul(group, index(columns))
            across = [smaller(b, b.add(column, index(j)), b.sub(w.n, index(1))) for j in range(columns)]
            masks = [v.mask(b.sub(b.sub(w.m, row), index(i * v.lanes))) for i in range(vectors)]
            for slots in totals:
                for slot in slots:
                    b.store(v.zero, slot)
            start = b.add(w.left, b.mul(row, index(v.size)))
            with loop(b, index(0), w.k) as i:
                line = b.add(start, b.mul(b.mul(i, w.m), index(v.size)))
                other = b.add(w.right, b.mul(b.mul(i, w.n), index(v.size)))
                numbers = [v.broadcast(b.add(other, b.mul(j, index(v.size)))) for j in across]
                for number, (mask, slots) in enumerate(zip(masks, totals, strict=True)):
                    x = v.load_part(mask, line, number * v.bytes)
                    for y, slot in zip(numbers, slots, strict=True):
                        b.store(v.fma(x, y, b.load(slot)), slot)
            wanted = v.mask(smaller(b, b.sub(w.n, column), index(columns)))
            for number, slots in enumerate(totals):
                lines = [b.load(slot) for slot in slots] + [v.zero] * (v.lanes - columns)
                for i, line in enumerate(turned(b, lines)):
                    here = b.add(row, index(number * v.lanes + i))
                    with b.if_then(b.icmp_signed("<", here, w.m)):
                        place = b.add(w.out, b.mul(b.add(b.mul(here, w.n), column), index(v.size)))
                        v.store_part(wanted, line, place)

    return IrKernel(emit)
