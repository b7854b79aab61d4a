"""Rows combined by number. Holds no state."""

import numpy as np
from numba import types
from numba.extending import register_jitable

from .memory import TYPES, load, peek, store
from .values import BYTES


def _extremes(dtype):
    """The least and the largest finite number."""
    limits = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    return np.dtype(dtype).type(limits.min), np.dtype(dtype).type(limits.max)


def _rule(kind, dtype):
    """(what a segment without rows holds, function that combines two numbers); what is no number stays."""
    number, (least, largest) = np.dtype(dtype).type, _extremes(dtype)
    rules = {
        "Sum": (number(0), lambda x, y: x + y),
        "Prod": (number(1), lambda x, y: x * y),
        "Max": (least, lambda x, y: x if x > y or x != x else y),
        "Min": (largest, lambda x, y: x if x < y or x != x else y),
    }
    start, function = rules[kind]
    return start, register_jitable(function)


def unsorted(rule, dtype, index_type, code):
    """out[ids[i], :] combined with x[i, :], by the `rule` Sum, Prod, Max or Min; rows with negative ids are left out.

    Words: 0 and 1 details of a failure (position, id), out, x, ids, segments, rows, row length.
    """
    kind, id_kind, size = TYPES[dtype], TYPES[index_type], BYTES[dtype]
    failure, (start, combine) = np.int32(code), _rule(rule, dtype)

    def kernel(block):
        out, x, ids, segments, rows, length = (
            block[2], block[3], block[4], block[5], block[6], block[7])
        for i in range(rows):
            if types.int64(load(ids, i, id_kind)) >= segments:
                block[0] = i
                block[1] = types.int64(load(ids, i, id_kind))
                return failure
        for j in range(segments * length):
            store(out, j, start)
        for i in range(rows):
            segment = types.int64(load(ids, i, id_kind))
            if segment >= 0:
                target = out + segment * length * size
                source = x + i * length * size
                for j in range(length):
                    store(target, j, kind(combine(peek(target, j, kind), load(source, j, kind))))
        return types.int32(0)

    return kernel
