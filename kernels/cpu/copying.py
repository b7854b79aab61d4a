"""Makers shared by the families that move elements. Registers nothing itself, holds no state."""

from math import prod

import numpy as np

from ..registry import Native
from . import native


def item_size(dtype):
    """Bytes of an element, or None for what is no plain memory (strings, resources)."""
    kind = np.dtype(dtype.as_numpy_dtype)
    return None if kind.hasobject or kind.itemsize not in (1, 2, 4, 8, 16) else kind.itemsize


def dense_steps(shape):
    """Element strides of a dense array."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return steps[::-1]


def merged(dims):
    """`dims` (size, source step, target step), outermost first, without size 1, neighbours that
    one step serves merged."""
    result = []
    for size, step, out_step in dims:
        if size == 1:
            continue
        if result:
            before, outer, out_outer = result[-1]
            if outer == step * size and out_outer == out_step * size:
                result[-1] = (before * size, step, out_step)
                continue
        result.append((size, step, out_step))
    return result


def piece(item, target, source, dims, target_offset=0, source_offset=0, value=0):
    """The words of one copy: target[...] = source[...], over `dims`: (size, source step, target
    step) in elements. `source` 0 means the integer `value`. Offsets are in elements.
    """
    dims = merged(dims)
    empty = prod(size for size, _, _ in dims) == 0
    inner = next((d for d in reversed(dims) if d[2] == 1), (1, 1, 1))
    rest = [d for d in dims if d is not inner]
    # The source's dense dimension comes second, so that a transpose walks in tiles.
    second = next((d for d in reversed(rest) if d[1] == 1), rest[-1] if rest else (1, 0, 0))
    outer = [d for d in rest if d is not second] or [(1, 0, 0)]
    rows = 0 if empty else prod(size for size, _, _ in outer)
    words = [target, source, value, target_offset * item, source_offset * item, inner[0], second[0],
             inner[1], second[1], second[2], rows, len(outer),
             *(number for dim in reversed(outer) for number in dim)]
    return [len(words) + 1, *words]


def copies(item, words_of_pieces):
    """The Native that copies pieces in order."""
    return Native(native.function("copying.pieces", str(item)),
                  [len(words_of_pieces), *(word for words in words_of_pieces for word in words)])
