"""Device code in which a block shares one row: reductions, softmax and the cross entropies.

Everything that waits for a block's other threads stands in this one module, because the simulator
replaces `cuda` in a kernel's own module only. State: the kernels made so far, by op and dtype.
"""

import functools
import math

import numba
import numpy as np
from numba import cuda

from .scalar_math import CudaMath, cast, device, scalar

_COMBINE = {"Sum": "Add", "Mean": "Add", "Prod": "Mul", "Max": "Maximum", "Min": "Minimum",
            "All": "LogicalAnd", "Any": "LogicalOr"}


def identity(op, dtype):
    """What an empty row gives: the number that changes nothing."""
    if op in ("All", "Any"):
        return op == "All"
    kind = np.dtype(dtype)
    if op in ("Max", "Min"):
        sign = -1 if op == "Max" else 1
        if kind.kind == "f":
            return kind.type(sign * np.inf)
        return kind.type(np.iinfo(kind).min if sign < 0 else np.iinfo(kind).max)
    return kind.type(op == "Prod")


@functools.cache
def _combine(op, dtype):
    """Two numbers into one, in their own dtype."""
    step = scalar(_COMBINE[op], dtype)
    if dtype == "bool":
        return step
    narrow = cast(dtype)
    return device(lambda x, y: narrow(step(x, y)))


@functools.cache
def _fold(op, dtype):
    """Combines one value of each thread of a block as a binary tree; every thread gets the result.

    The number of threads must be a power of two.
    """
    combine = _combine(op, dtype)

    @cuda.jit(device=True)
    def fold(shared, value):
        thread, half = cuda.threadIdx.x, cuda.blockDim.x // 2
        shared[thread] = value
        cuda.syncthreads()
        while half > 0:
            if thread < half:
                shared[thread] = combine(shared[thread], shared[thread + half])
            half //= 2
            cuda.syncthreads()
        result = shared[0]
        cuda.syncthreads()      # from here on `shared` may be written again
        return result

    return fold


@device
def _offset(table, index):
    """Where element `index` is, by a table of (size, stride), innermost first."""
    offset = 0
    last = table.size - 2
    for i in range(0, last, 2):
        offset += index % table[i] * table[i + 1]
        index //= table[i]
    return offset + index * table[last + 1]


def _finish(op, dtype):
    """What becomes of a combined value and the number of values in it."""
    if op != "Mean":
        return device(lambda total, number: total)
    kind = np.dtype(dtype).type
    return device(lambda total, number: total / kind(number))


