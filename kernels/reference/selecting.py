"""Reference kernels of `graphflow/ops/selecting.py`."""

import numpy as np

from ..registry import reference
from .array_checks import check_range, check_size, debug, fail


@reference.kernel("OneHot")
def one_hot(ctx):
    """Indices compared with 0 ... depth-1."""
    axis = ctx.attr("axis")

    def run(indices, depth, on_value, off_value):
        for what, value in (("depth", depth), ("on_value", on_value), ("off_value", off_value)):
            if value.ndim != 0:
                fail(f"{what} must be a scalar, but got: {debug(value.shape)}")
        if depth < 0:
            fail(f"depth must be non-negative, got: {depth}")
        if not -1 <= axis <= indices.ndim:
            fail(
                f"Expected axis to be -1 or between [0, {indices.ndim + 1}).  But received: {axis}"
            )
        at = indices.ndim if axis == -1 else axis
        shape = indices.shape[:at] + (int(depth),) + indices.shape[at:]
        check_size(shape, on_value.dtype)
        counts = np.arange(int(depth)).reshape([-1 if i == at else 1 for i in range(len(shape))])
        out = np.empty(shape, on_value.dtype)
        out[...] = off_value[()]
        out[np.expand_dims(indices, at) == counts] = on_value[()]
        return out

    return run


reference.function(
    "Where", lambda x: np.argwhere(x != 0 if x.dtype.kind != "b" else x).astype(np.int64)
)


@reference.kernel("DynamicPartition")
def dynamic_partition(ctx):
    """One boolean mask per part."""
    parts = ctx.attr("num_partitions")

    def run(data, partitions):
        if data.shape[: partitions.ndim] != partitions.shape:
            fail(
                f"data.shape must start with partitions.shape, got data.shape = "
                f"{debug(data.shape)}, "
                f"partitions.shape = {debug(partitions.shape)}"
            )
        check_range("partitions", partitions, parts)
        return tuple(data[partitions == i] for i in range(parts))

    return run


def _dynamic_stitch(*inputs):
    count = len(inputs) // 2
    indices, data = inputs[:count], inputs[count:]
    rest = data[0].shape[indices[0].ndim :]
    for i, (index, part) in enumerate(zip(indices, data)):
        if part.shape[: index.ndim] != index.shape or part.shape[index.ndim :] != rest:
            fail(
                f"data[{i}].shape must start with indices[{i}].shape and end with "
                f"{debug(rest)}, got data[{i}].shape "
                f"= {debug(part.shape)}, indices[{i}].shape = {debug(index.shape)}"
            )
    rows = max([0, *(int(index.max()) + 1 for index in indices if index.size)])
    for i, index in enumerate(indices):
        check_range(f"indices[{i}]", index, rows)
    out = np.zeros(check_size((rows, *rest), data[0].dtype), data[0].dtype)
    for index, part in zip(indices, data):
        out[index.ravel()] = part.reshape(index.size, *rest)
    return out


reference.function("DynamicStitch", _dynamic_stitch)
reference.function("ParallelDynamicStitch", _dynamic_stitch)


def _search(side):
    def maker(ctx):
        dtype = ctx.attr("out_type").as_numpy_dtype

        def run(sequence, values):
            if sequence.ndim != 2 or values.ndim != 2 or len(sequence) != len(values):
                fail(
                    f"Leading dim_size of both tensors must match, got {debug(sequence.shape)} and "
                    f"{debug(values.shape)}"
                )
            out = np.empty(values.shape, dtype)
            for row, keys, target in zip(sequence, values, out):
                target[...] = np.searchsorted(row, keys, side)
            return out

        return run

    return maker


reference.kernel("LowerBound")(_search("left"))
reference.kernel("UpperBound")(_search("right"))
