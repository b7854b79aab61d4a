"""Rows rotated, and turned around, by numbers of the run. Hold no state."""

from .values import IrKernel, copy, fail, index, load, loop, word


def roll(index_type):
    """out[o, (i + shift) % size, :] = x[o, i, :]. Words: out, x, shift, outer size, size (not 0), bytes of a row."""
    def emit(b, block):
        out, x, shift, outer, size, nbytes = (word(b, block, i) for i in range(6))
        given = load(b, shift, index(0), index_type).cast("int64").ir
        rest = b.srem(given, size)
        rest = b.select(b.icmp_signed("<", rest, index(0)), b.add(rest, size), rest)
        tail, head = b.mul(rest, nbytes), b.mul(b.sub(size, rest), nbytes)
        with loop(b, index(0), outer) as o:
            start = b.mul(o, b.mul(size, nbytes))
            target, source = b.add(out, start), b.add(x, start)
            copy(b, b.add(target, tail), source, head)
            copy(b, target, b.add(source, head), tail)

    return IrKernel(emit)


def reverse_sequence(index_type, code):
    """Of each sequence the first elements backwards, as many as `lengths` says. Fails with `code` where it has less.

    Words: 0 and 1 details of a failure (sequence, length), 2 out, 3 x, 4 lengths, 5 how many sequences, 6 their size,
    7 whether their number is the first of these dimensions: 8 outer, 9 first, 10 between, 11 second, 12 bytes inside.
    """
    def emit(b, block):
        out, x, lengths, count, size, number_first, *sizes = (word(b, block, i) for i in range(2, 13))
        outer, first, between, second, nbytes = sizes
        with loop(b, index(0), count) as i:
            length = load(b, lengths, i, index_type).cast("int64").ir
            fail(b, block, b.icmp_unsigned(">", length, size), int(code), i, length)
        forward = b.icmp_signed("!=", number_first, index(0))
        time_step = b.mul(b.select(forward, index(1), b.mul(between, second)), nbytes)
        with loop(b, index(0), outer) as o, loop(b, index(0), first) as i, loop(b, index(0), between) as m, loop(
                b, index(0), second) as k:
            line = b.mul(b.add(b.mul(b.add(b.mul(b.add(b.mul(o, first), i), between), m), second), k), nbytes)
            number, time = b.select(forward, i, k), b.select(forward, k, i)
            length = load(b, lengths, number, index_type).cast("int64").ir
            mirrored = b.sub(b.sub(length, index(1)), time)
            turned = b.select(b.icmp_signed("<", time, length), mirrored, time)
            copy(b, b.add(out, line), b.add(b.add(x, line), b.mul(b.sub(turned, time), time_step)), nbytes)

    return IrKernel(emit)
