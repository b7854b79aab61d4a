"""Reference kernels of `graphflow/ops/segment.py`. half and bfloat16 are accumulated in float32."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .reduction import wide


def _finite_extreme(dtype, largest):
    """The largest or smallest finite number of a dtype."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        return getattr(np.iinfo(dtype), "max" if largest else "min")
    from graphflow.framework import dtypes

    limits = dtypes.as_dtype(dtype)
    return limits.max if largest else limits.min


# Kind of reduction -> (ufunc, what an unsorted segment without elements holds).
_KINDS = {
    "Sum": (np.add, lambda dtype: 0), "Prod": (np.multiply, lambda dtype: 1),
    "Max": (np.maximum, lambda dtype: _finite_extreme(dtype, False)),
    "Min": (np.minimum, lambda dtype: _finite_extreme(dtype, True)),
}


def _neutral(kind, dtype):
    """What a sorted segment starts from: unlike that of an unsorted one, its extreme may be infinite."""
    if kind in ("Min", "Max") and np.dtype(dtype).kind not in "iu":
        return np.inf if kind == "Min" else -np.inf
    return _KINDS["Sum" if kind == "Mean" else kind][1](dtype)


def accumulate(ufunc, start, rows, ids, count):
    """`count` segments of `rows`, combined by `ufunc` onto `start`.

    Segment by segment: NumPy takes ten times as long to combine row by row, where there are rows of several numbers.
    """
    out = np.full((count, *rows.shape[1:]), start, rows.dtype)
    if not rows.size:
        return out
    if (ids[1:] < ids[:-1]).any():
        order = np.argsort(ids, kind="stable")
        rows, ids = rows[order], ids[order]
    begins = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    with np.errstate(all="ignore"):
        own = ids[begins]
        out[own] = ufunc(out[own], ufunc.reduceat(rows, begins, axis=0))
    return out


def check_sorted(ids, rows):
    """InvalidArgumentError unless there is one id a row, and they are sorted and not negative."""
    if ids.ndim != 1 or len(ids) != rows:
        raise errors.InvalidArgumentError(
            None, None, "segment_ids should be the same size as dimension 0 of input.")
    if len(ids) == 0:
        return
    if ids[-1] < 0:
        raise errors.InvalidArgumentError(None, None, "segment ids must be >= 0")
    drops = np.flatnonzero(np.diff(ids) < 0)
    outside = np.flatnonzero((ids < 0) | (ids > ids[-1]))
    # The first wrong segment is reported, one that is wrong in both ways as not increasing.
    if len(outside) and (len(drops) == 0 or (drops[0] >= outside[0] and ids[drops[0]] != ids[outside[0]])):
        raise errors.InvalidArgumentError(
            None, None, f"Segment id {ids[outside[0]]} out of range [0, {ids[-1] + 1}), possibly because "
            "'segment_ids' input is not sorted.")
    if len(drops):
        raise errors.InvalidArgumentError(None, None, "segment ids are not increasing")


@reference.kernel(*(f"Segment{kind}" for kind in ("Sum", "Mean", "Prod", "Min", "Max")))
def segment(ctx):
    """Reduction of rows with equal, sorted numbers; missing numbers give 0 (1 for products)."""
    kind = ctx.op_type.removeprefix("Segment")
    ufunc = _KINDS["Sum" if kind == "Mean" else kind][0]
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(data, ids):
        check_sorted(ids, len(data))
        rows = wide(data)
        if kind == "Mean" and rows.dtype.kind in "iu":
            rows = rows.astype(np.int64)
        count = int(ids[-1]) + 1 if len(ids) else 0
        out = accumulate(ufunc, _neutral(kind, data.dtype), rows, ids, count)
        sizes = np.bincount(ids, minlength=count).reshape((-1,) + (1,) * (rows.ndim - 1))
        if kind == "Mean":
            sizes = np.maximum(sizes, 1)
            out = (np.sign(out) * (np.abs(out) // sizes) if rows.dtype.kind in "iu"
                   else out / sizes.astype(rows.real.dtype))
        elif kind in ("Min", "Max"):
            out = np.where(sizes == 0, np.zeros((), out.dtype), out)
        return out.astype(dtype, copy=False)

    return run


@reference.kernel(*(f"UnsortedSegment{kind}" for kind in _KINDS))
def unsorted_segment(ctx):
    """Reduction of elements with equal numbers; negative ones are left out."""
    ufunc, start = _KINDS[ctx.op_type.removeprefix("UnsortedSegment")]
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(data, ids, count):
        count = int(count)
        if data.shape[:ids.ndim] != ids.shape:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"data.shape = {list(data.shape)} does not start with segment_ids.shape = "
                f"{list(ids.shape)}",
            )
        if count < 0:
            raise errors.InvalidArgumentError(
                None, None, "Input num_segments == " f"{count} must not be negative.")
        rows = wide(data).reshape((ids.size, *data.shape[ids.ndim:]))
        shape, ids = ids.shape, ids.ravel()
        wrong = np.flatnonzero(ids >= count)
        if len(wrong):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"segment_ids[{','.join(map(str, np.unravel_index(wrong[0], shape)))}] = "
                f"{ids[wrong[0]]} is out of range [0, {count})",
            )
        kept = ids >= 0
        out = accumulate(ufunc, start(data.dtype), rows[kept], ids[kept], count)
        return out.astype(dtype, copy=False)

    return run
