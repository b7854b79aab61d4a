"""Shapes at binding time: collapsing dimensions for broadcasting, reductions and transposes.

Pure functions over tuples of ints; nothing here runs in a step.
"""

from math import prod


def _strides(shape, rank):
    """Element strides of a dense array of `shape`, padded in front to `rank`; 0 where size 1."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(0 if size == 1 else step)
        step *= size
    strides += [0] * (rank - len(shape))
    return strides[::-1]


def collapse(shape, operands):
    """Merges dimensions of `shape` that all `operands` (shapes that broadcast to it) step through
    alike. Returns (sizes, strides per operand), outermost first, without dimensions of size 1."""
    rank = len(shape)
    all_strides = [_strides(operand, rank) for operand in operands]
    sizes, merged = [], [[] for _ in operands]
    for axis in range(rank - 1, -1, -1):
        size = shape[axis]
        if size == 1:
            continue
        steps = [strides[axis] for strides in all_strides]
        if sizes and all(step == inner[-1] * sizes[-1]
                         for step, inner in zip(steps, merged, strict=True)):
            sizes[-1] *= size
        else:
            sizes.append(size)
            for inner, step in zip(merged, steps, strict=True):
                inner.append(step)
    return sizes[::-1], [inner[::-1] for inner in merged]


class Rows:
    """Two operands' broadcasting as rows: what `elementwise.binary` iterates over.

    `form` 0: both operands have rows; 1: the left has one value per row; 2: the right has.
    """

    __slots__ = ("form", "length", "count", "table")

    def __init__(self, shape, left, right):
        sizes, (left_steps, right_steps) = collapse(shape, (left, right))
        if sizes:
            self.length = sizes[-1]
            self.form = 1 if left_steps[-1] == 0 else 2 if right_steps[-1] == 0 else 0
        else:
            self.length, self.form = 1, 0
        outer = list(zip(sizes[:-1], left_steps[:-1], right_steps[:-1], strict=True))[::-1]
        self.count = prod(size for size, _, _ in outer)
        self.table = [len(outer), 3, *(word for entry in outer for word in entry)]
