"""What datasets are while they run: stages that start iterators, and what a pass through them shares.

The value of a dataset's variant tensor is a `Stage`. Starting it gives a Python iterator whose items
are elements: tuples of arrays, one per component. Stages that only order, repeat or choose elements
never look at them; where such a stage stands on tables (slices of tensors), its items are row
numbers instead, until a stage that wants elements asks for them. Batches are gathered from the tables
in one go.

An iterator that has raised an error may be asked again: it goes on behind the element that failed.

State: a `Pass` per initialised iterator. Threads of a pass are those of `background.py`.
"""

import contextlib
import threading
import weakref

import numpy as np

from graphflow.framework import errors

INFINITE, UNKNOWN = -1, -2


class Stage:
    """One dataset.

    Args:
      start: function from a Pass to an iterator over items.
      cardinality: number of elements, INFINITE or UNKNOWN.
      tables: arrays whose rows the items number, or None if items are elements.
    """

    __slots__ = ("start", "cardinality", "tables")

    def __init__(self, start, cardinality=UNKNOWN, tables=None):
        self.start = start
        self.cardinality = cardinality
        self.tables = tables

    def elements(self, run):
        """An iterator over elements for the Pass `run`."""
        items = self.start(run)
        return items if self.tables is None else map(self.row, items)

    def row(self, number):
        """The element that is row `number` of the tables."""
        return tuple([table[number, ...] for table in self.tables])


class Pass:
    """One way through a pipeline, from an iterator's initialisation to its end.

    Threads hold it, and so it holds nothing of its session: a session that is dropped takes its iterators, and
    these their threads, along. Attributes: closed: whether it is over. deadline: that of the run that asks for an
    element now, or None.
    """

    def __init__(self):
        self.closed = False
        self.deadline = None
        self._own = {}
        self._conditions = weakref.WeakSet()
        self._lock = threading.RLock()

    def get(self, key, factory):
        """The resource `key` of this pass, made by `factory()` when first asked for."""
        with self._lock:
            if key not in self._own:
                self._own[key] = factory()
            return self._own[key]

    def condition(self, lock):
        """A condition over `lock` that is notified when the pass is over."""
        condition = threading.Condition(lock)
        with self._lock:
            self._conditions.add(condition)
        return condition

    def close(self):
        """Ends the pass: whoever waits in it wakes up."""
        self.closed = True
        self.wake()

    def wake(self):
        """Has all who wait look whether they still should."""
        with self._lock:
            waiting = list(self._conditions)
        for condition in waiting:
            with condition:
                condition.notify_all()

    def check_open(self):
        """Raises CancelledError if the pass is over, DeadlineExceededError if its consumer's time is up."""
        if self.deadline is not None and self.deadline.passed():
            raise self.deadline.error()
        if self.closed:
            raise errors.CancelledError(None, None, "The iterator was closed, re-initialised or dropped with its "
                                        "session while it was asked for an element")


class _OwnPasses:
    """The passes that runs of a session are in the middle of; the session keeps it."""

    def __init__(self):
        self._open = set()

    @contextlib.contextmanager
    def one(self, deadline):
        """A Pass for the time of the context."""
        run = Pass()
        self._open.add(run)
        if deadline is not None:
            run.deadline = deadline
            deadline.will_call(run.wake)
        try:
            yield run
        finally:
            run.close()
            self._open.discard(run)

    def close_resource(self):
        """Ends all."""
        for run in list(self._open):
            run.close()


def own_pass(resources):
    """A context manager for the Pass of one run, which ends with it, its deadline or its session."""
    resources.check_open()
    return resources.get(("dataset passes",), _OwnPasses).one(resources.deadline())


def variant(value):
    """A Python object as the value of a variant or resource tensor."""
    array = np.empty((), object)
    array[()] = value
    return array


def stage_of(array):
    """The Stage in a variant; InvalidArgumentError if it holds something else."""
    stage = array[()] if array.ndim == 0 else None
    if not isinstance(stage, Stage):
        fail("The given variant tensor is not a dataset")
    return stage


def fail(message):
    """Raises InvalidArgumentError."""
    raise errors.InvalidArgumentError(None, None, message)


def scalar(array, name):
    """The value of a scalar argument of a dataset."""
    if array.ndim:
        fail(f"{name} must be a scalar")
    return array.item()


def same_rows(source, start, cardinality=UNKNOWN):
    """A stage of other order or number whose items are those of `source`."""
    return Stage(start, cardinality, source.tables)


def stack(elements):
    """Elements as one element with a leading dimension; InvalidArgumentError if their shapes differ."""
    result = []
    for number, parts in enumerate(zip(*elements)):
        first = parts[0]
        batch = np.empty((len(parts), *first.shape), first.dtype)
        for i, part in enumerate(parts):
            if part.shape != first.shape:
                fail(f"Cannot batch tensors with different shapes in component {number}. First element had shape "
                     f"{list(first.shape)} and element {i} had shape {list(part.shape)}.")
            batch[i, ...] = part
        result.append(batch)
    return tuple(result)


def gather(tables, numbers):
    """Rows of tables as one element with a leading dimension."""
    return tuple([table.take(numbers, axis=0) for table in tables])
