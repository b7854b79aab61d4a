"""Reference kernels of `graphflow/ops/sparse_structure.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .array_checks import debug, fail, product
from .sparse import check_inside


def _order(indices):
    """The permutation that sorts rows; equal rows stay in order."""
    return np.lexsort(indices.T[::-1]) if indices.shape[1] else np.arange(len(indices))


def _by_place(indices, values):
    return dict(zip(map(tuple, indices.tolist()), values))


def _as_arrays(found, rank, dtype):
    """Places and values of a dict, in order."""
    places = sorted(found)
    values = np.empty(len(places), dtype)
    values[:] = [found[place] for place in places]
    return np.array(places, np.int64).reshape(-1, rank), values


def _check_pair(a_indices, a_shape, b_indices, b_shape):
    if not np.array_equal(a_shape, b_shape):
        fail(f"Operands' shapes do not match: got {debug(a_shape)} and {debug(b_shape)}")
    check_inside(a_indices, a_shape)
    check_inside(b_indices, b_shape)


def _add(a_indices, a_values, a_shape, b_indices, b_values, b_shape, threshold):
    _check_pair(a_indices, a_shape, b_indices, b_shape)
    found = _by_place(a_indices, a_values)
    for place, value in _by_place(b_indices, b_values).items():
        found[place] = found[place] + value if place in found else value
    found = {place: value for place, value in found.items() if threshold <= abs(value)}
    return (*_as_arrays(found, len(a_shape), a_values.dtype), a_shape)


reference.function("SparseAdd", _add)


def _picked(grad, indices, found):
    """The gradient of each of `indices`, 0 for what is not found."""
    known = _by_place(found, grad)
    return np.array([known.get(tuple(place), 0) for place in indices.tolist()], grad.dtype)


reference.function("SparseAddGrad", lambda grad, a, b, total: (_picked(grad, a, total), _picked(grad, b, total)))


def _comparison(op_type, function):
    def run(a_indices, a_values, a_shape, b_indices, b_values, b_shape):
        _check_pair(a_indices, a_shape, b_indices, b_shape)
        a, b = _by_place(a_indices, a_values), _by_place(b_indices, b_values)
        zero = a_values.dtype.type(0)
        found = {place: function(a.get(place, zero), b.get(place, zero)) for place in {*a, *b}}
        return _as_arrays(found, len(a_shape), a_values.dtype)

    reference.function(op_type, run)


_comparison("SparseSparseMaximum", np.maximum)
_comparison("SparseSparseMinimum", np.minimum)


def _reorder(indices, values, shape):
    check_inside(indices, shape)
    order = _order(indices)
    return indices[order], values[order]


reference.function("SparseReorder", _reorder)


def _reshape(indices, shape, new):
    total = product(shape)
    if (new == -1).sum() > 1:
        fail("only one output dimension may be -1")
    if (new < -1).any():
        fail(f"size {int(new.min())} must be non-negative")
    known = product(n for n in new if n != -1)
    if (new == -1).any() and (known == 0 or total % known):
        fail(f"Input to reshape is a SparseTensor with {total} dense values, but the requested shape requires a "
             f"multiple of {known}. input_shape={debug(shape)} output_shape={debug(new)}")
    new = np.where(new == -1, total // max(known, 1), new)
    if product(new) != total:
        fail(f"Input to reshape is a tensor with {total} dense values, but the requested shape has {product(new)}. "
             f"input_shape={debug(shape)} output_shape={debug(new)}")
    check_inside(indices, shape)
    flat = np.ravel_multi_index(tuple(indices.T), tuple(shape)) if len(indices) else np.empty(0, np.int64)
    places = np.stack(np.unravel_index(flat, tuple(new)), 1) if len(flat) else np.empty((0, len(new)))
    return places.astype(np.int64), new.astype(np.int64)


reference.function("SparseReshape", _reshape)


@reference.kernel("SparseConcat")
def concat(ctx):
    """Shifts indices, then sorts."""
    axis, count = ctx.attr("concat_dim"), ctx.attr("N")

    def run(*inputs):
        indices, values, sizes = inputs[:count], inputs[count:2 * count], inputs[2 * count:]
        rank = len(sizes[0])
        if not -rank <= axis < rank:
            fail(f"Concat dimension must be in range [{-rank}, {rank}), got {axis}")
        shape, moved = sizes[0].copy(), []
        shape[axis] = 0
        for part, size in zip(indices, sizes):
            if len(size) != rank or any(size[i] != shape[i] for i in range(rank) if i != axis % rank):
                fail(f"Input shapes must match: expected {debug(sizes[0])} but got {debug(size)}")
            check_inside(part, size)
            part = part.copy()
            part[:, axis] += shape[axis]
            moved.append(part)
            shape[axis] += size[axis]
        places = np.concatenate(moved)
        order = _order(places)
        return places[order], np.concatenate(values)[order], shape

    return run


@reference.kernel("SparseSplit")
def split(ctx):
    """Parts along one dimension; the first ones are one larger where it does not divide."""
    count = ctx.attr("num_split")

    def run(axis, indices, values, shape):
        axis = int(axis)
        if not -len(shape) <= axis < len(shape):
            fail(f"Input split_dim should be between [{-len(shape)}, {len(shape)}), got {axis}")
        if not 1 <= count <= shape[axis]:
            fail(f"Input num_split should be between 1 and the splitting dimension size ({shape[axis]}), got {count}")
        check_inside(indices, shape)
        each, extra = divmod(int(shape[axis]), count)
        parts, start = [], 0
        for i in range(count):
            size = np.zeros_like(shape)
            low = np.zeros_like(shape)
            size[:], low[axis] = shape, start
            size[axis] = each + (i < extra)
            parts.append(_slice(indices, values, shape, low, size))
            start += int(size[axis])
        return tuple(part[field] for field in range(3) for part in parts)

    return run


def _slice(indices, values, shape, start, size):
    if start.shape != shape.shape or size.shape != shape.shape:
        fail(f"Expected start and size to be vectors of length {len(shape)}")
    if (start < 0).any() or (size < 0).any():
        raise errors.InvalidArgumentError(None, None, "start and size must not be negative")
    check_inside(indices, shape)
    size = np.maximum(np.minimum(size, shape - start), 0)
    inside = ((indices >= start) & (indices < start + size)).all(1)
    return indices[inside] - start, values[inside], size


reference.function("SparseSlice", _slice)
reference.function("SparseSliceGrad", lambda grad, indices, start, found: _picked(grad, indices - start, found))


def _fill_empty_rows(indices, values, shape, default):
    check_inside(indices, shape)
    rows = int(shape[0])
    counts = np.bincount(indices[:, 0], minlength=rows) if len(indices) else np.zeros(rows, np.int64)
    empty = counts == 0
    added = np.zeros((int(empty.sum()), len(shape)), np.int64)
    added[:, 0] = np.flatnonzero(empty)
    places = np.concatenate([indices, added])
    order = np.argsort(places[:, 0], kind="stable")
    filler = np.empty(len(added), values.dtype)
    filler[:] = default.item() if values.dtype == object else default
    back = np.empty(len(places), np.int64)
    back[order] = np.arange(len(places))
    return places[order], np.concatenate([values, filler])[order], empty, back[:len(indices)]


def _fill_grad(back, grad):
    others = np.ones(len(grad), bool)
    others[back] = False
    return grad[back], np.asarray(grad[others].sum(), grad.dtype)


reference.function("SparseFillEmptyRows", _fill_empty_rows)
reference.function("SparseFillEmptyRowsGrad", _fill_grad)
