"""Reference kernels of `graphflow/ops/padding.py`."""

import numpy as np

from ..registry import reference
from .array_checks import check_size, debug, fail
from .fill import zeros


def _checked_paddings(x, paddings):
    if paddings.shape != (x.ndim, 2):
        fail(
            f"The first dimension of paddings must be the rank of "
            f"inputs{debug(paddings.shape)} {debug(x.shape)}"
        )
    for i, (before, after) in enumerate(paddings.tolist()):
        if before < 0 or after < 0:
            fail(f"Paddings must be non-negative: {before} {after} in dimension {i}")
    return paddings.tolist()


def _pad(x, paddings, value=None):
    if value is not None and value.ndim != 0:
        fail(f"constant_values must be a scalar. Found: {debug(value.shape)}")
    return pad_with(x, _checked_paddings(x, paddings), value)


def pad_with(x, pads, value=None):
    """`x` with pads[i] = (before, after) elements around axis i: zeros, or the scalar `value`."""
    shape = check_size([d + sum(p) for d, p in zip(x.shape, pads)], x.dtype)
    out = zeros(shape, x.dtype)
    if value is not None:
        out[...] = value[()]
    out[tuple(slice(before, before + d) for (before, _), d in zip(pads, x.shape))] = x
    return out


reference.function("Pad", _pad)
reference.function("PadV2", _pad)


def _mirror_indices(size, before, after, offset):
    """Which element of an axis each element of the padded axis shows."""
    front = np.arange(before, 0, -1) - 1 + offset
    back = size - 1 - offset - np.arange(after)
    return np.concatenate([front, np.arange(size), back]).astype(np.intp)


def _checked_mirror(shape, pads, offset):
    for i, (size, (before, after)) in enumerate(zip(shape, pads)):
        limit = size - offset
        if max(before, after) > limit:
            fail(
                f"paddings must be {'less than' if offset else 'no greater than'} the "
                f"dimension size: {before}, "
                f"{after} not {'less than' if offset else '<='} {size} (dimension {i})"
            )


@reference.kernel("MirrorPad")
def mirror_pad(ctx):
    """Axis by axis, elements picked by mirrored indices."""
    offset = 1 if ctx.attr("mode") == b"REFLECT" else 0

    def run(x, paddings):
        pads = _checked_paddings(x, paddings)
        _checked_mirror(x.shape, pads, offset)
        check_size([d + sum(p) for d, p in zip(x.shape, pads)], x.dtype)
        for axis, (before, after) in enumerate(pads):
            x = x.take(_mirror_indices(x.shape[axis], before, after, offset), axis)
        return x

    return run


@reference.kernel("MirrorPadGrad")
def mirror_pad_grad(ctx):
    """Axis by axis, every element added to the one it mirrors."""
    offset = 1 if ctx.attr("mode") == b"REFLECT" else 0

    def run(x, paddings):
        pads = _checked_paddings(x, paddings)
        sizes = [d - sum(p) for d, p in zip(x.shape, pads)]
        for i, size in enumerate(sizes):
            if size < 0:
                fail(
                    f"Total paddings must be no greater than the output size: "
                    f"{sum(pads[i])}, {x.shape[i]}"
                )
        _checked_mirror(sizes, pads, offset)
        for axis, (before, after) in enumerate(pads):
            rows = np.moveaxis(x, axis, 0)
            out = np.zeros((sizes[axis], *rows.shape[1:]), x.dtype)
            np.add.at(out, _mirror_indices(sizes[axis], before, after, offset), rows)
            x = np.moveaxis(out, 0, axis)
        return x

    return run


def _reverse(x, axes):
    if axes.ndim != 1:
        fail("'dims' must be 1-dimension")
    seen = set()
    for axis in axes.tolist():
        if not -x.ndim <= axis < x.ndim:
            fail(f"'axis'[{axis}] is out of valid range [0, {x.ndim - 1}]")
        if axis % x.ndim in seen:
            fail(f"axis {axis % x.ndim} specified more than once.")
        seen.add(axis % x.ndim)
    return np.flip(x, sorted(seen)) if seen else x


reference.function("ReverseV2", _reverse)


@reference.kernel("ReverseSequence")
def reverse_sequence(ctx):
    """Row by row, the first elements reversed."""
    seq_dim, batch_dim = ctx.attr("seq_dim"), ctx.attr("batch_dim")

    def run(x, lengths):
        if seq_dim == batch_dim:
            fail(f"batch_dim == seq_dim == {seq_dim}")
        if not (0 <= seq_dim < x.ndim and 0 <= batch_dim < x.ndim):
            fail(
                f"seq_dim and batch_dim must be < input rank ({seq_dim}, {batch_dim} vs. {x.ndim})"
            )
        if lengths.shape != (x.shape[batch_dim],):
            fail(
                f"Length of seq_lengths != input.dims({batch_dim}), ({lengths.size} vs. "
                f"{x.shape[batch_dim]})"
            )
        for i, length in enumerate(lengths.tolist()):
            if not 0 <= length <= x.shape[seq_dim]:
                fail(f"seq_lens({i}) = {length} is not in [0, {x.shape[seq_dim]}]")
        out = x.copy()
        source, target = (np.moveaxis(a, (batch_dim, seq_dim), (0, 1)) for a in (x, out))
        for i, length in enumerate(lengths.tolist()):
            target[i, :length] = source[i, :length][::-1]
        return out

    return run


def _roll(x, shift, axis):
    if x.ndim < 1:
        fail("input must be 1-D or higher")
    for name, value in (("shift", shift), ("axis", axis)):
        if value.ndim > 1:
            fail(f"{name} must be a scalar or a 1-D vector. Found: {debug(value.shape)}")
    if shift.shape != axis.shape:
        fail(
            f"shift and axis must have the same size, got {debug(shift.shape)} and "
            f"{debug(axis.shape)}"
        )
    axes = np.atleast_1d(axis).tolist()
    for one in axes:
        if not -x.ndim <= one < x.ndim:
            fail(f"axis {one} is out of range")
    return np.roll(x, np.atleast_1d(shift).tolist(), axes)


reference.function("Roll", _roll)
