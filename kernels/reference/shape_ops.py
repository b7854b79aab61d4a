"""Reference kernels of `graphflow/ops/shape_ops.py`."""

import numpy as np

from ..registry import reference
from .array_checks import check_size, debug, fail, product


def target_shape(wanted, elements):
    """The sizes that `wanted` asks for, its -1 replaced; checks that they hold `elements`."""
    if wanted.ndim != 1:
        fail(f"sizes input must be 1-D, not {debug(wanted.shape)}")
    sizes = [int(d) for d in wanted]
    unknown = [i for i, d in enumerate(sizes) if d == -1]
    if len(unknown) > 1:
        fail(f"Only one input size may be -1, not both {unknown[0]} and {unknown[1]}")
    for i, d in enumerate(sizes):
        if d < -1:
            fail(f"Size {i} must be non-negative, not {d}")
    known = product(d for d in sizes if d != -1)
    if unknown:
        if known == 0:
            fail(
                "reshape cannot infer the missing input size for an empty tensor unless all "
                "specified input sizes are non-zero"
            )
        if elements % known:
            fail(
                f"Input to reshape is a tensor with {elements} values, but the requested shape "
                f"requires a multiple of {known}"
            )
        sizes[unknown[0]] = elements // known
    elif known != elements:
        fail(
            f"Input to reshape is a tensor with {elements} values, but the requested shape "
            f"has {known}"
        )
    return tuple(sizes)


reference.function("Reshape", lambda x, wanted: x.reshape(target_shape(wanted, x.size)))


@reference.kernel("ExpandDims")
def expand_dims(ctx):
    """A new axis of size 1."""

    def run(x, axis):
        if axis.size != 1:
            fail("'dim' must be a tensor with a single value")
        axis = int(axis.ravel()[0])
        if not -x.ndim - 1 <= axis <= x.ndim:
            fail(f"Tried to expand dim index {axis} for tensor with {x.ndim} dimensions.")
        return np.expand_dims(x, axis)

    return run


@reference.kernel("Squeeze")
def squeeze(ctx):
    """Axes of size 1 dropped."""
    axes = ctx.attr("squeeze_dims")

    def run(x):
        for axis in axes:
            if not -x.ndim <= axis < x.ndim:
                fail(f"Tried to squeeze dim index {axis} for tensor with {x.ndim} dimensions.")
            if x.shape[axis] != 1:
                fail(
                    f"Can not squeeze dim[{axis % x.ndim}], expected a dimension of 1, got "
                    f"{x.shape[axis]}"
                )
        drop = (
            {axis % x.ndim for axis in axes}
            if axes
            else {i for i, d in enumerate(x.shape) if d == 1}
        )
        return x.reshape([d for i, d in enumerate(x.shape) if i not in drop])

    return run


def checked_permutation(perm, rank):
    """A permutation of range(rank) as a list; negative axes count from the end."""
    if perm.ndim != 1:
        fail(f"perm must be rank 1, got shape {debug(perm.shape)}")
    if perm.size != rank:
        fail(
            f"transpose expects a vector of size {rank}. But input(1) is a vector of size "
            f"{perm.size}"
        )
    axes = [int(axis) for axis in perm]
    for axis in axes:
        if not -rank <= axis < rank:
            fail(f"{axis} is out of range [0 .. {rank})")
    axes = [axis % rank for axis in axes]
    missing = set(range(rank)) - set(axes)
    if missing:
        fail(f"{min(missing)} is missing from {{{','.join(map(str, axes))}}}.")
    return axes


reference.function("Transpose", lambda x, perm: x.transpose(checked_permutation(perm, x.ndim)))
reference.function(
    "ConjugateTranspose", lambda x, perm: np.conj(x).transpose(checked_permutation(perm, x.ndim))
)


def _invert_permutation(x):
    if x.ndim != 1:
        fail("invert_permutation expects a 1D vector.")
    out = np.full(x.size, -1, x.dtype)
    for i, target in enumerate(x.tolist()):
        if not 0 <= target < x.size:
            fail(f"{target} is not between 0 and {x.size}")
        if out[target] != -1:
            fail(f"{target} is duplicated in the input.")
        out[target] = i
    return out


reference.function("InvertPermutation", _invert_permutation)


def _broadcast_to(x, wanted):
    if wanted.ndim != 1:
        fail("shape input must be 1-D")
    shape = check_size(wanted, x.dtype)
    fits = x.ndim <= len(shape) and all(a in (1, b) for a, b in zip(x.shape[::-1], shape[::-1]))
    if not fits:
        fail(f"Incompatible shapes: {debug(x.shape)} vs. {debug(shape)}")
    return np.ascontiguousarray(np.broadcast_to(x, shape)).reshape(shape)


reference.function("BroadcastTo", _broadcast_to)


@reference.kernel("EnsureShape")
def ensure_shape(ctx):
    """The input, if its shape matches."""
    wanted = ctx.attr("shape")

    def run(x):
        if wanted is not None and (
            len(wanted) != x.ndim or any(w not in (None, d) for w, d in zip(wanted, x.shape))
        ):
            expected = "[" + ",".join("?" if w is None else str(w) for w in wanted) + "]"
            fail(
                f"Shape of tensor {ctx.op_name} {debug(x.shape)} is not compatible with "
                f"expected shape {expected}."
            )
        return x

    return run