@functools.cache
def reduce_by_blocks(op, dtype):
    """Reduces each of `count` rows in `parts` pieces of `chunk` elements: one block per piece.

    Arguments: out (count * parts); x; tables of the kept and the reduced dimensions; count; length
    of a row; parts; chunk; number of elements that each result stands for (for means).
    """
    kind, start = getattr(numba, "boolean" if dtype == "bool" else dtype), identity(op, dtype)
    combine, fold, finish = _combine(op, dtype), _fold(op, dtype), _finish(op, dtype)

    @cuda.jit
    def kernel(out, x, kept, reduced, count, length, parts, chunk, number):
        shared = cuda.shared.array(0, kind)
        for item in range(cuda.blockIdx.x, count * parts, cuda.gridDim.x):
            base = _offset(kept, item // parts)
            first = item % parts * chunk
            last = first + chunk if first + chunk < length else length
            total = start
            for i in range(first + cuda.threadIdx.x, last, cuda.blockDim.x):
                total = combine(total, x[base + _offset(reduced, i)])
            total = fold(shared, total)
            if cuda.threadIdx.x == 0:
                out[item] = finish(total, number)

    return kernel


@functools.cache
def reduce_by_threads(op, dtype):
    """Reduces each of `count` rows in one thread: for short rows, and for many side by side.

    Arguments: out; x; tables of the kept and the reduced dimensions; count; length of a row; number
    of elements that each result stands for (for means).
    """
    start = identity(op, dtype)
    combine, finish = _combine(op, dtype), _finish(op, dtype)

    @cuda.jit
    def kernel(out, x, kept, reduced, count, length, number):
        for item in range(cuda.grid(1), count, cuda.gridsize(1)):
            base = _offset(kept, item)
            total = start
            for i in range(length):
                total = combine(total, x[base + _offset(reduced, i)])
            out[item] = finish(total, number)

    return kernel


@functools.cache
def _statistics(dtype):
    """Largest element of a row of logits, and the sum of exp(element - largest)."""
    maximum, largest, fold_sum = _combine("Max", dtype), _fold("Max", dtype), _fold("Sum", dtype)
    lowest, zero, exp = identity("Max", dtype), identity("Sum", dtype), CudaMath(dtype).exp

    @cuda.jit(device=True)
    def statistics(shared, x, start, length):
        top = lowest
        for i in range(cuda.threadIdx.x, length, cuda.blockDim.x):
            top = maximum(top, x[start + i])
        top = largest(shared, top)
        total = zero
        for i in range(cuda.threadIdx.x, length, cuda.blockDim.x):
            total += exp(x[start + i] - top)
        return top, fold_sum(shared, total)

    return statistics


@functools.cache
def softmax(dtype, logarithm):
    """Softmax of each row, or its logarithm. Arguments: out; x; number of rows; their length."""
    kind, statistics = getattr(numba, dtype), _statistics(dtype)
    exp, log = CudaMath(dtype).exp, CudaMath(dtype).log
    if logarithm:
        finish = device(lambda shifted, total: shifted - log(total))
    else:
        finish = device(lambda shifted, total: exp(shifted) / total)

    @cuda.jit
    def kernel(out, x, rows, length):
        shared = cuda.shared.array(0, kind)
        for row in range(cuda.blockIdx.x, rows, cuda.gridDim.x):
            start = row * length
            top, total = statistics(shared, x, start, length)
            for i in range(cuda.threadIdx.x, length, cuda.blockDim.x):
                out[start + i] = finish(x[start + i] - top, total)

    return kernel


@functools.cache
def cross_entropy(dtype):
    """Loss -sum(labels * log_softmax) of each row, and its gradient softmax - labels.

    Arguments: loss, gradient; logits, labels; number of rows; their length.
    """
    kind, statistics, fold = getattr(numba, dtype), _statistics(dtype), _fold("Sum", dtype)
    exp, log, zero = CudaMath(dtype).exp, CudaMath(dtype).log, identity("Sum", dtype)

    @cuda.jit
    def kernel(loss, gradient, x, labels, rows, length):
        shared = cuda.shared.array(0, kind)
        for row in range(cuda.blockIdx.x, rows, cuda.gridDim.x):
            start = row * length
            top, total = statistics(shared, x, start, length)
            log_total = log(total)
            lost = zero
            for i in range(start + cuda.threadIdx.x, start + length, cuda.blockDim.x):
                shifted, label = x[i] - top, labels[i]
                lost -= label * (shifted - log_total)
                gradient[i] = exp(shifted) / total - label
            lost = fold(shared, lost)
            if cuda.threadIdx.x == 0:
                loss[row] = lost

    return kernel


@functools.cache
def sparse_cross_entropy(dtype):
    """Loss -log_softmax at each row's label, and its gradient softmax less 1 there.

    A label that is no class gives NaN in its row, as on TensorFlow's GPUs.
    Arguments: loss, gradient; logits, labels; number of rows; their length.
    """
    kind, statistics = getattr(numba, dtype), _statistics(dtype)
    exp, log, nan = CudaMath(dtype).exp, CudaMath(dtype).log, np.dtype(dtype).type(math.nan)
    zero, one = identity("Sum", dtype), identity("Prod", dtype)

    @cuda.jit
    def kernel(loss, gradient, x, labels, rows, length):
        shared = cuda.shared.array(0, kind)
        for row in range(cuda.blockIdx.x, rows, cuda.gridDim.x):
            start, label = row * length, labels[row]
            top, total = statistics(shared, x, start, length)
            is_class = 0 <= label < length
            for i in range(cuda.threadIdx.x, length, cuda.blockDim.x):
                value = exp(x[start + i] - top) / total - (one if i == label else zero)
                gradient[start + i] = value if is_class else nan
            if cuda.threadIdx.x == 0:
                loss[row] = log(total) - (x[start + label] - top) if is_class else nan

    return kernel
