"""Rows and elements read and written by index.

Indices are checked before memory is touched: InvalidArgumentError names the first bad one. Holds no
state. Masks, partitions and unique values are in `selecting.py`; scatters into variables are with
the variables.
"""

import numbers

import numpy as np

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.dtypes import int32, int64
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import IndexedSlices, Tensor
from graphflow.ops.join_split import concat, stack, tile
from graphflow.ops.shape_ops import expand_dims, reshape, squeeze, transpose
from graphflow.ops.shape_tensors import shape, size

register_op(
    "Gather",
    inputs="params: Tparams, indices: Tindices",
    outputs="output: Tparams",
    attrs="validate_indices: bool = true; Tparams: type; Tindices: {int32, int64}",
    shape=lambda c: [_gathered(shapes.with_rank_at_least(c.shape(0), 1), c.shape(1), 0, 0)],
)


def _gathered(params, indices, axis, batch_dims):
    """Shape of a gather; `axis` None if unknown."""
    if params is None or indices is None:
        return None
    length = len(params) + len(indices) - 1 - batch_dims
    if axis is None:
        return (None,) * length
    batch = shapes.merge_shapes(params[:batch_dims], indices[:batch_dims])
    return batch + params[batch_dims:axis] + indices[batch_dims:] + params[axis + 1 :]


def _gather_v2_shape(c):
    params, indices, batch_dims = (
        shapes.with_rank_at_least(c.shape(0), 1),
        c.shape(1),
        c.attr("batch_dims"),
    )
    shapes.with_rank(c.shape(2), 0)
    axis = c.value(2)
    if params is None or indices is None:
        return [None]
    if not -len(indices) <= batch_dims <= len(indices):
        raise ValueError(
            f"Shape must be at least rank {abs(batch_dims)} but is rank {len(indices)}"
        )
    batch_dims += len(indices) if batch_dims < 0 else 0
    shapes.with_rank_at_least(params, batch_dims + 1)
    if axis is not None:
        axis = int(axis)
        shapes.with_rank_at_least(params, axis + 1 if axis >= 0 else -axis)
        axis += len(params) if axis < 0 else 0
        if batch_dims > axis:
            raise ValueError(
                f"batch_dims ({batch_dims}) must be less than or equal to axis ({axis})"
            )
    return [_gathered(params, indices, axis, batch_dims)]


register_op(
    "GatherV2",
    inputs="params: Tparams, indices: Tindices, axis: Taxis",
    outputs="output: Tparams",
    attrs="batch_dims: int = 0; Tparams: type; Tindices: {int32, int64}; Taxis: {int32, int64}",
    shape=_gather_v2_shape,
)


def _params_shape(params):
    """The shape of `params`, next to it: tables may be large and on another device."""
    with params.graph.colocate_with(params.op):
        return raw_ops.Cast(shape(params, out_type=int64), DstT=int32, name="Cast")


def _rows_gradient(op, grad, params_shape, count):
    """The gradient of a gather along axis 0: rows, and which they are."""
    values = reshape(convert_to_tensor(grad), concat([count, params_shape[1:]], 0))
    return IndexedSlices(values, reshape(op.inputs[1], count), params_shape)


@RegisterGradient("Gather")
def _gather_grad(op, grad):
    params_shape = _params_shape(op.inputs[0])
    return [_rows_gradient(op, grad, params_shape, expand_dims(size(op.inputs[1]), 0)), None]


@RegisterGradient("GatherV2")
def _gather_v2_grad(op, grad):
    params_shape = _params_shape(op.inputs[0])
    indices, axis, batch_dims = op.inputs[1], op.inputs[2], op.get_attr("batch_dims")
    count = expand_dims(size(indices), 0)
    known = constant_value(axis)
    if batch_dims < 0:
        batch_dims += len(indices._shape)
    if known is not None and known == 0:
        return [_rows_gradient(op, grad, params_shape, count), None, None]
    return [_axis_gradient(grad, params_shape, indices, axis, batch_dims), None, None]


