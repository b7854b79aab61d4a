"""Reference kernels of `graphflow/ops/slicing.py`."""

import numpy as np

from graphflow.framework import strided

from ..registry import reference
from .array_checks import check_size, debug, fail
from .fill import zeros


def _slice(x, begin, size):
    if begin.shape != (x.ndim,) or size.shape != (x.ndim,):
        fail(
            f"Expected begin and size arguments to be 1-D tensors of size {x.ndim}, but got shapes "
            f"{debug(begin.shape)} and {debug(size.shape)} instead."
        )
    ranges = []
    for i, (first, count) in enumerate(zip(begin.tolist(), size.tolist())):
        count = x.shape[i] - first if count == -1 else count
        if not 0 <= first <= x.shape[i]:
            fail(f"Expected begin[{i}] in [0, {x.shape[i]}], but got {first}")
        if not 0 <= count <= x.shape[i] - first:
            fail(f"Expected size[{i}] in [0, {x.shape[i] - first}], but got {count}")
        ranges.append(slice(first, first + count))
    return x[tuple(ranges)]


reference.function("Slice", _slice)


def _resolve(ctx, shape, begin, end, strides):
    if not (begin.ndim == 1 and begin.shape == end.shape == strides.shape):
        fail(
            f"Expected begin, end, and strides to be 1D equal size tensors, but got shapes "
            f"{debug(begin.shape)}, "
            f"{debug(end.shape)}, and {debug(strides.shape)} instead."
        )
    try:
        return strided.resolve(shape, begin, end, strides, ctx.attrs, begin.size)
    except ValueError as error:
        return fail(str(error))


@reference.kernel("StridedSlice")
def strided_slice(ctx):
    """A NumPy slice of every dimension, then the final shape."""

    def run(x, begin, end, strides):
        spec = _resolve(ctx, x.shape, begin, end, strides)
        return x[spec.slices].reshape(spec.output_shape)

    return run


@reference.kernel("StridedSliceGrad")
def strided_slice_grad(ctx):
    """Zeros with `dy` where the slice was."""

    def run(shape, begin, end, strides, dy):
        shape = check_size(shape, dy.dtype)
        spec = _resolve(ctx, shape, begin, end, strides)
        if dy.shape != spec.output_shape:
            fail(f"shape of dy was {debug(dy.shape)} instead of {debug(spec.output_shape)}")
        out = zeros(shape, dy.dtype)
        out[spec.slices] = dy.reshape(spec.taken_shape)
        return out

    return run


@reference.kernel("StridedSliceAssign", "TensorStridedSliceUpdate")
def strided_slice_assign(ctx):
    """A copy with the slice replaced; the value is broadcast to it."""

    def run(x, begin, end, strides, value):
        spec = _resolve(ctx, x.shape, begin, end, strides)
        try:
            value = np.broadcast_to(value, spec.output_shape)
        except ValueError:
            fail(
                f"Shape of value {debug(value.shape)} does not fit the slice, which has "
                f"{debug(spec.output_shape)}"
            )
        out = x.copy()
        out[spec.slices] = value.reshape(spec.taken_shape)
        return out

    return run
