"""Reference kernels of `graphflow/ops/join_split.py`."""

import numpy as np

from ..registry import reference
from .array_checks import check_size, debug, fail


def _concat(values, axis):
    rank = values[0].ndim
    if rank == 0:
        fail("ConcatOp : Can't concatenate scalars (use tf.stack instead)")
    if axis.ndim != 0:
        fail(f"ConcatOp : Concat dim tensor should be a scalar, but got shape {debug(axis.shape)}")
    axis = int(axis)
    if not -rank <= axis < rank:
        fail(
            f"ConcatOp : Expected concatenating dimensions in the range [{-rank}, {rank}), "
            f"but got {axis}"
        )
    axis %= rank
    first = values[0].shape
    for i, value in enumerate(values):
        if value.ndim != rank:
            fail(
                f"ConcatOp : Ranks of all input tensors should match: shape[0] = "
                f"{debug(first)} vs. "
                f"shape[{i}] = {debug(value.shape)}"
            )
        if value.shape[:axis] + value.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            fail(
                f"ConcatOp : Dimensions of inputs should match: shape[0] = {debug(first)} vs. "
                f"shape[{i}] = {debug(value.shape)}"
            )
    return np.concatenate(values, axis)


reference.function("ConcatV2", lambda *inputs: _concat(inputs[:-1], inputs[-1]))
reference.function("Concat", lambda *inputs: _concat(inputs[1:], inputs[0]))


def _concat_offset(axis, *shapes):
    for i, shape in enumerate(shapes):
        if shape.ndim != 1:
            fail(f"input {i} should be a vector, but got shape {debug(shape.shape)}")
    rank = shapes[0].size
    if not -rank <= int(axis) < rank:
        fail(f"Concat dim is out of range: {int(axis)} vs. {rank}")
    axis = int(axis) % rank
    offset, results = 0, []
    for i, shape in enumerate(shapes):
        if shape.size != rank:
            fail(f"input {i} should contain {rank} elements, but got {shape.size}")
        if np.any(np.delete(shape, axis) != np.delete(shapes[0], axis)):
            fail(
                f"All dimensions except {axis} must match. Input {i} has shape "
                f"[{' '.join(map(str, shape))}] and doesn't match "
                f"input 0 with shape [{' '.join(map(str, shapes[0]))}]."
            )
        results.append(np.zeros_like(shape))
        results[-1][axis] = offset
        offset += shape[axis]
    return tuple(results)


reference.function("ConcatOffset", _concat_offset)


@reference.kernel("Pack")
def pack(ctx):
    """Joined along a new axis."""
    axis = ctx.attr("axis")

    def run(*values):
        for i, value in enumerate(values):
            if value.shape != values[0].shape:
                fail(
                    f"Shapes of all inputs must match: values[0].shape = "
                    f"{debug(values[0].shape)} != "
                    f"values[{i}].shape = {debug(value.shape)}"
                )
        rank = values[0].ndim + 1
        if not -rank <= axis < rank:
            fail(f"axis = {axis} not in [{-rank}, {rank})")
        return np.stack(values, axis)

    return run


@reference.kernel("Unpack")
def unpack(ctx):
    """Slices along an axis."""
    axis, num = ctx.attr("axis"), ctx.attr("num")

    def run(x):
        if not -x.ndim <= axis < x.ndim:
            fail(f"axis = {axis} not in [{-x.ndim}, {x.ndim})")
        if x.shape[axis] != num:
            fail(f"Input shape axis {axis} must equal {num}, got shape {debug(x.shape)}")
        return tuple(np.moveaxis(x, axis, 0)[i, ...] for i in range(num))

    return run


def _axis_of(split_dim, x):
    axis = int(split_dim.ravel()[0])
    if not -x.ndim <= axis < x.ndim:
        fail(f"-input rank(-{x.ndim}) <= split_dim < input rank ({x.ndim}), but got {axis}")
    return axis % x.ndim


@reference.kernel("Split")
def split(ctx):
    """Equal parts."""
    parts = ctx.attr("num_split")

    def run(split_dim, x):
        axis = _axis_of(split_dim, x)
        if x.shape[axis] % parts:
            fail(
                f"Number of ways to split should evenly divide the split dimension, but got "
                f"split_dim {axis} "
                f"(size = {x.shape[axis]}) and num_split {parts}"
            )
        return tuple(np.split(x, parts, axis))

    return run


@reference.kernel("SplitV")
def split_v(ctx):
    """Parts of given sizes."""
    parts = ctx.attr("num_split")

    def run(x, sizes, split_dim):
        axis = _axis_of(split_dim, x)
        if sizes.shape != (parts,):
            fail(
                f"size of the split_tensor must be num_split {parts}, got shape "
                f"{debug(sizes.shape)}"
            )
        sizes = sizes.tolist()
        if sizes.count(-1) > 1:
            fail("There can only be one -1 in the input.")
        known, total = sum(size for size in sizes if size != -1), x.shape[axis]
        if any(size < -1 for size in sizes) or (known > total if -1 in sizes else known != total):
            fail(
                f"Determined shape must either match input shape along split_dim exactly if "
                f"fully specified, or be "
                f"less than the size of the input along split_dim if not fully specified.  "
                f"Got: {known}"
            )
        sizes = [total - known if size == -1 else size for size in sizes]
        return tuple(np.split(x, np.cumsum(sizes)[:-1], axis))

    return run


def _tile(x, multiples):
    if multiples.shape != (x.ndim,):
        fail(
            f"Expected multiples argument to be a vector of length {x.ndim} but got shape "
            f"{debug(multiples.shape)}"
        )
    if np.any(multiples < 0):
        i = int(np.flatnonzero(multiples < 0)[0])
        fail(f"Expected multiples[{i}] >= 0, but got {multiples[i]}")
    multiples = multiples.tolist()
    shape = check_size([d * m for d, m in zip(x.shape, multiples)], x.dtype)
    return np.tile(x, multiples).reshape(shape)


reference.function("Tile", _tile)
