"""Reference kernels of `graphflow/ops/reduction.py`.

half and bfloat16 are summed in float32, integer means in int64. An empty extreme is the dtype's
lowest or highest value, and NaN wins every comparison of extremes but none of ArgMax and ArgMin.
"""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import shape_text


def normalized_axes(axes, rank):
    """Distinct axes counted from the front; InvalidArgumentError for wrong ones."""
    result = []
    for axis in np.ravel(axes):
        if not -rank <= axis < rank:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Invalid reduction dimension ({axis} for input with {rank} dimension(s)",
            )
        axis = int(axis) % rank
        if axis in result:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Invalid reduction arguments: Axes contains duplicate dimension: {axis}",
            )
        result.append(axis)
    return tuple(result)


def wide(x):
    """float32 for the two-byte floats, else the same array."""
    narrow = x.dtype.itemsize == 2 and x.dtype.kind not in "iu"
    return x.astype(np.float32) if narrow else x


def _sum(x, axes, keep):
    x = wide(x)
    return np.sum(x, axis=axes, keepdims=keep, dtype=x.dtype)


def _prod(x, axes, keep):
    x = wide(x)
    return np.prod(x, axis=axes, keepdims=keep, dtype=x.dtype)


def _mean(x, axes, keep):
    count = np.prod([x.shape[axis] for axis in axes], dtype=np.int64)
    if x.dtype.kind not in "iu":
        return _sum(x, axes, keep) / wide(np.asarray(count, x.dtype))
    total = np.sum(
        x, axis=axes, keepdims=keep, dtype=np.uint64 if x.dtype.kind == "u" else np.int64
    )
    return np.sign(total) * (np.abs(total) // max(count, 1)).astype(total.dtype)


def lowest(dtype):
    """The value below all others: -inf, or the smallest integer."""
    return np.asarray(-np.inf if np.dtype(dtype).kind not in "iu" else np.iinfo(dtype).min, dtype)


def highest(dtype):
    """The value above all others: inf, or the largest integer."""
    return np.asarray(np.inf if np.dtype(dtype).kind not in "iu" else np.iinfo(dtype).max, dtype)


def _max(x, axes, keep):
    return np.max(wide(x), axis=axes, keepdims=keep, initial=wide(lowest(x.dtype))[()])


def _min(x, axes, keep):
    return np.min(wide(x), axis=axes, keepdims=keep, initial=wide(highest(x.dtype))[()])


def _euclidean_norm(x, axes, keep):
    x = wide(x)
    squares = np.sum(x * np.conj(x), axis=axes, keepdims=keep, dtype=x.dtype)
    return np.sqrt(squares.astype(np.float64) if x.dtype.kind in "iu" else squares)


def _all(x, axes, keep):
    return np.all(x, axis=axes, keepdims=keep)


def _any(x, axes, keep):
    return np.any(x, axis=axes, keepdims=keep)


_FUNCTIONS = {"Sum": _sum, "Prod": _prod, "Mean": _mean, "Max": _max, "Min": _min, "All": _all,
              "Any": _any, "EuclideanNorm": _euclidean_norm}


@reference.kernel(*_FUNCTIONS)
def reduction(ctx):
    """A reduction over the axes in the second input."""
    function, keep = _FUNCTIONS[ctx.op_type], ctx.attr("keep_dims")
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(x, axes):
        axes = normalized_axes(axes, x.ndim)
        if not axes and ctx.op_type != "EuclideanNorm":
            return x
        with np.errstate(all="ignore"):
            return np.asarray(function(x, axes, keep)).astype(dtype, copy=False)

    return run


@reference.kernel("ArgMax", "ArgMin")
def arg_extreme(ctx):
    """Index of the first extreme along an axis; NaN is never one unless all are."""
    largest = ctx.op_type == "ArgMax"
    dtype = ctx.output_dtypes[0].as_numpy_dtype
    find, worst = (np.argmax, lowest) if largest else (np.argmin, highest)

    def run(x, axis):
        axis = int(axis)
        if not -x.ndim <= axis < x.ndim:
            raise errors.InvalidArgumentError(
                None, None, f"Expected dimension in the range [{-x.ndim}, {x.ndim}), but got {axis}"
            )
        if x.shape[axis] == 0:
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Reduction axis {axis % x.ndim} is empty in shape {shape_text(x.shape)}",
            )
        if x.dtype.kind not in "iub":
            if x.dtype.kind == "c":
                raise errors.UnimplementedError(None, None, f"{ctx.op_type} of complex numbers")
            x = np.where(np.isnan(x), worst(x.dtype), x)
        return np.asarray(find(x, axis=axis), dtype)

    return run
