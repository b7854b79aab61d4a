"""Unique numbers, by a hash table. Holds no state."""

import numpy as np
from numba import types

from .memory import TYPES, load, peek, store


def rows(dtype, index_type):
    """y: the numbers of x in order of appearance, then the smallest integer; idx[i]: where in y x[i] stands.

    Words: y, idx, x, count, the table (int32), the table's size less 1 (a power of two less 1).
    """
    kind, index_kind, table_kind = TYPES[dtype], TYPES[index_type], types.int32
    empty, nobody = np.dtype(dtype).type(np.iinfo(dtype).min), np.int32(0)

    def kernel(block):
        y, idx, x, count, table, mask = block[0], block[1], block[2], block[3], block[4], block[5]
        for i in range(mask + 1):
            store(table, i, nobody)
        found = types.int64(0)
        for i in range(count):
            value = load(x, i, kind)
            mixed = types.int64(value) * types.int64(-7046029254386353131)
            at = (mixed ^ (mixed >> 29)) & mask
            place = types.int64(peek(table, at, table_kind))
            while place != 0 and peek(y, place - 1, kind) != value:
                at = (at + 1) & mask
                place = types.int64(peek(table, at, table_kind))
            if place == 0:
                store(y, found, value)
                found += 1
                store(table, at, table_kind(found))
                place = found
            store(idx, i, index_kind(place - 1))
        for i in range(found, count):
            store(y, i, empty)
        return types.int32(0)

    return kernel
