"""Cumulative sums, products and sums of powers. Hold no state."""

from math import inf, log

from . import vector_math
from .values import BYTES, IrKernel, Value, constant, copy, index, load, loop, register_type, store, where, word


def scan(op, dtype, *flags):
    """out[o, k, i] = the sum (product, log of the sum of powers of e) of x[o, :k + 1, i], element by element in order.

    With the flag "exclusive" without x[o, k, i], with "reverse" from the other end.

    Words: 0 and 1 range of o, out, x, size of the axis, elements of a line behind it (none of the sizes is 0).
    """
    lag, start = int("exclusive" in flags), {"Cumsum": 0, "Cumprod": 1, "CumulativeLogsumexp": -inf}[op]

    def emit(b, block):
        out, x, size, inner = (word(b, block, i) for i in range(2, 6))

        def line(o, k):
            """Position of the line that comes as number `k`."""
            k = b.sub(b.sub(size, index(1)), k) if "reverse" in flags else k
            return b.mul(b.add(b.mul(o, size), k), inner)

        with loop(b, word(b, block, 0), word(b, block, 1)) as o:
            if lag:
                neutral = Value(b, dtype, constant(register_type(dtype), start))
                with loop(b, index(0), inner) as i:
                    store(b, out, b.add(line(o, index(0)), i), neutral)
            with b.if_then(b.icmp_signed(">", size, index(lag))):
                first, target = (b.mul(line(o, index(k)), index(BYTES[dtype])) for k in (0, lag))
                copy(b, b.add(out, target), b.add(x, first), b.mul(inner, index(BYTES[dtype])))
            with b.if_else(b.icmp_signed("==", inner, index(1))) as (numbers, lines):
                with numbers:
                    _numbers(b, op, dtype, lag, out, x, size, lambda k, o=o: line(o, k))
                with lines, loop(b, index(lag + 1), size) as k:
                    places = [line(o, at) for at in (k, b.sub(k, index(1)), b.sub(k, index(lag)))]
                    with loop(b, index(0), inner) as i:
                        to, before, given = (b.add(place, i) for place in places)
                        total = load(b, out, before, dtype, again=True)
                        store(b, out, to, _combined(op, total, load(b, x, given, dtype)))

    return IrKernel(emit)


def _combined(op, x, y):
    if op != "CumulativeLogsumexp":
        return x + y if op == "Cumsum" else x * y
    larger, distance = where(x > y, x, y), (x - y).intrinsic("fabs")
    both = larger + vector_math.log1p(vector_math.exp(-distance))
    both = where(x == y, x + log(2.0), both)        # infinities, too
    return where((x != x) | (y != y), x + y, both)


def _numbers(b, op, dtype, lag, out, x, size, place):
    """What follows the first element where lines are single numbers: the total stays in a register."""
    with b.goto_entry_block():
        slot = b.alloca(register_type(dtype))
    b.store(load(b, x, place(index(0)), dtype).ir, slot)
    with loop(b, index(lag + 1), size) as k:
        given = load(b, x, place(b.sub(k, index(lag))), dtype)
        total = _combined(op, Value(b, dtype, b.load(slot)), given)
        b.store(total.ir, slot)
        store(b, out, place(k), total)
