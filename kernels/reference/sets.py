"""Reference kernels of `graphflow/ops/sets.py`: Python's sets, by the index of their row."""

import itertools

import numpy as np

from ..registry import reference
from .array_checks import debug, fail
from .sparse import check_inside

_OPERATIONS = {
    b"a-b": lambda a, b: a - b, b"b-a": lambda a, b: b - a, b"intersection": lambda a, b: a & b,
    b"union": lambda a, b: a | b,
}


def _sparse_sets(indices, values, shape, validate):
    """{index of a row: its set}."""
    if len(shape) < 2:
        fail(f"Input must have rank at least 2, but has shape {debug(shape)}")
    if validate:
        check_inside(indices, shape)
        rows = [tuple(row) for row in indices.tolist()]
        for i, (one, other) in enumerate(itertools.pairwise(rows)):
            if one > other:
                fail(f"indices[{i + 1}] = {debug(other)} is out of order")
    found = {}
    for row, value in zip(indices[:, :-1].tolist(), values.tolist()):
        found.setdefault(tuple(row), set()).add(value)
    return found


def _dense_sets(array):
    if array.ndim < 2:
        fail(f"Input must have rank at least 2, but has shape {debug(array.shape)}")
    return {place: set(array[place].tolist()) for place in np.ndindex(array.shape[:-1])}


def _combined(first, second, shape, operation, dtype):
    """The sparse tensor of all results that hold something."""
    indices, values = [], []
    for place in sorted({*first, *second}):
        for i, value in enumerate(sorted(operation(first.get(place, set()), second.get(place, set())))):
            indices.append((*place, i))
            values.append(value)
    longest = max((i + 1 for *_, i in indices), default=0)
    result = np.empty(len(values), dtype)
    result[:] = values
    return (np.array(indices, np.int64).reshape(-1, len(shape)), result,
            np.array([*shape[:-1], longest], np.int64))


@reference.kernel("SetSize")
def set_size(ctx):
    """Counts distinct elements."""
    validate = ctx.attr("validate_indices")

    def run(indices, values, shape):
        sizes = np.zeros(tuple(shape[:-1]), np.int32)
        for place, elements in _sparse_sets(indices, values, shape, validate).items():
            sizes[place] = len(elements)
        return sizes

    return run


@reference.kernel("DenseToDenseSetOperation", "DenseToSparseSetOperation", "SparseToSparseSetOperation")
def set_operation(ctx):
    """Set by set; results are in order."""
    name, validate = ctx.attr("set_operation"), ctx.attr("validate_indices")
    if name not in _OPERATIONS:
        fail(f"Invalid set_operation {name.decode()}.")
    dtype = ctx.output_dtypes[1].as_numpy_dtype

    def read(kind, inputs):
        if kind == "Dense":
            return inputs[0].shape, _dense_sets(inputs[0]), inputs[1:]
        return tuple(inputs[2].tolist()), _sparse_sets(*inputs[:3], validate), inputs[3:]

    kinds = ctx.op_type.removesuffix("SetOperation").split("To")

    def run(*inputs):
        shape, first, rest = read(kinds[0], inputs)
        other, second, _ = read(kinds[1], rest)
        if shape[:-1] != other[:-1]:
            fail(f"Mismatched shapes {debug(shape)} vs {debug(other)}, apart from the last dimension")
        return _combined(first, second, shape, _OPERATIONS[name], dtype)

    return run
