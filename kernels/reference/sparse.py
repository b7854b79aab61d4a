"""Reference kernels of `graphflow/ops/sparse.py`."""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail


def check_inside(indices, shape):
    """InvalidArgumentError unless all rows of `indices` lie in `shape`."""
    if indices.shape[1] != len(shape):
        fail(f"Indices have {indices.shape[1]} columns, but the shape has {len(shape)} dimensions")
    bad = ((indices < 0) | (indices >= np.asarray(shape))).any(1)
    if bad.any():
        row = int(np.argmax(bad))
        fail(f"indices[{row}] = {debug(indices[row])} is out of bounds: need 0 <= index < {debug(shape)}")


def check_ordered(indices):
    """InvalidArgumentError unless the rows of `indices` ascend, without repetition."""
    wrong = np.flatnonzero(_ways(indices) <= 0) + 1
    if not wrong.size:
        return
    i = wrong[0]
    here = indices[i].tolist()
    if here == indices[i - 1].tolist():
        fail(f"indices[{i}] = {debug(here)} is repeated")
    fail(f"indices[{i}] = {debug(here)} is out of order. Many sparse ops require sorted indices.\n"
         "    Use `tf.sparse.reorder` to create a correctly ordered copy.\n\n")


def _ways(rows):
    """Of each row but the first: 1 if it comes after the one before, -1 if it should have come earlier, 0 if equal."""
    if not rows.shape[1]:
        return np.zeros(max(0, len(rows) - 1), np.int8)
    before, here = rows[:-1], rows[1:]
    place = np.arange(len(here)), np.argmax(here != before, axis=1)
    return (here[place] > before[place]).astype(np.int8) - (here[place] < before[place])


@reference.kernel("SparseToDense")
def to_dense(ctx):
    """Values at their places, the default everywhere else."""
    validate = ctx.attr("validate_indices")

    def run(indices, shape, values, default):
        if indices.ndim > 2:
            fail(f"sparse_indices should be a scalar, vector, or matrix, got shape {debug(indices.shape)}")
        if shape.ndim != 1:
            fail(f"output_shape should be a vector, got shape {debug(shape.shape)}")
        rows = indices.reshape(-1, 1) if indices.ndim < 2 else indices
        if rows.shape[1] != len(shape):
            fail(f"output_shape has incorrect number of elements: {len(shape)} should be: {rows.shape[1]}")
        if values.ndim and values.shape != (len(rows),):
            fail(f"sparse_values has incorrect shape {debug(values.shape)}, should be [] or [{len(rows)}]")
        if default.ndim:
            fail("default_value should be a scalar.")
        if (shape < 0).any():
            fail(f"Dimension {shape.min()} must be >= 0")
        check_inside(rows, shape)
        if validate:
            check_ordered(rows)
        result = np.full(tuple(shape), default, values.dtype)
        result[tuple(rows.T)] = values
        return result

    return run


@reference.kernel("SparseTensorDenseMatMul")
def matmul(ctx):
    """Adds up, for each entry, its multiple of a row of the dense matrix."""
    adjoint_a, adjoint_b = ctx.attr("adjoint_a"), ctx.attr("adjoint_b")

    def run(indices, values, shape, b):
        if len(shape) != 2:
            fail("Tensor 'a_shape' must have 2 elements")
        check_inside(indices, shape)
        rows, columns = indices.T
        outer, inner = (int(n) for n in shape)
        if adjoint_a:
            rows, columns, outer, inner, values = columns, rows, inner, outer, np.conj(values)
        if adjoint_b:
            b = np.conj(b).T
        if inner != b.shape[0]:
            fail("Cannot multiply A and B because inner dimension does not match: "
                 f"{inner} vs. {b.shape[0]}.  Did you forget a transpose?  Dimensions of A: {debug(shape)}.")
        result = np.zeros((outer, b.shape[1]), b.dtype)
        np.add.at(result, rows, values[:, None] * b[columns])
        return result

    return run


def _reduction(op_type, add, sparse):
    @reference.kernel(op_type)
    def make(ctx):
        keep = ctx.attr("keep_dims")

        def run(indices, values, shape, axes):
            check_inside(indices, shape)
            rank = len(shape)
            axes = {_axis(a, rank) for a in axes.ravel().tolist()} or set(range(rank))
            kept = [i for i in range(rank) if i not in axes]
            groups, where = _groups(indices[:, kept])
            totals = add(values, where.reshape(-1), len(groups))
            full = [int(shape[i]) if i in kept else 1 for i in range(rank)]
            if keep:
                wide = np.zeros((len(groups), rank), np.int64)
                wide[:, kept] = groups
                groups = wide
            out_shape = full if keep else [int(shape[i]) for i in kept]
            if sparse:
                return groups, totals, np.array(out_shape, np.int64)
            result = np.zeros(out_shape, values.dtype)
            result[tuple(groups.T)] = totals if groups.shape[1] or not len(totals) else totals[0]
            return result

        return run


def _groups(rows):
    """(the different rows in order, which of them each row is)."""
    if not rows.size:  # np.unique needs columns
        return rows[:1], np.zeros(len(rows), np.int64)
    ways = _ways(rows)
    if (ways >= 0).all():
        begins = np.r_[True, ways > 0]
        return rows[begins], np.cumsum(begins) - 1
    groups, where = np.unique(rows, axis=0, return_inverse=True)
    return groups, where.reshape(-1)


def _axis(axis, rank):
    if not -rank <= axis < rank:
        fail(f"Invalid reduction dimension {axis}, for input with {rank} dimensions.")
    return axis % rank


def _sums(values, where, count):
    result = np.zeros(count, values.dtype)
    np.add.at(result, where, values)
    return result


def _largest(values, where, count):
    result = np.zeros(count, values.dtype)
    result[where[::-1]] = values[::-1]
    np.maximum.at(result, where, values)
    return result


_reduction("SparseReduceSum", _sums, False)
_reduction("SparseReduceMax", _largest, False)
_reduction("SparseReduceSumSparse", _sums, True)
_reduction("SparseReduceMaxSparse", _largest, True)


def _dense_add(indices, values, shape, dense):
    if tuple(shape) != dense.shape:
        fail(f"Dimensions of a and b differ: {debug(shape)} and {debug(dense.shape)}")
    check_inside(indices, shape)
    result = dense.copy()
    np.add.at(result, tuple(indices.T), values)
    return result


reference.function("SparseTensorDenseAdd", _dense_add)


def _elementwise(op_type, function):
    def run(indices, values, shape, dense):
        check_inside(indices, shape)
        try:
            wide = np.broadcast_to(dense, tuple(shape))
        except ValueError:
            fail("SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: "
                 f"{debug(shape)} vs. {debug(dense.shape)}")
        with np.errstate(all="ignore"):
            return function(values, wide[tuple(indices.T)])

    reference.function(op_type, run)


def _divide(a, b):
    if a.dtype.kind in "iu":
        if (b == 0).any():
            fail("Integer division by zero")
        return (np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))).astype(a.dtype)
    return a / b


_elementwise("SparseDenseCwiseAdd", np.add)
_elementwise("SparseDenseCwiseMul", np.multiply)
_elementwise("SparseDenseCwiseDiv", _divide)


def _softmax(indices, values, shape):
    if len(shape) < 2:
        fail("Input should have rank >= 2.")
    check_inside(indices, shape)
    groups, where = _groups(indices[:, :-1])
    count = len(groups)
    exponentials = np.exp(values - _largest(values, where, count)[where])
    return exponentials / _sums(exponentials, where, count)[where]


reference.function("SparseSoftmax", _softmax)
