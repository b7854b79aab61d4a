"""Counts and orders: bincount, histograms, sorting, edit distance, and positions in arrays. Holds no state."""

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.framework.static_value import constant_value

# ---------------------------------------------------------------- counts

def _count_shape(position):
    def rule(c):
        size = c.value(position)
        if size is not None and size < 0:
            raise ValueError(f"size ({int(size)}) must be non-negative")
        return [(None if size is None else int(size),)]
    return rule


register_op("Bincount", inputs="arr: int32, size: int32, weights: T", outputs="bins: T",
            attrs="T: {int32, int64, float, double}", shape=_count_shape(1))
NotDifferentiable("Bincount")


def _histogram_shape(c):
    edges = shapes.with_rank(c.shape(1), 1)
    if edges[0] not in (2, None):
        raise ValueError(f"Dimension must be 2 but is {edges[0]}")
    shapes.with_rank(c.shape(2), 0)
    if c.value(2) is not None and c.value(2) <= 0:
        raise ValueError(f"Requires nbins > 0: {int(c.value(2))}")
    return _count_shape(2)(c)


register_op("HistogramFixedWidth", inputs="values: T, value_range: T, nbins: int32", outputs="out: dtype",
            attrs="T: {int32, int64, float, double}; dtype: {int32, int64} = DT_INT32", shape=_histogram_shape)
NotDifferentiable("HistogramFixedWidth")


@tf_export("math.bincount", "bincount")
def bincount(arr, weights=None, minlength=None, maxlength=None, dtype=dtypes.int32):
    """How often each number from 0 on occurs in `arr`, or the sum of its `weights`.

    Args:
      arr: int32, not negative. minlength, maxlength: bounds of the result's length, by default the largest
        number plus one; larger numbers do not count. dtype: of the result without weights.
    """
    with name_scope("bincount"):
        arr = convert_to_tensor(arr, name="arr", dtype=dtypes.int32)
        nonempty = tf.reduce_prod(tf.shape(arr)) > 0
        size = tf.cast(nonempty, dtypes.int32) * (tf.reduce_max(arr) + 1)
        if minlength is not None:
            size = tf.maximum(convert_to_tensor(minlength, name="minlength", dtype=dtypes.int32), size)
        if maxlength is not None:
            size = tf.minimum(convert_to_tensor(maxlength, name="maxlength", dtype=dtypes.int32), size)
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            return tf.unsorted_segment_sum(weights, arr, size)
        return raw_ops.Bincount(arr, size, tf.constant([], dtype))


@tf_export("histogram_fixed_width")
def histogram_fixed_width(values, value_range, nbins=100, dtype=dtypes.int32, name=None):
    """How many of `values` fall in each of `nbins` equal parts of `value_range` (low, high).

    What is outside counts in the first or last part.
    """
    with name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as name:
        return raw_ops.HistogramFixedWidth(values, value_range, nbins, dtype=dtype, name=name)


@tf_export("histogram_fixed_width_bins")
def histogram_fixed_width_bins(values, value_range, nbins=100, dtype=dtypes.int32, name=None):
    """In which of `nbins` equal parts of `value_range` each value falls, as int32 of the shape of `values`."""
    with name_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = convert_to_tensor(values, name="values")
        shape = tf.shape(values)
        values = tf.reshape(values, [-1])
        value_range = convert_to_tensor(value_range, name="value_range")
        nbins = tf.cast(convert_to_tensor(nbins, dtype=dtypes.int32, name="nbins"), values.dtype)
        scaled = tf.truediv(values - value_range[0], value_range[1] - value_range[0], name="scaled_values")
        indices = tf.floor(tf.cast(nbins, scaled.dtype) * scaled, name="indices")
        indices = tf.clip_by_value(indices, 0, tf.cast(nbins, scaled.dtype) - 1)
        return tf.reshape(tf.cast(indices, dtypes.int32), shape)


# ---------------------------------------------------------------- order

def _last(values, axis):
    """(`values` with `axis` moved to the end, the permutation, which also undoes itself)."""
    rank = values.get_shape().ndims
    if axis == -1 or axis + 1 == rank:
        return values, None
    if rank is None:
        rank = tf.rank(values)
        axis = axis + rank if axis < 0 else axis
        order = tf.concat([tf.range(axis), [rank - 1], tf.range(axis + 1, rank - 1), [axis]], axis=0)
        return tf.transpose(values, order), order
    order = np.arange(rank)
    axis = axis + rank if axis < 0 else axis
    order[axis], order[-1] = rank - 1, axis
    return tf.transpose(values, order), order