def _axis_gradient(grad, params_shape, indices, axis, batch_dims):
    """Moves the gathered axis behind the batch axes, sums into rows, and moves it back."""
    outer, inner = params_shape[:axis], params_shape[axis:][1:]
    values_shape = concat([outer, [-1], inner], 0)
    values_dims, axis_dims = size(values_shape), size(outer)
    count = lookup("range")
    batch_axes, outer_axes = count(batch_dims), count(batch_dims, axis_dims)
    inner_axes = count(axis_dims + 1, values_dims)
    values = reshape(grad, values_shape)
    values = transpose(values, concat([batch_axes, [axis_dims], outer_axes, inner_axes], 0))
    total = _batch_rows_sum(params_shape, values, indices, batch_dims, params_shape[axis])
    return transpose(total, concat([batch_axes, outer_axes + 1, [batch_dims], inner_axes], 0))


def _batch_rows_sum(params_shape, values, indices, batch_dims, rows):
    count = expand_dims(size(indices), 0)
    if batch_dims:
        values_shape = shape(values)
        outer = values_shape[:batch_dims]
        flat = concat([[-1], values_shape[batch_dims:][1:]], 0)
        rows = rows * raw_ops.Prod(outer, [0])
        indices = _flat_batch_indices(params_shape, indices, batch_dims)
        values = reshape(values, flat)
    total = lookup("unsorted_segment_sum")(values, reshape(indices, count), rows)
    return reshape(total, concat([outer, flat], 0)) if batch_dims else total


def _flat_batch_indices(params_shape, indices, batch_dims):
    """Indices into params with its batch axes and the gathered one flattened."""
    dtype, ndims = indices.dtype.base_dtype, len(indices._shape)
    ones, sizes = lookup("ones"), lookup("cast")(params_shape, dtype)
    stride = ones((), dtype=dtype)
    for axis in range(batch_dims, 0, -1):
        count = sizes[axis - 1]
        stride = stride * sizes[axis]
        start, step = lookup("zeros")((), dtype=dtype), ones((), dtype=dtype)
        offsets = lookup("range")(start, count, step) * stride
        around = [1] * (axis - 1), [1] * (ndims - axis)
        indices = indices + reshape(offsets, stack([*around[0], count, *around[1]]))
    return indices


@tf_export("gather")
def gather(params, indices, validate_indices=None, name=None, axis=None, batch_dims=0):
    """Slices of `params` along `axis` (default: the first after the batch axes) by `indices`.

    The result has shape
    `params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:]`. An index outside
    the axis is an InvalidArgumentError. The gradient along axis 0 is IndexedSlices.

    Example:
      >>> import graphflow as tf
      >>> tf.gather(tf.zeros([10, 4]), [[1, 2], [3, 3]]).shape
      TensorShape([Dimension(2), Dimension(2), Dimension(4)])
    """
    del validate_indices  # always checked
    axis = batch_dims if axis is None else axis
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if (known is None or known != 0) or not hasattr(params, "sparse_read"):
        batch_dims = 0 if known is not None and known == 0 else batch_dims
        return raw_ops.GatherV2(params, indices, axis, batch_dims=batch_dims, name=name)
    return params.sparse_read(indices, name=name)


