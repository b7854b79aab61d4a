"""The largest elements of rows. Holds no state."""

from numba import types

from .memory import TYPES, load, peek, store
from .values import BYTES


def top_k(dtype, index_type):
    """The k largest of each row, falling, equal ones in order; NaN counts as smallest.

    Words: values, indices, x, rows, row length, k. By insertion: k is small.
    """
    kind, to = TYPES[dtype], TYPES[index_type]
    size, index_size = BYTES[dtype], BYTES[index_type]

    def kernel(block):
        length, k = block[4], block[5]
        for row in range(block[3]):
            x = block[2] + row * length * size
            values = block[0] + row * k * size
            indices = block[1] + row * k * index_size
            found = 0
            for i in range(length):
                value = load(x, i, kind)
                place = found
                while place > 0:
                    other = peek(values, place - 1, kind)
                    if not (value > other or (other != other and value == value)):
                        break
                    if place < k:
                        store(values, place, other)
                        store(indices, place, peek(indices, place - 1, to))
                    place -= 1
                if place < k:
                    store(values, place, value)
                    store(indices, place, to(i))
                    found = min(found + 1, k)
        return types.int32(0)

    return kernel
