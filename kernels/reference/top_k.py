"""Reference kernels of `graphflow/ops/top_k.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference

_LOW = np.uint64(0xFFFFFFFF)


def _invalid(message):
    return errors.InvalidArgumentError(None, None, message)


def _descending(array, count):
    """Positions along the last axis of the `count` largest, falling, equal ones in order; NaN comes last."""
    keys = _keys(array)
    if keys is not None:
        if 0 < count < keys.shape[-1]:
            keys = np.partition(keys, count - 1, axis=-1)[..., :count]
        return (np.sort(keys, axis=-1) & _LOW)[..., :count].astype(np.int64)
    if array.dtype.kind in "iu":
        backwards = array[..., ::-1]
        return array.shape[-1] - 1 - np.argsort(backwards, axis=-1, kind="stable")[..., :-count - 1:-1]
    return np.argsort(-array, axis=-1, kind="stable")[..., :count]


def _keys(array):
    """Numbers of up to 32 bits and their positions in one integer each, the largest number first: NumPy sorts those ten
    times as fast as it sorts positions. None for wider numbers."""
    if array.dtype.itemsize > 4 or array.shape[-1] >> 32:
        return None
    if array.dtype.kind in "iu":
        falling = (np.iinfo(array.dtype).max - array.astype(np.int64)).astype(np.uint64)
    else:
        bits = (array.astype(np.float32) + np.float32(0)).view(np.uint32)       # one zero
        falling = np.where(bits >> 31, bits, ~bits & np.uint32(0x7FFFFFFF)).astype(np.uint64)
        falling = np.where(np.isnan(array), _LOW, falling)
    return falling << np.uint64(32) | np.arange(array.shape[-1], dtype=np.uint64)


@reference.kernel("TopK", "TopKV2")
def top_k(ctx):
    """The first k of the sorted rows. Without `sorted`, any order would do."""
    index_dtype = ctx.output_dtypes[1].as_numpy_dtype

    def run(values, k=None):
        k = ctx.attr("k") if k is None else int(k)
        if values.ndim < 1:
            raise _invalid("input must be >= 1-D, got shape []")
        if k < 0:
            raise _invalid(f"Need k >= 0, got {k}")
        if values.shape[-1] < k:
            raise _invalid(f"input must have at least k columns. Had {values.shape[-1]}, needed {k}")
        order = _descending(values, k)
        return np.take_along_axis(values, order, -1), order.astype(index_dtype)

    return run


@reference.kernel("InTopK", "InTopKV2")
def in_top_k(ctx):
    """Fewer than k classes are more probable than the target."""

    def run(predictions, targets, k=None):
        k = ctx.attr("k") if k is None else int(k)
        if predictions.shape[0] != targets.shape[0]:
            raise _invalid(f"First dimension of predictions {predictions.shape[0]} must match length of targets "
                           f"{targets.shape[0]}")
        classes = predictions.shape[1]
        valid = (targets >= 0) & (targets < classes) & np.isfinite(predictions).all(1)
        if not classes:
            return valid
        chosen = predictions[np.arange(len(targets)), np.where(valid, targets, 0)]
        return valid & ((predictions > chosen[:, None]).sum(1) < k)

    return run


@reference.kernel("NthElement")
def nth_element(ctx):
    """Entry n of the sorted rows, counted from the largest with `reverse`."""
    reverse = ctx.attr("reverse")

    def run(values, n):
        n = int(n)
        if not 0 <= n < values.shape[-1]:
            raise _invalid(f"Input must have last dimension > n = {n} but is {values.shape[-1]}")
        ordered = np.sort(values, axis=-1)
        return np.asarray(ordered[..., values.shape[-1] - 1 - n if reverse else n])

    return run
