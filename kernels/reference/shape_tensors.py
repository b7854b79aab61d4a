"""Reference kernels of `graphflow/ops/shape_tensors.py`."""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail


def _shape_of(ctx):
    dtype = ctx.attr("out_type").as_numpy_dtype
    return lambda *inputs: tuple(np.array(x.shape, dtype) for x in inputs)


reference.kernel("Shape", "ShapeN")(_shape_of)


@reference.kernel("Size")
def size(ctx):
    """Number of elements."""
    dtype = ctx.attr("out_type").as_numpy_dtype
    return lambda x: np.array(x.size, dtype)


reference.function("Rank", lambda x: np.array(x.ndim, np.int32))


def _broadcast_args(a, b):
    rank = max(a.size, b.size)
    a, b = (np.concatenate([np.ones(rank - s.size, s.dtype), s]) for s in (a, b))
    if not np.all((a == b) | (a == 1) | (b == 1)):
        fail(f"Incompatible shapes for broadcasting: {debug(a)} and {debug(b)}")
    return np.where(a == 1, b, a)


reference.function("BroadcastArgs", _broadcast_args)
