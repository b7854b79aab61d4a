"""Selecting by condition: masks, positions, partitions, one-hot codes, searches.

Several of these ops have output shapes that depend on values. Holds no state. Choosing between two
tensors (`Select`) is with the comparisons.
"""

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor import IndexedSlices
from graphflow.ops.constant import constant
from graphflow.ops.gather_scatter import gather
from graphflow.ops.join_split import concat
from graphflow.ops.shape_ops import expand_dims, reshape, squeeze
from graphflow.ops.shape_tensors import rank, shape, shape_internal


def _one_hot_shape(c):
    given, axis, depth = c.shape(0), c.attr("axis"), c.value(1)
    shapes.with_rank(c.shape(1), 0)
    if depth is not None and depth < 0:
        raise ValueError(f"depth must be non-negative but is {depth}")
    if axis < -1:
        raise ValueError("axis must be >= -1")
    if given is None:
        return [None]
    if axis > len(given):
        raise ValueError(
            f"Expected axis to be -1 or between [0, {len(given) + 1}).  But received: {axis}"
        )
    at = len(given) if axis == -1 else axis
    return [given[:at] + (None if depth is None else int(depth),) + given[at:]]


register_op(
    "OneHot",
    inputs="indices: TI, depth: int32, on_value: T, off_value: T",
    outputs="output: T",
    attrs="axis: int = -1; T: type; TI: {uint8, int32, int64} = int64",
    shape=_one_hot_shape,
)
NotDifferentiable("OneHot")


def _one_hot_dtypes(on_value, off_value, dtype):
    """The dtype that the given values and `dtype` agree on; TypeError if they clash."""
    found = {
        what: convert_to_tensor(value).dtype.base_dtype
        for what, value in (("on_value", on_value), ("off_value", off_value))
        if value is not None
    }
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype).base_dtype
        for what, own in found.items():
            if own != dtype:
                raise TypeError(f"dtype {own} of {what} does not match dtype parameter {dtype}")
    default = dtype or found.get("on_value") or found.get("off_value") or dtypes.float32
    on_dtype, off_dtype = found.get("on_value", default), found.get("off_value", default)
    if on_dtype != off_dtype:
        raise TypeError(
            f"dtype {on_dtype} of on_value does not match dtype {off_dtype} of off_value"
        )
    return default


@tf_export("one_hot")
def one_hot(indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None):
    """A new axis of size `depth` with `on_value` at each index and `off_value` elsewhere.

    Args:
      on_value, off_value: scalars, 1 and 0 by default. axis: where the new axis goes (-1: last).
      dtype: of the result, by default that of the values, else float32.
    Indices outside [0, depth) give all `off_value`. TypeError if the dtypes differ.

    Example:
      >>> import graphflow as tf
      >>> tf.one_hot([0, 2], 3).shape
      TensorShape([Dimension(2), Dimension(3)])
    """
    with name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis, dtype]) as scope:
        dtype = _one_hot_dtypes(on_value, off_value, dtype)
        if on_value is None:
            on_value = convert_to_tensor(1, dtype, name="on_value")
        if off_value is None:
            off_value = convert_to_tensor(0, dtype, name="off_value")
        return raw_ops.OneHot(indices, depth, on_value, off_value, axis=axis, name=scope)


register_op(
    "Where",
    inputs="input: T",
    outputs="index: int64",
    attrs="T: {numbertype, bool} = bool",
    shape=lambda c: [(None, None if c.shape(0) is None else len(c.shape(0)))],
    allocates=True,
)
NotDifferentiable("Where")


def _where(condition, x, y, name, choose):
    if x is None and y is None:
        with name_scope(name, "Where", [condition]) as scope:
            condition = convert_to_tensor(condition, preferred_dtype=dtypes.bool, name="condition")
            return raw_ops.Where(condition, name=scope)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return choose(condition, x, y, name=name)


@tf_export("where")
def where(condition, x=None, y=None, name=None):
    """Positions of true elements, an int64 matrix of index vectors; or a choice of `x` or `y`.

    The choice takes `x` where `condition` is true and `y` elsewhere; shapes must be equal, or
    `condition` a vector that chooses rows. Raises ValueError if one of `x`, `y` is missing.
    """
    return _where(condition, x, y, name, raw_ops.Select)


@tf_export("where_v2", "compat.v2.where")
def where_v2(condition, x=None, y=None, name=None):
    """Like `where`, with broadcasting between `condition`, `x` and `y`."""
    return _where(condition, x, y, name, raw_ops.SelectV2)


@tf_export("boolean_mask")
def boolean_mask(tensor, mask, name="boolean_mask", axis=None):
    """The elements (or slices) of `tensor` where `mask` is true, along one new axis.

    Args: mask: of known rank K >= 1; covers axes `axis` ... `axis + K - 1` (axis: default 0).
    Raises ValueError for a scalar mask or one of another shape than those axes.
    """
    with name_scope(name, "boolean_mask", [tensor, mask]):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        if mask._shape is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are "
                "None.  E.g. "
                "shape=[None] is ok, but shape=None is not."
            )
        covered = len(mask._shape)
        if covered == 0:
            raise ValueError("mask cannot be scalar.")
        axis = 0 if axis is None else axis
        known = tensor.get_shape()
        end = axis + covered
        known[axis:end].assert_is_compatible_with(mask.shape)
        size = raw_ops.Prod(shape(tensor)[axis:end], [0])
        tensor = reshape(tensor, concat([shape(tensor)[:axis], [size], shape(tensor)[end:]], 0))
        if known.ndims is not None:
            dims = known.as_tuple()
            tensor.set_shape(dims[:axis] + (shapes.size(dims[axis:end]),) + dims[end:])
        rows = squeeze(where(reshape(mask, [-1])), axis=[1])
        return gather(tensor, rows, axis=axis)


