"""Reference kernels of `graphflow/ops/state_scatter.py`: updated copies of a variable's value.

Updates at the same place are applied in their order. Holds no state.
"""

import numpy as np

from ..registry import reference
from .array_checks import check_range, debug, fail, named_rows, skips_empty_rows

_LONG_ROW = 16


def check_index_vectors(shape, indices):
    """Index vectors `[..., K]` as a tuple of K index arrays; fails if one is not in `shape`."""
    if not indices.ndim:
        fail(f"Indices shape must have rank at least one. Found:{debug(indices.shape)}")
    depth = indices.shape[-1]
    if depth > len(shape):
        fail(f"index innermost dimension length must be <= params rank; saw: {depth} vs. {len(shape)}")
    bad = ((indices < 0) | (indices >= np.array(shape[:depth], indices.dtype))).any(axis=-1)
    if bad.any():
        first = np.unravel_index(int(np.flatnonzero(bad.ravel())[0]), bad.shape)
        vector = ", ".join(str(int(i)) for i in indices[first])
        fail(f"indices{debug(first) if first else ''} = [{vector}] does not index into shape "
             f"{debug(shape)}")
    return tuple(np.moveaxis(indices, -1, 0))


def _divide(target, where, updates):
    # `at` of true division would make floats of integers; division by zero is the caller's error.
    if np.issubdtype(target.dtype, np.integer):
        if (updates == 0).any():
            fail("Integer division by zero")
        quotient = _truncating_divide
        for position, update in zip(_positions(where), _each(updates, where)):
            target[position] = quotient(target[position], update)
    else:
        np.divide.at(target, where, updates)


def _truncating_divide(x, y):
    quotient = np.abs(x) // np.abs(y)
    return (np.sign(x) * np.sign(y) * quotient).astype(x.dtype)


def _positions(where):
    return np.broadcast(*where) if len(where) > 1 else ((i,) for i in where[0].ravel())


def _each(updates, where):
    count = where[0].size
    tail = updates.shape[where[0].ndim:]
    return updates.reshape((count, *tail)) if updates.ndim else [updates] * count


def _set(target, where, updates):
    # Assignment through index arrays leaves open which of two equal indices wins; the last must.
    for position, update in zip(_positions(where), _each(updates, where)):
        target[position] = update


def _in_order(function, target, where, updates):
    # Row by row where rows are long: several times as fast as the `at` of NumPy, in the same order.
    if updates.ndim and updates[(0,) * where[0].ndim].size >= _LONG_ROW:
        for position, update in zip(_positions(where), _each(updates, where)):
            target[position] = function(target[position], update)
    else:
        function.at(target, where, updates)


_UPDATES = {
    "Update": _set,
    "Add": lambda target, where, updates: _in_order(np.add, target, where, updates),
    "Sub": lambda target, where, updates: _in_order(np.subtract, target, where, updates),
    "Mul": lambda target, where, updates: np.multiply.at(target, where, updates),
    "Div": _divide,
    "Min": lambda target, where, updates: np.minimum.at(target, where, updates),
    "Max": lambda target, where, updates: np.maximum.at(target, where, updates),
}


def _rows(update):
    def run(ref, indices, updates):
        if not ref.ndim:
            fail(f"params must be at least 1-D, got shape {debug(ref.shape)}")
        if updates.ndim and updates.shape != indices.shape + ref.shape[1:]:
            fail("Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], "
                 f"got updates.shape {debug(updates.shape)}, indices.shape {debug(indices.shape)}, "
                 f"params.shape {debug(ref.shape)}")
        check_range("indices", indices, ref.shape[0])
        result = ref.copy()
        if indices.size:
            update(result, (indices,), updates)
        return result

    return run


def _skipping(run):
    """A maker of `run`, for nodes that leave empty rows alone too."""
    def make(ctx):
        if not skips_empty_rows(ctx):
            return run
        return lambda ref, indices, updates: run(ref, *named_rows(indices, updates))

    return make


def _slices(update):
    def run(ref, indices, updates):
        where = check_index_vectors(ref.shape, indices)
        expected = indices.shape[:-1] + ref.shape[len(where):]
        if updates.shape != expected:
            fail(f"The shape of updates, {debug(updates.shape)}, must be indices.shape[:-1] + "
                 f"ref.shape[{len(where)}:] = {debug(expected)}")
        result = ref.copy()
        if indices.size:
            update(result, where, updates)
        return result

    return run


for _kind, _update in _UPDATES.items():
    for _prefix in ("", "Resource"):
        reference.kernel(f"{_prefix}Scatter{_kind}")(_skipping(_rows(_update)))
        if _kind in ("Update", "Add", "Sub"):
            reference.function(f"{_prefix}ScatterNd{_kind}", _slices(_update))
