"""Reductions over rows that share a segment number.

`segment_*` want sorted numbers, `unsorted_segment_*` any (negative ones are left out),
`sparse_segment_*` (in `sparse_segment.py`) pick rows first. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op

_SORTED = (("Sum", "numbertype"), ("Mean", "numbertype"), ("Prod", "numbertype"),
           ("Min", "realnumbertype"), ("Max", "realnumbertype"))


def _segment_shape(c):
    data = shapes.with_rank_at_least(c.shape(0), 1)
    shapes.with_rank(c.shape(1), 1)
    return [None if data is None else (None, *data[1:])]


for _name, _types in _SORTED:
    register_op(f"Segment{_name}", inputs="data: T, segment_ids: Tindices", outputs="output: T",
                attrs=f"T: {_types}; Tindices: {{int32, int64}}", shape=_segment_shape,
                allocates=True)


def segment_count(value):
    """A number of segments from a known scalar, or None. ValueError if it is negative."""
    if value is None:
        return None
    if value < 0:
        raise ValueError(
            f"Dimension size, given by scalar input 2, must be non-negative but is {int(value)}"
        )
    return int(value)


def _unsorted_shape(c):
    shapes.with_rank(c.shape(2), 0)
    data, ids = c.shape(0), c.shape(1)
    if ids is None:
        return [None]
    count = segment_count(c.value(2))
    if data is None:
        return [None]
    if len(data) < len(ids):
        raise ValueError(f"Shape must be at least rank {len(ids)} but is rank {len(data)}")
    shapes.merge_shapes(data[:len(ids)], ids)
    return [(count, *data[len(ids):])]


for _name, _types in _SORTED:
    if _name != "Mean":
        register_op(f"UnsortedSegment{_name}",
                    inputs="data: T, segment_ids: Tindices, num_segments: Tnumsegments",
                    outputs="output: T",
                    attrs=f"T: {_types}; Tindices: {{int32, int64}}; "
                          "Tnumsegments: {int32, int64} = DT_INT32", shape=_unsorted_shape)


# ---------------------------------------------------------------- gradients

def _gather(params, indices):
    return lookup("gather")(params, indices)


@RegisterGradient("SegmentSum")
def _segment_sum_grad(op, grad):
    return _gather(grad, op.inputs[1]), None


@RegisterGradient("SegmentMean")
def _segment_mean_grad(op, grad):
    shape, rank = lookup("shape"), lookup("rank")(op.inputs[0])
    fill = lookup("fill")
    ones_shape = lookup("concat")(
        [shape(op.inputs[1]), fill(lookup("expand_dims")(rank - 1, 0), 1)], 0)
    ones = fill(ones_shape, lookup("constant")(1, dtype=grad.dtype))
    return _gather(grad / raw_ops.SegmentSum(ones, op.inputs[1]), op.inputs[1]), None


@RegisterGradient("SegmentProd")
def _segment_prod_grad(op, grad):
    count = raw_ops.Shape(op.outputs[0])[0]
    return _product_grad(op, grad, count)[0], None


@RegisterGradient("SegmentMin")
@RegisterGradient("SegmentMax")
def _segment_extreme_grad(op, grad):
    """Rows that equal the extreme share its gradient."""
    data, ids = op.inputs
    zeros = lookup("zeros_like")(data)
    chosen = raw_ops.Equal(data, _gather(op.outputs[0], ids))
    count = raw_ops.SegmentSum(lookup("cast")(chosen, grad.dtype), ids)
    return raw_ops.Select(chosen, _gather(grad / count, ids), zeros), None


def _gather_positive(params, ids, clipped=None, positive=None):
    """Rows `ids` of `params`, zeros for negative ids; and the clipped ids and the mask used."""
    if clipped is None:
        clipped = raw_ops.Maximum(ids, lookup("zeros_like")(ids))
    rows = _gather(params, clipped)
    if positive is None:
        positive = raw_ops.GreaterEqual(ids, 0)
        for _ in range(len(rows.shape) - len(positive.shape)):
            positive = lookup("expand_dims")(positive, -1)
        positive = positive & lookup("ones_like")(rows, dtype=dtypes.bool)
    return raw_ops.Select(positive, rows, lookup("zeros_like")(rows)), clipped, positive


@RegisterGradient("UnsortedSegmentSum")
def _unsorted_sum_grad(op, grad):
    return _gather_positive(grad, op.inputs[1])[0], None, None


@RegisterGradient("UnsortedSegmentMin")
@RegisterGradient("UnsortedSegmentMax")
def _unsorted_extreme_grad(op, grad):
    data, ids, count = op.inputs
    extremes, clipped, positive = _gather_positive(op.outputs[0], ids)
    chosen = raw_ops.LogicalAnd(raw_ops.Equal(data, extremes), positive)
    shares = raw_ops.UnsortedSegmentSum(lookup("cast")(chosen, grad.dtype), ids, count)
    rows, _, _ = _gather_positive(grad / shares, None, clipped, positive)
    return raw_ops.Select(chosen, rows, lookup("zeros_like")(rows)), None, None


@RegisterGradient("UnsortedSegmentProd")
def _unsorted_prod_grad(op, grad):
    return _product_grad(op, grad, op.inputs[2])[0], None, None


def _product_grad(op, grad, count):
    """Product of a segment's other elements: by division, or without the one zero there is."""
    data, ids = op.inputs[:2]
    is_zero = raw_ops.Equal(data, lookup("cast")(0, data.dtype))
    zeros = raw_ops.UnsortedSegmentSum(lookup("cast")(is_zero, dtypes.int32), ids, count)
    grad = raw_ops.Select(raw_ops.Greater(zeros, 1), lookup("zeros_like")(grad), grad)
    nonzero = raw_ops.Select(is_zero, lookup("ones_like")(data), data)
    nonzero_product = raw_ops.UnsortedSegmentProd(nonzero, ids, count)
    clipped = raw_ops.Maximum(ids, lookup("zeros_like")(ids))
    without_zero = _gather(nonzero_product, clipped)
    divided = _gather(op.outputs[0], clipped) / data
    partial = raw_ops.Select(is_zero, without_zero, divided)
    return _gather_positive(grad, ids, clipped)[0] * partial, None