def _dynamic_partition_shape(c):
    data, partitions = c.shape(0), c.shape(1)
    if data is None or partitions is None:
        return [None] * c.num_outputs
    shapes.with_rank_at_least(data, len(partitions))
    shapes.merge_shapes(data[: len(partitions)], partitions)
    return [(None,) + data[len(partitions) :]] * c.num_outputs


register_op(
    "DynamicPartition",
    inputs="data: T, partitions: int32",
    outputs="outputs: num_partitions * T",
    attrs="num_partitions: int >= 1; T: type",
    shape=_dynamic_partition_shape,
    allocates=True,
)


@RegisterGradient("DynamicPartition")
def _dynamic_partition_grad(op, *grads):
    """Partitions the positions in the same way, and stitches the gradients back to them."""
    data, partitions = op.inputs
    prefix = shape(partitions)
    positions = reshape(lookup("range")(lookup("reduce_prod")(prefix)), prefix)
    parts = dynamic_partition(positions, partitions, op.get_attr("num_partitions"))
    return [reshape(raw_ops.ParallelDynamicStitch(parts, list(grads)), shape(data)), None]


@tf_export("dynamic_partition")
def dynamic_partition(data, partitions, num_partitions, name=None):
    """A list of tensors: slices of `data` by the number in `partitions` at their position.

    A number outside [0, num_partitions) is an InvalidArgumentError.
    """
    return raw_ops.DynamicPartition(data, partitions, num_partitions=num_partitions, name=name)


def _dynamic_stitch_shape(c):
    count = len(c.shapes) // 2
    rows, rest = 0, None
    for i in range(count):
        indices, data = c.shape(i), c.shape(count + i)
        known = c.value(i)
        rows = None if known is None or rows is None else max([rows, *(known.ravel() + 1).tolist()])
        if indices is None or data is None:
            continue
        shapes.merge_shapes(data[: len(indices)], indices)
        rest = shapes.merge_shapes(rest, data[len(indices) :])
    return [None if rest is None else (rows, *rest)]


for _op in ("DynamicStitch", "ParallelDynamicStitch"):
    register_op(
        _op,
        inputs="indices: N * int32, data: N * T",
        outputs="merged: T",
        attrs="N: int >= 1; T: type",
        shape=_dynamic_stitch_shape,
        allocates=True,
    )


@RegisterGradient("ParallelDynamicStitch")
@RegisterGradient("DynamicStitch")
def _dynamic_stitch_grad(op, grad):
    count = len(op.inputs) // 2
    if isinstance(grad, IndexedSlices):
        rows = shape(op.outputs[0])[0]
        grad = lookup("unsorted_segment_sum")(grad.values, grad.indices, rows)
    return [None] * count + [gather(grad, indices) for indices in op.inputs[:count]]


@tf_export("dynamic_stitch")
def dynamic_stitch(indices, data, name=None):
    """One tensor with `merged[indices[m][i]] = data[m][i]` for all m and i; later ones win."""
    return raw_ops.DynamicStitch(indices, data, name=name)


@tf_export("sequence_mask")
def sequence_mask(lengths, maxlen=None, dtype=dtypes.bool, name=None):
    """A new last axis of size `maxlen` (default: the longest) that is true before each length.

    Raises ValueError if `maxlen` is not a scalar.

    Example:
      >>> import graphflow as tf
      >>> tf.sequence_mask([1, 3, 2], 5).shape
      TensorShape([Dimension(3), Dimension(5)])
    """
    with name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            maxlen = raw_ops.Max(lengths, _all_axes(lengths))
            maxlen = raw_ops.Maximum(constant(0, maxlen.dtype), maxlen)
        else:
            maxlen = convert_to_tensor(maxlen)
        if maxlen._shape is not None and maxlen._shape != ():
            raise ValueError("maxlen must be scalar for sequence_mask")
        row = raw_ops.Range(constant(0, maxlen.dtype), maxlen, constant(1, maxlen.dtype))
        matrix = raw_ops.Cast(expand_dims(lengths, -1), DstT=maxlen.dtype.base_dtype)
        result = row < matrix
        if dtype is None or dtypes.as_dtype(dtype).base_dtype == dtypes.bool:
            return result
        return raw_ops.Cast(result, DstT=dtypes.as_dtype(dtype).base_dtype)


def _all_axes(x):
    if x._shape is not None:
        return constant(np.arange(len(x._shape)), dtype=dtypes.int32)
    return raw_ops.Range(0, rank(x), 1)


_SEARCH = {
    "inputs": "sorted_inputs: T, values: T",
    "outputs": "output: out_type",
    "attrs": "T: type; out_type: {int32, int64} = int32",
}


def _search_shape(c):
    a, b = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(1), 2)
    shapes.merge_dim(a[0], b[0])
    return [b]


register_op("LowerBound", **_SEARCH, shape=_search_shape)
NotDifferentiable("LowerBound")
register_op("UpperBound", **_SEARCH, shape=_search_shape)
NotDifferentiable("UpperBound")


@tf_export("searchsorted")
def searchsorted(sorted_sequence, values, side="left", out_type=dtypes.int32, name=None):
    """Where `values` would be inserted into `sorted_sequence` (along the last axis of both).

    Args: side: "left" (before equal elements) or "right" (after them); ValueError for another one.
    """
    sequence_size = shape_internal(sorted_sequence)[-1]
    values_size = shape_internal(values)[-1]
    sequence = reshape(sorted_sequence, [-1, sequence_size])
    flat = reshape(values, [-1, values_size])
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'.  Saw: {side}.")
    search = raw_ops.UpperBound if side == "right" else raw_ops.LowerBound
    return reshape(search(sequence, flat, out_type=out_type, name=name), shape_internal(values))