@tf_export("batch_gather")
def batch_gather(params, indices, name=None):
    """`gather` within each batch: all axes of `indices` but the last are batch axes.

    ValueError if the rank of `indices` is unknown.
    """
    with name_scope(name, "BatchGather", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        if indices._shape is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return _batch_gather(params, indices, len(indices._shape) - 1)


def _batch_gather(params, indices, batch_dims):
    if params._shape is not None and batch_dims >= len(params._shape):
        raise ValueError(
            f"batch_dims = {batch_dims} must be less than rank(params) = {len(params._shape)}"
        )
    indices_shape, params_shape = shape(indices), shape(params)
    flat_indices = reshape(_flat_batch_indices(params_shape, indices, batch_dims), [-1])
    outer = params_shape[batch_dims + 1 :]
    rows = raw_ops.Prod(params_shape[: batch_dims + 1], [0])
    picked = gather(reshape(params, concat([[rows], outer], axis=0)), flat_indices)
    result = reshape(picked, concat([indices_shape, outer], axis=0))
    known = _gathered(params._shape, indices._shape, batch_dims, batch_dims)
    if known is not None:
        result.set_shape(known)
    return result


def _gather_nd_shape(c):
    params, indices = c.shape(0), shapes.with_rank_at_least(c.shape(1), 1)
    if indices is None or params is None or indices[-1] is None:
        return [None]
    if indices[-1] > len(params):
        raise ValueError(
            f"indices.shape[-1] must be <= params.rank, but saw indices shape: "
            f"{shapes.format_shape(indices)} and params shape: {shapes.format_shape(params)}"
        )
    return [indices[:-1] + params[indices[-1] :]]


register_op(
    "GatherNd",
    inputs="params: Tparams, indices: Tindices",
    outputs="output: Tparams",
    attrs="Tparams: type; Tindices: {int32, int64}",
    shape=_gather_nd_shape,
)


@RegisterGradient("GatherNd")
def _gather_nd_grad(op, grad):
    params, indices = op.inputs
    whole = shape(params, out_type=indices.dtype.base_dtype)
    if indices._shape is not None and len(indices._shape) == 2 and indices._shape[-1] == 1:
        return [IndexedSlices(grad, squeeze(indices, axis=-1), whole), None]
    return [scatter_nd(indices, grad, whole), None]


@tf_export("gather_nd", "manip.gather_nd")
def gather_nd(params, indices, name=None, batch_dims=0):
    """Slices of `params`: each last-axis vector of `indices` indexes the first axes of `params`.

    The result has shape `indices.shape[:-1] + params.shape[indices.shape[-1]:]`. With `batch_dims`,
    that many leading axes of both are batch axes.
    """
    known = constant_value(batch_dims) if isinstance(batch_dims, Tensor) else batch_dims
    if known is None or not isinstance(known, (numbers.Integral, np.ndarray)):
        raise ValueError("tf.gather_nd needs a batch_dims that is known when the graph is built")
    if int(known) == 0:
        if hasattr(params, "gather_nd"):
            return params.gather_nd(indices, name=name)
        return raw_ops.GatherNd(params, indices, name=name)
    return _batch_gather_nd(params, indices, int(known), name)


def _batch_gather_nd(params, indices, batch_dims, name):
    with name_scope(name, "BatchGatherND", [params, indices]):
        indices = convert_to_tensor(indices, name="indices")
        params = convert_to_tensor(params, name="params")
        if indices._shape is None or batch_dims < 0 or batch_dims >= len(indices._shape):
            raise ValueError(
                f"batch_dims = {batch_dims} must be less than rank(indices) = {indices.shape.ndims}"
            )
        if params._shape is not None and batch_dims >= len(params._shape):
            raise ValueError(
                f"batch_dims = {batch_dims} must be less than rank(params) = {len(params._shape)}"
            )
        coordinates = _batch_coordinates(shape(indices), len(indices._shape), batch_dims)
        indices = concat([lookup("cast")(coordinates, indices.dtype.base_dtype), indices], axis=-1)
        return raw_ops.GatherNd(params, indices)


def _batch_coordinates(indices_shape, ndims, batch_dims):
    """For every index vector, the batch it is in: shape `indices.shape[:-1] + [batch_dims]`."""
    columns = []
    for axis in range(batch_dims):
        numbers_ = raw_ops.Range(0, indices_shape[axis], 1, name="range")
        columns.append(reshape(numbers_, [-1 if i == axis else 1 for i in range(ndims)]))
    leading = indices_shape[:-1]
    columns = [
        tile(column, concat([leading[:i], [1], leading[i + 1 :], [1]], 0))
        for i, column in enumerate(columns)
    ]
    return concat(columns, axis=-1) if len(columns) > 1 else columns[0]


def _check_updates(indices, updates, whole):
    """Checks that `updates` has one slice of `whole` per index vector."""
    if indices is None or indices[-1] is None:
        return
    depth = indices[-1]
    if whole is not None and depth > len(whole):
        raise ValueError(
            f"The inner {depth} dimensions of output.shape={shapes.format_shape(whole)} "
            f"must match the "
            f"inner dimensions of updates.shape={shapes.format_shape(updates)}"
        )
    wanted = None if whole is None else indices[:-1] + whole[depth:]
    try:
        if updates is not None:
            shapes.merge_shapes(updates[: len(indices) - 1], indices[:-1])
        shapes.merge_shapes(wanted, updates)
    except ValueError:
        raise ValueError(
            f"Must have updates.shape = indices.shape[:-1] + output.shape[{depth}:], got "
            f"updates.shape: "
            f"{shapes.format_shape(updates)}, indices.shape: {shapes.format_shape(indices)}, "
            f"output.shape: {shapes.format_shape(whole)}"
        ) from None


def _scatter_nd_shape(c):
    whole = c.shape_value(2)
    indices = shapes.with_rank_at_least(c.shape(0), 1)
    if whole is not None and 0 in whole and 0 not in (indices or (0,)):
        raise ValueError("Indices and updates specified for empty output tensor")
    _check_updates(indices, c.shape(1), whole)
    return [whole]


register_op(
    "ScatterNd",
    inputs="indices: Tindices, updates: T, shape: Tindices",
    outputs="output: T",
    attrs="T: type; Tindices: {int32, int64}",
    shape=_scatter_nd_shape,
)
RegisterGradient("ScatterNd")(lambda op, grad: [None, gather_nd(grad, op.inputs[0]), None])


@tf_export("scatter_nd", "manip.scatter_nd")
def scatter_nd(indices, updates, shape, name=None):
    """Zeros of shape `shape`, with slices of `updates` added where index vectors point to."""
    return raw_ops.ScatterNd(indices, updates, shape, name=name)


def _tensor_scatter_shape(c):
    _check_updates(shapes.with_rank_at_least(c.shape(1), 1), c.shape(2), c.shape(0))
    return [c.shape(0)]


for _op in ("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub"):
    register_op(
        _op,
        inputs="tensor: T, indices: Tindices, updates: T",
        outputs="output: T",
        attrs="T: type; Tindices: {int32, int64}",
        shape=_tensor_scatter_shape,
    )
register_op(
    "ScatterNdNonAliasingAdd",
    inputs="input: T, indices: Tindices, updates: T",
    outputs="output: T",
    attrs="T: {numbertype, bool}; Tindices: {int32, int64}",
    shape=_tensor_scatter_shape,
)


@RegisterGradient("TensorScatterUpdate")
def _tensor_scatter_update_grad(op, grad):
    indices, updates = op.inputs[1:]
    kept = raw_ops.TensorScatterUpdate(grad, indices, lookup("zeros_like")(updates))
    return [kept, None, gather_nd(grad, indices)]


@RegisterGradient("ScatterNdNonAliasingAdd")
@RegisterGradient("TensorScatterAdd")
def _tensor_scatter_add_grad(op, grad):
    return [grad, None, gather_nd(grad, op.inputs[1])]


@RegisterGradient("TensorScatterSub")
def _tensor_scatter_sub_grad(op, grad):
    return [grad, None, -gather_nd(grad, op.inputs[1])]


@tf_export("tensor_scatter_nd_update", "tensor_scatter_update")
def tensor_scatter_nd_update(tensor, indices, updates, name=None):
    """`tensor` with slices replaced by those of `updates` (the last one wins)."""
    return raw_ops.TensorScatterUpdate(tensor, indices, updates, name=name)


@tf_export("tensor_scatter_nd_add", "tensor_scatter_add")
def tensor_scatter_nd_add(tensor, indices, updates, name=None):
    """`tensor` with slices of `updates` added."""
    return raw_ops.TensorScatterAdd(tensor, indices, updates, name=name)


@tf_export("tensor_scatter_nd_sub", "tensor_scatter_sub")
def tensor_scatter_nd_sub(tensor, indices, updates, name=None):
    """`tensor` with slices of `updates` subtracted."""
    return raw_ops.TensorScatterSub(tensor, indices, updates, name=name)
