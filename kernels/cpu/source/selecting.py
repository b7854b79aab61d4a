"""Places in sorted rows. Holds no state."""

from numba import njit, types

from .memory import TYPES, load, store
from .values import BYTES


def _is_before(op):
    """Whether an element comes before the place of a value; NaN is larger than any number."""
    if op == "LowerBound":
        return lambda x, value: x < value or (value != value and x == x)
    return lambda x, value: x <= value or value != value


def search(op, dtype, index_type):
    """How many elements of a sorted row are below each of some values, or (UpperBound) not above.

    Words: out, rows, values, how many rows, their length, values of a row.
    """
    kind, to, size, out_size = TYPES[dtype], TYPES[index_type], BYTES[dtype], BYTES[index_type]
    is_before = njit(inline="always")(_is_before(op))

    def kernel(block):
        length, count = block[4], block[5]
        for row in range(block[3]):
            x = block[1] + row * length * size
            for i in range(count):
                value = load(block[2], row * count + i, kind)
                low, high = 0, length
                while low < high:
                    middle = (low + high) // 2
                    if is_before(load(x, middle, kind), value):
                        low = middle + 1
                    else:
                        high = middle
                store(block[0] + row * count * out_size, i, to(low))
        return types.int32(0)

    return kernel
