"""Staging areas: tuples of tensors that wait, in a row or by key, to be taken. State: what is staged."""

import collections

import numpy as np

from graphflow.framework import errors

from .monitor import Monitor


class _Limited(Monitor):
    """What both kinds share. Args: capacity, memory_limit: elements and bytes that fit, 0 for no limit."""

    noun = "staging area"

    def __init__(self, name, capacity, memory_limit):
        super().__init__(name)
        self._capacity = capacity
        self._limit = memory_limit
        self._bytes = 0

    def is_starving(self, ticket):
        """Whether the ticket waits for elements, not for room."""
        return "room" not in self.describe(ticket)

    def _size_of(self, components):
        size = sum(np.asarray(c).nbytes for c in components if c is not None)
        if self._limit and size > self._limit:
            raise errors.ResourceExhaustedError(
                None, None, f"Attempted to insert tensors with combined size of '{size}' bytes into Staging Area with "
                f"a memory limit of '{self._limit}'.")
        return size

    def _fits(self, size, count):
        full = self._capacity and count >= self._capacity or self._limit and self._bytes + size > self._limit
        return not full


class StagingArea(_Limited):
    """First in, first out."""

    def __init__(self, name, capacity, memory_limit):
        super().__init__(name, capacity, memory_limit)
        self._elements = collections.deque()

    def put(self, ticket, components):
        """Stages an element when there is room."""
        size = self._size_of(components)

        def go():
            if not self._fits(size, len(self._elements)):
                return None
            self._elements.append(components)
            self._bytes += size
            return ()

        self.when(ticket, go, "room")

    def get(self, ticket):
        """Takes the first element."""
        def go():
            if not self._elements:
                return None
            element = self._elements.popleft()
            self._bytes -= self._size_of(element)
            return element

        self.when(ticket, go, "an element")

    def peek(self, ticket, index):
        """Looks at the element number `index`."""
        if index < 0:
            raise errors.InvalidArgumentError(None, None, f"index must be >= 0, got {index}")
        self.when(ticket, lambda: self._elements[index] if index < len(self._elements) else None,
                  f"element {index}")

    def size(self):
        """How many elements there are."""
        return len(self._elements)

    def clear(self):
        """Drops all."""
        self._elements.clear()
        self._bytes = 0


class MapStagingArea(_Limited):
    """By key; an element may be put, and taken, component by component. `ordered`: smallest key first."""

    def __init__(self, name, capacity, memory_limit, ordered, width):
        super().__init__(name, capacity, memory_limit)
        self._ordered = ordered
        self._width = width
        self._incomplete = {}
        self._complete = {}

    def put(self, ticket, key, indices, values):
        """Stages components of the element `key`."""
        size = self._size_of(values)
        bad = [i for i in indices if not 0 <= i < self._width]
        if bad or len(set(indices)) != len(indices) or len(indices) != len(values):
            raise errors.InvalidArgumentError(
                None, None, f"Indices {list(indices)} for {len(values)} values of a staging area of {self._width} "
                "components")

        def go():
            if key in self._complete:
                raise errors.InvalidArgumentError(None, None, f"The tensors for key '{key}' have already been staged")
            element = self._incomplete.get(key, [None] * self._width)
            taken = [i for i in indices if element[i] is not None]
            if taken:
                raise errors.InvalidArgumentError(
                    None, None, f"The tensor for index '{taken[0]}' for key '{key}' was already initialized "
                    f"'{self._width}'.")
            if not self._fits(size, len(self._complete) + (0 if key in self._incomplete else len(self._incomplete))):
                return None
            self._incomplete[key] = element
            for i, value in zip(indices, values):
                element[i] = value
            self._bytes += size
            if all(c is not None for c in element):
                self._complete[key] = self._incomplete.pop(key)
            return ()

        self.when(ticket, go, "room")

    def get(self, ticket, key, indices, remove=True):
        """Takes components of the element `key`, or looks at them."""
        def go():
            if key is not None:
                return self._taken(key, indices, remove) if key in self._complete else None
            if not self._complete:
                return None
            first = min(self._complete) if self._ordered else next(iter(self._complete))
            return [np.int64(first), *self._taken(first, indices, remove)]

        self.when(ticket, go, "an element" if key is None else f"element {key}")

    def _taken(self, key, indices, remove):
        element = self._complete[key]
        gone = [i for i in indices if not 0 <= i < self._width or element[i] is None]
        if gone:
            raise errors.InvalidArgumentError(
                None, None, f"Tensor at index '{gone[0]}' for key '{key}' has already been removed.")
        found = [element[i] for i in indices]
        if remove:
            self._bytes -= self._size_of(found)
            for i in indices:
                element[i] = None
            if all(c is None for c in element):
                del self._complete[key]
        return found

    def size(self):
        """How many elements are complete."""
        return len(self._complete)

    def incomplete_size(self):
        """How many elements lack components."""
        return len(self._incomplete)

    def clear(self):
        """Drops all."""
        self._complete.clear()
        self._incomplete.clear()
        self._bytes = 0
