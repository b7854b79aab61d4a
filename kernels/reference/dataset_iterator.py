"""Reference kernels of `graphflow/ops/dataset_iterator.py`.

State: per iterator an `IteratorResource`, which the session keeps under ("iterator", container, name).
"""

import threading
import time

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .optional import Optional
from .pipeline import Pass, fail, own_pass, stage_of, variant

_HANDLE = "graphflow iterator"


class IteratorResource:
    """A place for one pass through a dataset; elements are taken by one thread at a time."""

    def __init__(self, container, name, types, shapes):
        self.container, self.name = container, name
        self.types, self.shapes = types, shapes
        self._lock, self._starting = threading.Lock(), threading.Lock()
        self._pass = self._elements = None

    def initialize(self, stage):
        """Starts over, with the elements of `stage`."""
        run = Pass()
        elements = stage.elements(run)
        self._pass, self._elements = run, elements

    def initialize_once(self, make):
        """Starts with the elements of the Stage `make()`, unless it has been started before."""
        if self._pass is None:
            with self._starting:
                if self._pass is None:
                    self.initialize(make())

    def next_element(self, deadline=None):
        """The next element: a tuple of arrays.

        `deadline`: that of the run, or None. Raises OutOfRangeError at the end, FailedPreconditionError before
        initialisation, CancelledError once the session is closed, and whatever making the element raises.
        """
        if self._elements is None:
            raise errors.FailedPreconditionError(
                None, None, "GetNext() failed because the iterator has not been initialized. Ensure that you have run "
                "the initializer operation for this iterator before getting the next element.")
        if deadline is None:
            with self._lock:
                return self._next()
        if not self._lock.acquire(timeout=max(0.0, deadline.expires - time.monotonic())):
            raise deadline.error()
        run = self._pass
        run.deadline = deadline
        deadline.will_call(run.wake)
        try:
            return self._next()
        finally:
            run.deadline = None
            self._lock.release()

    def _next(self):
        run, elements = self._pass, self._elements
        run.check_open()
        try:
            return next(elements)
        except StopIteration:
            if self._elements is elements:
                self._elements = iter(())
        raise errors.OutOfRangeError(None, None, "End of sequence")

    def close_resource(self):
        """Wakes whoever waits for an element, and ends the threads of the pass."""
        if self._pass is not None:
            self._pass.close()

    @property
    def string_handle(self):
        """The text that stands for this iterator in its session."""
        return "\0".join((_HANDLE, self.container, self.name)).encode()


def _element_types(ctx):
    return ctx.attr("output_types"), ctx.attr("output_shapes")


def iterator_resource(ctx):
    """The iterator that an op with `container` and `shared_name` declares, made when first asked for."""
    container = ctx.attr("container").decode()
    name = ctx.attr("shared_name").decode() or ctx.op_name
    return ctx.resources.get(("iterator", container, name),
                             lambda: IteratorResource(container, name, *_element_types(ctx)))


@reference.kernel("Iterator", "IteratorV2")
def iterator(ctx):
    """The handle of an iterator."""
    return lambda: variant(iterator_resource(ctx))


@reference.kernel("OneShotIterator")
def one_shot_iterator(ctx):
    """The handle of an iterator that starts by itself, once."""
    function = ctx.function("dataset_factory")

    def run():
        resource = iterator_resource(ctx)
        resource.initialize_once(lambda: stage_of(function.start(Pass())()[0]))
        return variant(resource)

    return run


def _resource_of(handle):
    resource = handle[()] if handle.ndim == 0 else None
    if not isinstance(resource, IteratorResource):
        fail("The given resource is not an iterator")
    return resource


@reference.kernel("MakeIterator")
def make_iterator(ctx):
    """Has an iterator start over."""

    def run(dataset, handle):
        _resource_of(handle).initialize(stage_of(dataset))

    return run


@reference.kernel("IteratorGetNext", "IteratorGetNextSync")
def get_next(ctx):
    """The next element."""
    return lambda handle: _resource_of(handle).next_element(ctx.resources.deadline())


@reference.kernel("IteratorGetNextAsOptional")
def get_next_as_optional(ctx):
    """The next element, or none at the end."""

    def run(handle):
        try:
            return variant(Optional(_resource_of(handle).next_element(ctx.resources.deadline())))
        except errors.OutOfRangeError:
            return variant(Optional(None))

    return run


reference.function("IteratorToStringHandle", lambda handle: np.array(_resource_of(handle).string_handle, object))


@reference.kernel("IteratorFromStringHandle", "IteratorFromStringHandleV2")
def from_string_handle(ctx):
    """The iterator that a text stands for."""
    types, shapes = _element_types(ctx)

    def run(text):
        parts = text[()].decode(errors="replace").split("\0") if text.ndim == 0 else []
        if len(parts) != 3 or parts[0] != _HANDLE:
            fail(f"string_handle could not be parsed as a valid string handle of an iterator: {text[()]!r}")
        resource = ctx.resources.get(("iterator", *parts[1:]), lambda: _raise_missing(parts[2]))
        if types:
            _check_elements(resource, types, shapes)
        return variant(resource)

    return run


def _raise_missing(name):
    raise errors.NotFoundError(None, None, f"Iterator {name!r} does not exist in this session.")


def _check_elements(resource, types, shapes):
    """Refuses an iterator whose elements are not those that were promised."""
    if len(types) != len(resource.types):
        fail(f"Number of components does not match: expected {len(types)} types but got {len(resource.types)}.")
    for i, (wanted, found) in enumerate(zip(types, resource.types)):
        if wanted != found:
            fail(f"Data type mismatch at component {i}: expected {wanted.name} but got {found.name}.")
    for i, (wanted, found) in enumerate(zip(shapes, resource.shapes)):
        if wanted is not None and found is not None and (
                len(wanted) != len(found) or any(a not in (None, b) and b is not None for a, b in zip(wanted, found))):
            fail(f"Incompatible shapes at component {i}: expected {wanted} but got {found}.")


@reference.kernel("DatasetToSingleElement")
def single_element(ctx):
    """The only element of a dataset."""

    def run(dataset):
        found = []
        with own_pass(ctx.resources) as run:
            for element in stage_of(dataset).elements(run):
                found.append(element)
                if len(found) > 1:
                    fail("Dataset had more than one element.")
        if not found:
            fail("Dataset was empty.")
        return found[0]

    return run
