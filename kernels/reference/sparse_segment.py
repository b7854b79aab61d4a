"""Reference kernels of `graphflow/ops/sparse_segment.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .reduction import wide
from .segment import accumulate, check_sorted

_KINDS = ("Sum", "Mean", "SqrtN")


def _check_range(values, limit, what):
    wrong = np.flatnonzero((values < 0) | (values >= limit))
    if len(wrong):
        raise errors.InvalidArgumentError(
            None, None, f"{what}[{wrong[0]}] == {values[wrong[0]]} out of range [0, {limit})")


def _scale(ids, count, kind):
    """What the sum of each segment is divided by."""
    sizes = np.maximum(np.bincount(ids, minlength=count), 1).astype(np.float64)
    return {"Sum": np.ones_like(sizes), "Mean": sizes, "SqrtN": np.sqrt(sizes)}[kind]


def _divided(rows, scale):
    return rows / scale.reshape((-1,) + (1,) * (rows.ndim - 1))


@reference.kernel(*(f"SparseSegment{kind}{suffix}" for kind in _KINDS
                    for suffix in ("", "WithNumSegments")))
def sparse_segment(ctx):
    """Reduction of chosen rows with equal, sorted numbers; segments without rows are 0."""
    kind = ctx.op_type.removeprefix("SparseSegment").removesuffix("WithNumSegments")
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(data, indices, ids, count=None):
        check_sorted(ids, len(indices))
        _check_range(indices, len(data), "indices")
        last = int(ids[-1]) + 1 if len(ids) else 0
        total = last if count is None else int(count)
        if last > total:
            raise errors.InvalidArgumentError(None, None, "segment ids must be < num_segments")
        sums = accumulate(np.add, 0, wide(data[indices]), ids, total)
        if kind != "Sum":
            sums = _divided(sums, _scale(ids, total, kind))
        return sums.astype(dtype, copy=False)

    return run


@reference.kernel("SparseSegmentMeanGrad", "SparseSegmentSqrtNGrad")
def sparse_segment_grad(ctx):
    """Each chosen row gets its segment's gradient, divided like the segment was."""
    kind = ctx.op_type.removeprefix("SparseSegment").removesuffix("Grad")
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(grad, indices, ids, rows):
        if len(grad) and len(ids) and ids[-1] >= len(grad):
            raise errors.InvalidArgumentError(None, None, "Invalid number of segments")
        for what, values, limit in (("Index", indices, int(rows)), ("Segment id", ids, len(grad))):
            wrong = values[(values < 0) | (values >= limit)]
            if len(wrong):
                raise errors.InvalidArgumentError(None, None, f"{what} {wrong[0]} out of range [0, {limit}).")
        shares = _divided(wide(grad), _scale(ids, len(grad), kind))[ids]
        return accumulate(np.add, 0, shares, indices, int(rows)).astype(dtype, copy=False)

    return run
