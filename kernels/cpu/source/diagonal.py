"""Bands of matrices. Holds no state."""

from .values import IrKernel, copy, fill, index, loop, word


def band_part(item):
    """Zeros, but x from diagonal -lower to diagonal upper of each matrix.

    Words: out, x, how many matrices, rows, columns, lower, upper (neither is negative).
    """
    item = index(int(item))

    def emit(b, block):
        out, x, count, rows, columns, lower, upper = (word(b, block, i) for i in range(7))

        def within(number):
            """`number`, but at least 0 and at most `columns`."""
            number = b.select(b.icmp_signed("<", number, columns), number, columns)
            return b.select(b.icmp_signed(">", number, index(0)), number, index(0))

        with loop(b, index(0), count) as k, loop(b, index(0), rows) as row:
            start = b.mul(b.mul(b.add(b.mul(k, rows), row), columns), item)
            first = b.mul(within(b.sub(row, lower)), item)
            last = b.mul(within(b.add(b.add(row, upper), index(1))), item)
            line = b.add(out, start)
            fill(b, line, 0, first)
            copy(b, b.add(line, first), b.add(b.add(x, start), first), b.sub(last, first))
            fill(b, b.add(line, last), 0, b.sub(b.mul(columns, item), last))

    return IrKernel(emit)
