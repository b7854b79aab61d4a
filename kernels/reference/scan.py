"""Reference kernels of `graphflow/ops/scan.py`. half and bfloat16 are accumulated in float32."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .reduction import wide

_SCANS = {"Cumsum": (np.add, 0), "Cumprod": (np.multiply, 1),
          "CumulativeLogsumexp": (np.logaddexp, -np.inf)}


@reference.kernel(*_SCANS)
def scan(ctx):
    """Accumulation along an axis, from either end, with or without the element itself."""
    combine, start = _SCANS[ctx.op_type]
    exclusive, reverse = ctx.attr("exclusive"), ctx.attr("reverse")
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(x, axis):
        axis = int(axis)
        if not -x.ndim <= axis < x.ndim:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"ScanOp: Expected scan axis in the range [{-x.ndim}, {x.ndim}), but got {axis}",
            )
        moved = np.moveaxis(wide(x), axis, 0)
        moved = moved[::-1] if reverse else moved
        with np.errstate(all="ignore"):
            out = combine.accumulate(moved, axis=0, dtype=moved.dtype) if moved.size else moved
        if exclusive and len(moved):
            first = np.full_like(moved[:1], start)
            out = np.concatenate([first, out[:-1]])
        out = out[::-1] if reverse else out
        return np.ascontiguousarray(np.moveaxis(out, 0, axis).astype(dtype, copy=False))

    return run