# ---------------------------------------------------------------- wrappers

@tf_export("math.segment_sum", "segment_sum")
def segment_sum(data, segment_ids, name=None):
    """Sums of the rows of `data` that have the same number in `segment_ids`.

    Args: data: numeric tensor [n, ...]. segment_ids: [n], sorted integers.
    Returns [last id + 1, ...]; rows whose number is missing are 0.
    Raises InvalidArgumentError if numbers are not sorted.
    """
    return raw_ops.SegmentSum(data, segment_ids, name=name)


@tf_export("math.segment_mean", "segment_mean")
def segment_mean(data, segment_ids, name=None):
    """Means of segments; see `segment_sum`."""
    return raw_ops.SegmentMean(data, segment_ids, name=name)


@tf_export("math.segment_prod", "segment_prod")
def segment_prod(data, segment_ids, name=None):
    """Products of segments, 1 for missing ones; see `segment_sum`."""
    return raw_ops.SegmentProd(data, segment_ids, name=name)


@tf_export("math.segment_min", "segment_min")
def segment_min(data, segment_ids, name=None):
    """Smallest elements of segments; see `segment_sum`."""
    return raw_ops.SegmentMin(data, segment_ids, name=name)


@tf_export("math.segment_max", "segment_max")
def segment_max(data, segment_ids, name=None):
    """Largest elements of segments; see `segment_sum`."""
    return raw_ops.SegmentMax(data, segment_ids, name=name)


@tf_export("math.unsorted_segment_sum", "unsorted_segment_sum")
def unsorted_segment_sum(data, segment_ids, num_segments, name=None):
    """Sums of the elements of `data` that have the same number in `segment_ids`.

    Args:
      data: numeric tensor whose shape begins with that of `segment_ids`.
      segment_ids: integers below `num_segments`; elements with negative ones are left out.
    Returns [num_segments, ...]; segments without elements are 0.
    Raises InvalidArgumentError for numbers that are too large.
    """
    return raw_ops.UnsortedSegmentSum(data, segment_ids, num_segments, name=name)


@tf_export("math.unsorted_segment_prod", "unsorted_segment_prod")
def unsorted_segment_prod(data, segment_ids, num_segments, name=None):
    """Products of segments, 1 for empty ones; see `unsorted_segment_sum`."""
    return raw_ops.UnsortedSegmentProd(data, segment_ids, num_segments, name=name)


@tf_export("math.unsorted_segment_min", "unsorted_segment_min")
def unsorted_segment_min(data, segment_ids, num_segments, name=None):
    """Smallest elements, the largest number for empty segments; see `unsorted_segment_sum`."""
    return raw_ops.UnsortedSegmentMin(data, segment_ids, num_segments, name=name)


@tf_export("math.unsorted_segment_max", "unsorted_segment_max")
def unsorted_segment_max(data, segment_ids, num_segments, name=None):
    """Largest elements, the smallest number for empty segments; see `unsorted_segment_sum`."""
    return raw_ops.UnsortedSegmentMax(data, segment_ids, num_segments, name=name)


def _counts(data, segment_ids, num_segments):
    """Number of elements of each segment, at least 1, shaped to divide sums."""
    ones = lookup("ones")(lookup("shape")(segment_ids), dtype=data.dtype)
    counts = raw_ops.UnsortedSegmentSum(ones, segment_ids, num_segments)
    rank = data.get_shape().ndims - segment_ids.get_shape().ndims
    counts = lookup("reshape")(counts, [num_segments] + [1] * rank)
    return raw_ops.Maximum(counts, 1)


@tf_export("math.unsorted_segment_mean", "unsorted_segment_mean")
def unsorted_segment_mean(data, segment_ids, num_segments, name=None):
    """Means of segments, 0 for empty ones; see `unsorted_segment_sum`."""
    with name_scope(name, "UnsortedSegmentMean"):
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        counts = _counts(data, segment_ids, num_segments)
        return raw_ops.UnsortedSegmentSum(data, segment_ids, num_segments) / counts


@tf_export("math.unsorted_segment_sqrt_n", "unsorted_segment_sqrt_n")
def unsorted_segment_sqrt_n(data, segment_ids, num_segments, name=None):
    """Sums of segments divided by the square root of their size; see `unsorted_segment_sum`."""
    with name_scope(name, "UnsortedSegmentSqrtN"):
        data, segment_ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
        counts = _counts(data, segment_ids, num_segments)
        return raw_ops.UnsortedSegmentSum(data, segment_ids, num_segments) / raw_ops.Sqrt(counts)
