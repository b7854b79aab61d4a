"""Reductions over chosen rows that share a segment number: embedding lookups add up this way.

Holds no state.
"""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.ops.segment import segment_count


def _check(c):
    data = shapes.with_rank_at_least(c.shape(0), 1)
    indices = shapes.with_rank(c.shape(1), 1)
    shapes.merge_shapes(indices, shapes.with_rank(c.shape(2), 1))
    return data


def _shape(c):
    data = _check(c)
    return [None if data is None else (None, *data[1:])]


def _counted_shape(c):
    data = _check(c)
    shapes.with_rank(c.shape(3), 0)
    if c.value(3) is not None and c.value(3) < 0:
        raise ValueError("Cannot specify a negative value for num_segments")
    count = segment_count(c.value(3))
    return [None if data is None else (count, *data[1:])]


_INPUTS = "data: T, indices: Tidx, segment_ids: int32"
_INDEX = "Tidx: {int32, int64} = DT_INT32"
for _name, _types in (("Sum", "realnumbertype"), ("Mean", "{float, double}"),
                      ("SqrtN", "{float, double}")):
    register_op(f"SparseSegment{_name}", inputs=_INPUTS, outputs="output: T",
                attrs=f"T: {_types}; {_INDEX}", shape=_shape, allocates=True)
    register_op(f"SparseSegment{_name}WithNumSegments",
                inputs=_INPUTS + ", num_segments: Tnumsegments", outputs="output: T",
                attrs=f"T: {_types}; {_INDEX}; Tnumsegments: {{int32, int64}} = DT_INT32",
                shape=_counted_shape)
for _name in ("Mean", "SqrtN"):
    register_op(f"SparseSegment{_name}Grad",
                inputs="grad: T, indices: Tidx, segment_ids: int32, output_dim0: int32",
                outputs="output: T", attrs=f"T: {{float, double}}; {_INDEX}", shape=_counted_shape)
    NotDifferentiable(f"SparseSegment{_name}Grad")


def _rows(op):
    return lookup("shape")(op.inputs[0])[0]


@RegisterGradient("SparseSegmentSum")
@RegisterGradient("SparseSegmentSumWithNumSegments")
def _sum_grad(op, grad):
    rows = lookup("gather")(grad, op.inputs[2])
    total = raw_ops.UnsortedSegmentSum(rows, op.inputs[1], _rows(op))
    return [total] + [None] * (len(op.inputs) - 1)


def _scaled_grad(op, grad, gradient_op):
    total = gradient_op(grad, op.inputs[1], op.inputs[2], _rows(op))
    return [total] + [None] * (len(op.inputs) - 1)


@RegisterGradient("SparseSegmentMean")
@RegisterGradient("SparseSegmentMeanWithNumSegments")
def _mean_grad(op, grad):
    return _scaled_grad(op, grad, raw_ops.SparseSegmentMeanGrad)


@RegisterGradient("SparseSegmentSqrtN")
@RegisterGradient("SparseSegmentSqrtNWithNumSegments")
def _sqrt_n_grad(op, grad):
    return _scaled_grad(op, grad, raw_ops.SparseSegmentSqrtNGrad)


@tf_export("sparse.segment_sum", "sparse_segment_sum")
def sparse_segment_sum(data, indices, segment_ids, name=None, num_segments=None):
    """Sums of the rows `indices` of `data` that have the same number in `segment_ids`.

    Args:
      data: tensor [n, ...]. indices: rows to take. segment_ids: their sorted numbers.
      num_segments: number of segments, the last id + 1 if None.
    Raises InvalidArgumentError for unsorted numbers and rows that do not exist.
    """
    if num_segments is None:
        return raw_ops.SparseSegmentSum(data, indices, segment_ids, name=name)
    return raw_ops.SparseSegmentSumWithNumSegments(
        data, indices, segment_ids, num_segments, name=name)


@tf_export("sparse.segment_mean", "sparse_segment_mean")
def sparse_segment_mean(data, indices, segment_ids, name=None, num_segments=None):
    """Means of segments of chosen rows; see `sparse_segment_sum`."""
    if num_segments is None:
        return raw_ops.SparseSegmentMean(data, indices, segment_ids, name=name)
    return raw_ops.SparseSegmentMeanWithNumSegments(
        data, indices, segment_ids, num_segments, name=name)


@tf_export("sparse.segment_sqrt_n", "sparse_segment_sqrt_n")
def sparse_segment_sqrt_n(data, indices, segment_ids, name=None, num_segments=None):
    """Sums of segments divided by the square root of their size; see `sparse_segment_sum`."""
    if num_segments is None:
        return raw_ops.SparseSegmentSqrtN(data, indices, segment_ids, name=name)
    return raw_ops.SparseSegmentSqrtNWithNumSegments(
        data, indices, segment_ids, num_segments, name=name)
