"""Elementwise kernels: one template per number of operands. Hold no state.

Operands are dense; broadcasting is a matter of strides (see `kernels/cpu/layout.py`). Of each
operand the innermost collapsed dimension has stride 1 or 0, so a row has three forms.
"""

import numpy as np
from numba import types

from .memory import TYPES, as_double, load, store
from .scalar_math import inline, scalar_function

_DONE = types.int32(0)


def _size(dtype):
    return np.int64(TYPES[dtype].bitwidth // 8)


def unary(op, dtype, result):
    """out[i] = f(x[i]). Words: out, x, start, stop."""
    f = scalar_function(op, dtype)
    kind, to = TYPES[dtype], TYPES[result]

    def kernel(block):
        out, x = block[0], block[1]
        for i in range(block[2], block[3]):
            store(out, i, to(f(load(x, i, kind))))
        return _DONE

    return kernel


def unary_parameter(op, dtype):
    """out[i] = f(x[i], p). Words: out, x, start, stop, p as F64."""
    f = scalar_function(op, dtype)
    kind = TYPES[dtype]

    def kernel(block):
        out, x = block[0], block[1]
        p = kind(as_double(block[4]))
        for i in range(block[2], block[3]):
            store(out, i, kind(f(load(x, i, kind), p)))
        return _DONE

    return kernel


def binary_parameter(op, dtype):
    """out[i] = f(x[i], y[i], p). Words: out, x, y, start, stop, p as F64."""
    f = scalar_function(op, dtype)
    kind = TYPES[dtype]

    def kernel(block):
        out, x, y = block[0], block[1], block[2]
        p = kind(as_double(block[5]))
        for i in range(block[3], block[4]):
            store(out, i, kind(f(load(x, i, kind), load(y, i, kind), p)))
        return _DONE

    return kernel


@inline
def row_offset(row, block, at, column):
    """Element offset of a row in the operand whose strides are in `column` of the table at word
    `at`: rank, then (size, stride, stride, ...) per outer dimension, innermost first."""
    rank = block[at]
    width = block[at + 1]
    entry = at + 2
    offset = np.int64(0)
    for _ in range(rank - 1):
        quotient = row // block[entry]
        offset += (row - quotient * block[entry]) * block[entry + column]
        row = quotient
        entry += width
    return offset + row * block[entry + column] if rank > 0 else offset


def binary(op, dtype, result):
    """out = f(x, y) with broadcasting.

    Words: out, x, y, form (0 rows of both, 1 x is one value per row, 2 y is), row length,
    first row, last row, first column, last column, then the table of outer dimensions.
    """
    f = scalar_function(op, dtype)
    kind, to = TYPES[dtype], TYPES[result]
    size, out_size = _size(dtype), _size(result)

    def kernel(block):
        out, x, y, form, length = block[0], block[1], block[2], block[3], block[4]
        start, stop = block[7], block[8]
        for row in range(block[5], block[6]):
            left = x + row_offset(row, block, 9, 1) * size
            right = y + row_offset(row, block, 9, 2) * size
            target = out + row * length * out_size
            if form == 0:
                for i in range(start, stop):
                    store(target, i, to(f(load(left, i, kind), load(right, i, kind))))
            elif form == 1:
                value = load(left, 0, kind)
                for i in range(start, stop):
                    store(target, i, to(f(value, load(right, i, kind))))
            else:
                value = load(right, 0, kind)
                for i in range(start, stop):
                    store(target, i, to(f(load(left, i, kind), value)))
        return _DONE

    return kernel


def select(dtype):
    """out = x where condition else y, all of one shape. Words: out, condition, x, y, start, stop.
    """
    kind = TYPES[dtype]

    def kernel(block):
        out, condition, x, y = block[0], block[1], block[2], block[3]
        for i in range(block[4], block[5]):
            yes, no = load(x, i, kind), load(y, i, kind)
            store(out, i, yes if load(condition, i, types.uint8) != 0 else no)
        return _DONE

    return kernel


def add_n(dtype):
    """out = x0 + x1 + ..., left to right. Words: out, start, stop, scratch of 512 elements,
    count, then the addresses. Sums in scratch, so `out` may be any one of the inputs."""
    kind = TYPES[dtype]

    def kernel(block):
        out, total, count = block[0], block[3], block[4]
        for begin in range(block[1], block[2], 512):
            length = min(512, block[2] - begin)
            for i in range(length):
                store(total, i, load(block[5], begin + i, kind))
            for k in range(1, count):
                add_to(total, block[5 + k], begin, length, kind)
            for i in range(length):
                store(out, begin + i, load(total, i, kind))
        return _DONE

    return kernel


@inline
def add_to(total, x, begin, length, kind):
    """total[i] += x[begin + i]."""
    for i in range(length):
        store(total, i, kind(load(total, i, kind) + load(x, begin + i, kind)))
