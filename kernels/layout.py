"""Shapes at binding time: collapsing dimensions for broadcasting, reductions and transposes.

Pure functions over tuples of ints; nothing here runs in a step.
"""

from math import prod


class View(tuple):
    """The shape of a part of a dense array. `strides` and `offset`, where it begins, count elements."""

    def __new__(cls, shape, strides, offset):
        view = super().__new__(cls, shape)
        view.strides, view.offset = tuple(strides), offset
        return view

    @classmethod
    def slice(cls, shape, begins, sizes):
        """The part of an array of `shape` that begins at `begins` and has `sizes`."""
        strides = [prod(shape[i + 1:]) for i in range(len(shape))]
        return cls(sizes, strides, sum(b * step for b, step in zip(begins, strides, strict=True)))

    def __eq__(self, other):
        return (isinstance(other, View) and tuple.__eq__(self, other)
                and (self.strides, self.offset) == (other.strides, other.offset))

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash((tuple(self), self.strides, self.offset))


def _strides(shape, rank):
    """Element strides of a dense array of `shape`, or of a View, padded in front to `rank`; 0 where
    size 1."""
    if isinstance(shape, View):
        strides = [0 if size == 1 else step for size, step in zip(shape, shape.strides, strict=True)][::-1]
    else:
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
    """Broadcasting as rows, which is what `elementwise.program` iterates over.

    `count` rows of `length` elements; `forms[k]` is "v" if operand k has a value per element of a
    row, "r" if it has one per row; `table` tells where in each operand a row begins. `also` is one
    more shape that must have a value per element or per row; `also_form` is which.
    """

    __slots__ = ("length", "count", "forms", "table", "also_form")

    def __init__(self, shape, operands, also=None):
        operands = [*operands, shape if also is None else also]
        for operand in operands:
            # Compiled loops trust these shapes: what does not broadcast must not get that far.
            tail = shape[len(shape) - len(operand):] if len(operand) <= len(shape) else None
            if tail is None or any(size not in (1, wanted) for size, wanted in zip(operand, tail, strict=True)):
                raise ValueError(f"operand of shape {list(operand)} does not broadcast to {list(shape)}")
        sizes, strides = collapse(shape, operands)
        self.length = sizes[-1] if sizes else 1
        if any(steps and steps[-1] > 1 for steps in strides):
            raise ValueError("the elements of a row are not side by side")
        *self.forms, self.also_form = ["r" if steps and steps[-1] == 0 else "v" for steps in strides]
        strides.pop()
        outer = list(zip(sizes[:-1], *(steps[:-1] for steps in strides), strict=True))[::-1]
        outer = outer or [(1, *(0 for _ in strides))]
        self.count = prod(entry[0] for entry in outer)
        self.table = [len(outer), *(word for entry in outer for word in entry)]


def reduction_groups(shape, axes):
    """Merges neighbouring dimensions that are all reduced or all kept: [(size, reduced)], without
    dimensions of size 1."""
    groups = []
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if groups and groups[-1][1] == (axis in axes):
            groups[-1] = (groups[-1][0] * size, groups[-1][1])
        else:
            groups.append((size, axis in axes))
    return groups
