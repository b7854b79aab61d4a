"""Reference kernels of `graphflow/ops/fill.py`."""

import math

import numpy as np

from ..registry import reference
from .array_checks import check_size, debug, fail


def zeros(shape, dtype):
    """Zeros of a NumPy dtype; empty strings for strings."""
    if dtype == np.dtype(object):
        return np.full(shape, b"", object)
    return np.zeros(shape, dtype)


@reference.kernel("Fill")
def fill(ctx):
    """One value everywhere."""

    def run(dims, value):
        if dims.ndim != 1:
            fail(f"dims must be a vector, got shape {debug(dims.shape)}")
        if value.ndim != 0:
            fail(f"value must be a scalar, got shape {debug(value.shape)}")
        out = np.empty(check_size(dims, value.dtype), value.dtype)
        out[...] = value[()]
        return out

    return run


reference.function("ZerosLike", lambda x: zeros(x.shape, x.dtype))
reference.function("OnesLike", lambda x: np.ones(x.shape, x.dtype))


def _range_size(start, limit, delta):
    if delta == 0:
        fail("Requires delta != 0")
    if delta > 0 and start > limit:
        fail(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        fail(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if isinstance(start, np.integer):
        start, limit, delta = int(start), int(limit), int(delta)
        return (abs(limit - start) + abs(delta) - 1) // abs(delta)
    return math.ceil(abs((limit - start) / delta))


def _range(start, limit, delta):
    for what, value in (("start", start), ("limit", limit), ("delta", delta)):
        if value.ndim != 0:
            fail(f"{what} must be a scalar, not shape {debug(value.shape)}")
    (count,) = check_size([_range_size(start[()], limit[()], delta[()])], start.dtype)
    if np.issubdtype(start.dtype, np.integer):
        return start + delta * np.arange(count, dtype=start.dtype)
    # Like TensorFlow, by repeated addition: rounding errors are the same.
    steps = np.full(count, delta, start.dtype)
    steps[:1] = start
    return np.add.accumulate(steps, dtype=start.dtype)


reference.function("Range", _range)


def _lin_space(start, stop, num):
    if num <= 0:
        fail(f"Requires num > 0: {num}")
    (count,) = check_size([num], start.dtype)
    if count == 1:
        return start.reshape(1)
    step = (stop - start) / np.asarray(count - 1, start.dtype)
    out = start + step * np.arange(count).astype(start.dtype)
    out[-1] = stop
    return out


reference.function("LinSpace", _lin_space)
