"""Reference kernels of `graphflow/ops/gather_scatter.py`: every index is checked first."""

import numpy as np

from ..registry import reference
from .array_checks import check_range, check_size, debug, fail, position, product
from .fill import zeros


def _gather_axis(params, indices, axis, batch_dims):
    check_range("indices", indices, params.shape[axis])
    if batch_dims == 0:
        return np.take(params, indices, axis)
    if params.shape[:batch_dims] != indices.shape[:batch_dims]:
        fail(
            f"params.shape[:{batch_dims}] = {debug(params.shape[:batch_dims])} should match "
            f"indices.shape"
            f"[:{batch_dims}] = {debug(indices.shape[:batch_dims])}"
        )
    batch = product(params.shape[:batch_dims])
    rows = [
        np.take(p, i, axis - batch_dims)
        for p, i in zip(
            params.reshape(batch, *params.shape[batch_dims:]),
            indices.reshape(batch, *indices.shape[batch_dims:]),
        )
    ]
    shape = params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1 :]
    return (np.stack(rows) if rows else np.empty(0, params.dtype)).reshape(shape)


def _gather_rows(params, indices):
    if params.ndim < 1:
        fail("params must be at least 1 dimensional")
    return _gather_axis(params, indices, 0, 0)


reference.function("Gather", _gather_rows)


@reference.kernel("GatherV2")
def gather(ctx):
    """`numpy.take`, batch by batch."""
    batch_dims = ctx.attr("batch_dims")

    def run(params, indices, axis):
        if params.ndim < 1:
            fail("params must be at least 1 dimensional")
        if axis.ndim != 0:
            fail("axis must be scalar")
        axis = int(axis)
        if not -params.ndim <= axis < params.ndim:
            fail(f"Expected axis in the range [{-params.ndim}, {params.ndim}), but got {axis}")
        axis %= params.ndim
        batches = batch_dims + indices.ndim if batch_dims < 0 else batch_dims
        if not 0 <= batches <= min(indices.ndim, axis):
            fail(
                f"batch_dims ({batch_dims}) must be at most rank(indices) ({indices.ndim}) "
                f"and axis ({axis})"
            )
        return _gather_axis(params, indices, axis, batches)

    return run


def _index_vectors(indices, shape, what):
    """Index vectors as an index for NumPy, all of them inside `shape`."""
    if indices.ndim < 1:
        fail("indices must be at least a vector")
    depth = indices.shape[-1]
    if depth > len(shape):
        fail(
            f"index innermost dimension length must be <= {what} rank; saw: {depth} vs. "
            f"{len(shape)}"
        )
    limits = np.array(shape[:depth], np.int64)
    bad = ((indices < 0) | (indices >= limits)).any(-1)
    if bad.any():
        first = int(np.flatnonzero(bad.ravel())[0])
        vector = indices.reshape(-1, depth)[first].tolist()
        where = position(indices.shape[:-1], first)
        fail(f"indices{where} = {vector} does not index into {what} shape {debug(shape)}")
    return tuple(np.moveaxis(indices, -1, 0))


def _gather_nd(params, indices):
    if not params.size and indices.size and indices.shape[-1] <= params.ndim:
        fail(f"Requested more than 0 entries, but params is empty.  Params shape: {debug(params.shape)}")
    index = _index_vectors(indices, params.shape, "param")
    shape = indices.shape[:-1] + params.shape[indices.shape[-1] :]
    if not index:
        return np.broadcast_to(params, shape).copy()
    return params[index]


reference.function("GatherNd", _gather_nd)


def _check_updates(indices, updates, shape):
    wanted = indices.shape[:-1] + tuple(shape[indices.shape[-1] :])
    if updates.shape != wanted:
        fail(
            f"Must have updates.shape = indices.shape[:-1] + params_shape[slice_dim:], got "
            f"updates.shape "
            f"{debug(updates.shape)}, indices.shape {debug(indices.shape)}, params_shape "
            f"{debug(shape)}"
        )


def _scatter(out, indices, updates, write):
    index = _index_vectors(indices, out.shape, "output")
    _check_updates(indices, updates, out.shape)
    if indices.shape[-1] == 0:  # every index vector is empty and means the whole tensor
        for update in updates.reshape(-1, *out.shape):
            write(out, Ellipsis, update)
    elif updates.size:
        write(out, index, updates)
    return out


def _assign(out, index, updates):
    out[index] = updates


def _add(out, index, updates):
    np.add.at(out, index, updates)


def _subtract(out, index, updates):
    np.subtract.at(out, index, updates)


def _scatter_nd(indices, updates, shape):
    shape = check_size(shape, updates.dtype)
    if product(shape) == 0 and indices.size and updates.size:
        fail(
            f"Indices and updates specified for empty output. indices shape: {debug(indices.shape)}"
        )
    return _scatter(zeros(shape, updates.dtype), indices, updates, _add)


reference.function("ScatterNd", _scatter_nd)
for _op, _write in (
    ("TensorScatterUpdate", _assign),
    ("TensorScatterAdd", _add),
    ("TensorScatterSub", _subtract),
    ("ScatterNdNonAliasingAdd", _add),
):
    reference.function(
        _op, lambda x, indices, updates, _write=_write: _scatter(x.copy(), indices, updates, _write)
    )
