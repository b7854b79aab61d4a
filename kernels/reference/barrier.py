"""Reference kernels of `graphflow/ops/barrier.py`: tuples by key, given when all their components are there."""

import heapq

import numpy as np

from graphflow.framework import errors

from ..handles import handle_kernel, resource_of
from ..monitor import Monitor
from ..registry import reference
from ..waiting import WaitingKernel

_FIRST_INDEX = -2**63


def _cancelled(message):
    return errors.CancelledError(None, None, message)


class Barrier(Monitor):
    """State: elements that lack components, by key; complete ones, first inserted first; whether it is closed."""

    noun = "barrier"

    def __init__(self, name, dtypes, shapes):
        super().__init__(name)
        self.dtypes = dtypes
        self._shapes = shapes
        self._incomplete = {}  # key -> (index of the insertion that brought it, its number, components)
        self._ready = []  # heap of (index, number, key, components)
        self._index, self._number = _FIRST_INDEX, 0
        self._closed = self._cancelled = False

    def insert(self, component, keys, values):
        """Brings one component of each of the elements `keys`."""
        self._check(component, keys, values)
        self.change(lambda: self._insert(component, keys, values))

    def _check(self, component, keys, values):
        def refuse(message):
            raise errors.InvalidArgumentError(None, None, message)

        if not 0 <= component < len(self.dtypes):
            refuse(f"The component ID is out of range {component} > num_components")
        if keys.ndim != 1 or not values.ndim or len(values) != len(keys):
            refuse(f"Number of keys ({keys.size}) and values ({values.shape[:1]}) of barrier '{self.name}' differ")
        if len(keys) and not values.size:
            refuse(f"Tensors with no elements are not supported for barrier '{self.name}', got shape {values.shape}")
        if self._shapes and values.shape[1:] != self._shapes[component]:
            refuse(f"Shape mismatch in tuple component {component}. Expected {self._shapes[component]}, got "
                   f"{values.shape[1:]}")

    def _insert(self, component, keys, values):
        new = [key for key in keys if key not in self._incomplete]
        if self._cancelled or self._closed and new:
            what = f", but attempted to insert a brand new key: {new[0].decode('latin-1')}" if new else ""
            at = f"  Insertion index: {list(keys).index(new[0])}." if new else ""
            raise _cancelled(f"Barrier {self.name} is closed{what}.  Pending enqueues cancelled: "
                             f"{int(self._cancelled)}.{at}  Number of incomplete keys: {len(self._incomplete)}.")
        for key in keys:
            if key in self._incomplete and self._incomplete[key][2][component] is not None:
                raise errors.InvalidArgumentError(
                    None, None, f"Key {key.decode('latin-1')} already has a value for component {component} in barrier "
                    f"{self.name}")
        for key, value in zip(keys, values):
            if key not in self._incomplete:
                self._incomplete[key] = (self._index, self._number, [None] * len(self.dtypes))
                self._number += 1
            index, number, components = self._incomplete[key]
            components[component] = value
            if all(c is not None for c in components):
                heapq.heappush(self._ready, (index, number, key, components))
                del self._incomplete[key]
        if new:
            self._index += 1

    def take(self, ticket, count, small):
        """Gives `count` complete elements; fewer if `small`, once it is closed."""
        def go():
            small_now = small and self._closed
            # Smaller batches do not wait for what is incomplete: that may be completed from them.
            total = len(self._ready) + (0 if small_now else len(self._incomplete))
            wanted = min(count, total) if small_now else count
            if self._closed and total < max(wanted, 1):
                raise errors.OutOfRangeError(
                    None, None, f"Barrier '{self.name}' is closed and has insufficient elements (requested {count}, "
                    f"total size {total})")
            if len(self._ready) < wanted:
                return None
            return [heapq.heappop(self._ready) for _ in range(wanted)]

        self.when(ticket, go, f"{count} complete elements")

    def batch(self, elements):
        """(indices, keys, components) of elements, stacked."""
        keys = np.empty(len(elements), object)
        keys[:] = [e[2] for e in elements]
        columns = [keys]
        for i, dtype in enumerate(self.dtypes):
            items = [e[3][i] for e in elements]
            shape = np.shape(items[0]) if items else self._shapes[i] if self._shapes else ()
            column = np.empty((len(items), *shape), dtype.as_numpy_dtype)
            for j, item in enumerate(items):
                if np.shape(item) != shape:
                    raise errors.InvalidArgumentError(
                        None, None, f"Shapes {shape} and {np.shape(item)} of component {i} can not be stacked")
                column[j] = item
            columns.append(column)
        return [np.array([e[0] for e in elements], np.int64), *columns]

    def close(self, cancel):
        """Lets no new elements in; with `cancel`, no components either."""
        def change():
            if self._closed and (self._cancelled or not cancel):
                raise _cancelled(f"Barrier '{self.name}' is already closed.")
            self._closed = True
            if cancel:
                self._cancelled = True
                self._incomplete.clear()

        self.change(change)

    def sizes(self):
        """(complete, incomplete) elements."""
        return len(self._ready), len(self._incomplete)


def _barrier(handle):
    return resource_of(handle, Barrier, "barrier")


@reference.kernel("Barrier")
def barrier(ctx):
    """A barrier of the session."""
    types, shapes = ctx.attr("component_types"), ctx.attr("shapes")
    shapes = [] if any(s is None for s in shapes) else shapes
    return handle_kernel(ctx, lambda name: Barrier(name, types, shapes),
                         {"component types": types, "component shapes": shapes})


@reference.kernel("BarrierInsertMany")
def insert_many(ctx):
    """Brings components."""
    def run(handle, keys, values):
        _barrier(handle).insert(ctx.attr("component_index"), keys, np.array(values))

    return run


@reference.kernel("BarrierTakeMany")
def take_many(ctx):
    """Takes complete elements."""
    if ctx.attr("timeout_ms") != -1:
        raise errors.InvalidArgumentError(None, None, "Timeout not supported yet.")
    small = ctx.attr("allow_small_batch")
    return WaitingKernel(ctx, lambda ticket, handle, count: _barrier(handle).take(ticket, int(count), small),
                         lambda elements, handle, count: _barrier(handle).batch(elements))


@reference.kernel("BarrierClose")
def close(ctx):
    """Closes."""
    return lambda handle: _barrier(handle).close(ctx.attr("cancel_pending_enqueues"))


reference.function("BarrierReadySize", lambda handle: np.int32(_barrier(handle).sizes()[0]))
reference.function("BarrierIncompleteSize", lambda handle: np.int32(_barrier(handle).sizes()[1]))
