"""Windows that slide over a tensor, as in convolutions and pooling: output sizes and paddings.

Used by shape rules, which may not know sizes, and by kernels, which do. Holds no state.
"""

from graphflow.framework import shapes


def output_size(size, window, stride, padding, dilation=1, before=0, after=0):
    """How many windows fit along one dimension, or None if `size` or `window` is None.

    Args: padding: b"SAME", b"VALID" or b"EXPLICIT" (with `before` and `after`).
    Raises ValueError if the window does not fit.
    """
    if stride < 1:
        raise ValueError(f"Stride must be > 0, but got {stride}")
    if size is None:
        return None
    if padding == b"SAME":
        return -(-size // stride)
    if window is None:
        return None
    reach = (window - 1) * dilation + 1
    if padding == b"EXPLICIT":
        size += before + after
    if size < reach:
        raise ValueError(f"Negative dimension size caused by subtracting {reach} from {size}")
    return (size - reach + stride) // stride


def margins(size, window, stride, padding, dilation=1, before=0, after=0):
    """(padding before, padding after) of one dimension whose size is known."""
    if padding == b"VALID":
        return 0, 0
    if padding == b"EXPLICIT":
        return before, after
    reach = (window - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def explicit_pairs(attr, rank):
    """The list attribute `explicit_paddings` as one (before, after) per dimension."""
    return [(attr[2 * i], attr[2 * i + 1]) for i in range(rank)] if attr else [(0, 0)] * rank


def pooled_shape(shape, ksize, strides, padding):
    """Shape after windows `ksize` slide over every dimension of `shape` (tuple with None, or None)."""
    shape = shapes.with_rank(shape, len(ksize))
    return tuple(
        size if window == stride == 1 else output_size(size, window, stride, padding, 1)
        for size, window, stride in zip(shape, ksize, strides))


def sequence(value, count, channel_index, name):
    """`value` (None, a number, or 1, `count` or `count + 2` numbers) as `count + 2` numbers.

    Raises ValueError for another length.
    """
    if value is None:
        value = [1]
    elif not hasattr(value, "__len__"):
        value = [value]
    if len(value) == count + 2:
        return [int(v) for v in value]
    if len(value) == 1:
        value = [value[0]] * count
    elif len(value) != count:
        raise ValueError(f"{name} should be of length 1, {count} or {count + 2} but was {len(value)}")
    value = [int(v) for v in value]
    return [1, 1, *value] if channel_index == 1 else [1, *value, 1]
