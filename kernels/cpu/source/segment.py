"""Sums of rows by number. Holds no state."""

import numpy as np
from numba import types

from .memory import TYPES, load, peek, store
from .values import BYTES


def unsorted_sum(dtype, index_type, code):
    """out[ids[i], :] += x[i, :], from zero; rows with negative ids are left out.

    Words: 0 and 1 details of a failure (position, id), out, x, ids, segments, rows, row length.
    """
    kind, id_kind, size = TYPES[dtype], TYPES[index_type], BYTES[dtype]
    failure, zero = np.int32(code), np.dtype(dtype).type(0)

    def kernel(block):
        out, x, ids, segments, rows, length = (
            block[2], block[3], block[4], block[5], block[6], block[7])
        for i in range(rows):
            if types.int64(load(ids, i, id_kind)) >= segments:
                block[0] = i
                block[1] = types.int64(load(ids, i, id_kind))
                return failure
        for j in range(segments * length):
            store(out, j, zero)
        for i in range(rows):
            segment = types.int64(load(ids, i, id_kind))
            if segment >= 0:
                target = out + segment * length * size
                source = x + i * length * size
                for j in range(length):
                    store(target, j, kind(peek(target, j, kind) + load(source, j, kind)))
        return types.int32(0)

    return kernel