def _sorted(values, axis, direction, indices):
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"{direction} should be one of ASCENDING, DESCENDING")
    axis = convert_to_tensor(axis, name="axis")
    known = constant_value(axis)
    if axis.get_shape().ndims != 0 or known is None:
        raise ValueError("axis must be a constant scalar")
    values = convert_to_tensor(values, name="values")
    values, order = _last(values, int(known))
    ascending = direction == "ASCENDING"
    top = lookup("nn.top_k")(-values if ascending else values, tf.shape(values)[-1])
    result = top.indices if indices else -top.values if ascending else top.values
    return result if order is None else tf.transpose(result, order)


@tf_export("sort", "contrib.framework.sort")
def sort(values, axis=-1, direction="ASCENDING", name=None):
    """`values` sorted along `axis`, "ASCENDING" or "DESCENDING". Differentiable.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.sort([3, 1, 2])))
      [1 2 3]
    """
    with name_scope(name, "sort"):
        return _sorted(values, axis, direction, False)


@tf_export("argsort", "contrib.framework.argsort")
def argsort(values, axis=-1, direction="ASCENDING", stable=False, name=None):
    """The int32 indices that sort `values` along `axis`; equal values stay in order."""
    with name_scope(name, "argsort"):
        return _sorted(values, axis, direction, True)


# ---------------------------------------------------------------- positions and products

def _unravel_shape(c):
    indices, dims = shapes.with_rank_at_most(c.shape(0), 1), shapes.with_rank(c.shape(1), 1)
    return [None if indices is None else (dims[0], *indices)]


register_op("UnravelIndex", inputs="indices: Tidx, dims: Tidx", outputs="output: Tidx",
            attrs="Tidx: {int32, int64} = DT_INT32", shape=_unravel_shape)
NotDifferentiable("UnravelIndex")


@tf_export("unravel_index")
def unravel_index(indices, dims, name=None):
    """The coordinates [rank, n] in an array of shape `dims` of flat `indices`."""
    return raw_ops.UnravelIndex(indices, dims, name=name)


def _cross_shape(c):
    a, b = shapes.with_rank_at_least(c.shape(0), 1), shapes.with_rank_at_least(c.shape(1), 1)
    merged = shapes.merge_shapes(a, b)
    if merged is not None:
        shapes.merge_dim(merged[-1], 3)
    return [merged]


register_op("Cross", inputs="a: T, b: T", outputs="product: T", attrs="T: realnumbertype", shape=_cross_shape)
RegisterGradient("Cross")(lambda op, grad: (cross(op.inputs[1], grad), cross(grad, op.inputs[0])))


@tf_export("linalg.cross", "cross")
def cross(a, b, name=None):
    """Cross products of the vectors of length 3 in the last axis of `a` and `b`, of one shape."""
    return raw_ops.Cross(a, b, name=name)


# ---------------------------------------------------------------- edit distance

def _distance_shape(c):
    first, second = c.shape_value(2), c.shape_value(5)
    if first is None or second is None or len(first) != len(second):
        return [None]
    return [tuple(None if None in (a, b) else max(a, b) for a, b in zip(first[:-1], second[:-1]))]


register_op("EditDistance",
            inputs="hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, "
            "truth_indices: int64, truth_values: T, truth_shape: int64",
            outputs="output: float", attrs="normalize: bool = true; T: type", shape=_distance_shape)
NotDifferentiable("EditDistance")


@tf_export("edit_distance")
def edit_distance(hypothesis, truth, normalize=True, name="edit_distance"):
    """Levenshtein distances of sequences, which are the last dimension of two SparseTensors.

    Args: normalize: whether to divide by the length of `truth` (infinite for something against nothing).
    Returns float32 of the shape of `truth` without its last dimension. Raises TypeError for dense tensors.
    """
    for what, value in (("Hypothesis", hypothesis), ("Truth", truth)):
        if not isinstance(value, (SparseTensor, SparseTensorValue)):
            raise TypeError(f"{what} must be a SparseTensor.")
    return raw_ops.EditDistance(hypothesis.indices, hypothesis.values, hypothesis.dense_shape, truth.indices,
                                truth.values, truth.dense_shape, normalize=normalize, name=name)
