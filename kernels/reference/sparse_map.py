"""Reference kernels of `graphflow/ops/sparse_map.py`: a dictionary per name, in the session."""

import itertools
import threading

import numpy as np

from graphflow.framework import errors

from ..registry import reference


class _SparseMap:
    """Sparse tensors (indices, values, shape) by number, behind a lock."""

    def __init__(self):
        self._numbers = itertools.count()
        self._tensors = {}
        self._lock = threading.Lock()

    def add(self, tensor):
        """Keeps a tensor; its number."""
        with self._lock:
            number = next(self._numbers)
            self._tensors[number] = tensor
        return number

    def take(self, number):
        """Removes and gives the tensor of a number."""
        with self._lock:
            tensor = self._tensors.pop(number, None)
        if tensor is None:
            raise errors.InvalidArgumentError(None, None, f"Unable to find SparseTensor: {number} in map")
        return tensor


def _map(ctx):
    name = ctx.attr("shared_name").decode() or ctx.op_name
    return ctx.resources.get(("sparse map", ctx.attr("container").decode(), name), _SparseMap)


def _check(indices, values, shape):
    if indices.ndim != 2 or values.ndim != 1 or shape.ndim != 1 or indices.shape != (len(values), len(shape)):
        raise errors.InvalidArgumentError(
            None, None, f"Not the parts of a sparse tensor: indices {indices.shape}, values {values.shape}, shape "
            f"{shape.shape}")


@reference.kernel("AddSparseToTensorsMap")
def add(ctx):
    """Keeps a tensor."""
    def run(indices, values, shape):
        _check(indices, values, shape)
        return np.int64(_map(ctx).add((np.array(indices), np.array(values), np.array(shape))))

    return run


@reference.kernel("AddManySparseToTensorsMap")
def add_many(ctx):
    """Keeps the rows of a tensor."""
    def run(indices, values, shape):
        _check(indices, values, shape)
        rows, numbers = int(shape[0]), []
        if len(indices) and not 0 <= indices[:, 0].min() <= indices[:, 0].max() < rows:
            raise errors.InvalidArgumentError(None, None, f"Received invalid row in indices of {rows} rows")
        for row in range(rows):
            own = indices[:, 0] == row
            numbers.append(_map(ctx).add((indices[own][:, 1:].copy(), values[own].copy(), shape[1:].copy())))
        return np.array(numbers, np.int64)

    return run


@reference.kernel("TakeManySparseFromTensorsMap")
def take_many(ctx):
    """Takes tensors and stacks them."""
    dtype = ctx.attr("dtype").as_numpy_dtype

    def run(handles):
        if handles.ndim != 1:
            raise errors.InvalidArgumentError(
                None, None, f"sparse_handles should be a vector, received shape {handles.shape}")
        tensors = [_map(ctx).take(int(number)) for number in handles]
        ranks = {len(shape) for _, _, shape in tensors}
        if len(ranks) > 1:
            raise errors.InvalidArgumentError(None, None, f"Inconsistent rank across SparseTensors: {sorted(ranks)}")
        rank = ranks.pop() if ranks else 0
        indices = [np.column_stack([np.full(len(i), row, np.int64), i]) for row, (i, _, _) in enumerate(tensors)]
        sizes = np.max([shape for _, _, shape in tensors], axis=0) if tensors else np.zeros(rank, np.int64)
        return (np.concatenate([np.zeros((0, rank + 1), np.int64), *indices]),
                np.concatenate([np.zeros(0, dtype), *(v for _, v, _ in tensors)]),
                np.concatenate([[len(tensors)], sizes]).astype(np.int64))

    return run
