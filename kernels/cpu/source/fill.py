"""Numbers at equal distances. Hold no state."""

from .values import IrKernel, Value, fail, index, load, loop, store, where, word


def count(dtype, code):
    """start, start + delta, ... Fails with `code` where there are not as many up to the limit as expected.

    Words: out, start, limit, delta, how many.
    """
    def emit(b, block):
        out, *ends, size = (word(b, block, i) for i in range(5))
        start, limit, delta = (load(b, address, index(0), dtype) for address in ends)
        first, last, step = (Value(b, "int64", number.cast("int64").ir) for number in (start, limit, delta))
        forward = step > 0
        distance, step = where(forward, last - first, first - last), where(forward, step, -step)
        # `size` steps reach the limit, one less do not.
        steps = step * Value(b, "int64", size)
        fits = (distance <= steps) & (distance > steps - step) & (distance >= 0) & (step > 0)
        fail(b, block, b.not_(fits.ir), int(code))
        with loop(b, index(0), size) as i:
            store(b, out, i, start + delta * Value(b, "int64", i).cast(dtype))

    return IrKernel(emit)


def lin_space(dtype):
    """Numbers from start to stop, both included. Words: out, start, stop, how many (1: start alone)."""
    def emit(b, block):
        out, *ends, size = (word(b, block, i) for i in range(4))
        start, stop = (load(b, address, index(0), dtype) for address in ends)
        last = b.sub(size, index(1))
        step = (stop - start) / Value(b, "int64", last).cast(dtype)
        with loop(b, index(0), last) as i:
            store(b, out, i, start + step * Value(b, "int64", i).cast(dtype))
        is_one = Value(b, "bool", b.icmp_signed("==", size, index(1)))
        store(b, out, last, where(is_one, start, stop))

    return IrKernel(emit)
