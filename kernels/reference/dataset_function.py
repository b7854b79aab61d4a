"""Reference kernels of `graphflow/ops/dataset_function.py`.

A function of a dataset is `ctx.function(name)`: `start(run)` gives what calls it in a Pass, as
`call(*arrays)`, with the values of its captured tensors first. State: none; iterators keep their place.
"""

import os
import weakref

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .background import Calls
from .dataset_batch import Batches
from .pipeline import Stage, fail, own_pass, scalar, stack, stage_of, variant


def bound(function, captured, run):
    """The function in a Pass, over an element (a tuple of arrays)."""
    call = function.start(run)
    return lambda element: call(*captured, *element)


class _Mapped:
    """What a function makes of elements; OutOfRangeError in it ends them."""

    def __init__(self, elements, function):
        self._elements, self._function = elements, function

    def __iter__(self):
        return self

    def __next__(self):
        return mapped(self._function, next(self._elements))


def mapped(function, element):
    """`function(element)`; its OutOfRangeError is the end of the dataset."""
    try:
        return function(element)
    except errors.OutOfRangeError:
        raise StopIteration from None


def _endless(function):
    """`function`, where its OutOfRangeError must not end a dataset: as an InvalidArgumentError, as in TensorFlow."""
    def call(element):
        try:
            return function(element)
        except errors.OutOfRangeError as error:
            raise errors.InvalidArgumentError(
                error.node_def, error.op, f"Function invocation produced OutOfRangeError: {error.message}") from error

    return call


@reference.kernel("MapDataset")
def map_elements(ctx):
    """A function of each element."""
    function = ctx.function("f")

    def run(source, *captured):
        source = stage_of(source)
        return variant(Stage(lambda run: _Mapped(source.elements(run), bound(function, captured, run)),
                             source.cardinality))

    return run


def parallelism(value, name):
    """How many calls at once; -1: as many as there are processors."""
    number = scalar(value, name)
    if number < 1 and number != -1:
        fail(f"{name} must be greater than zero.")
    return (os.cpu_count() or 1) if number == -1 else number


class _UntilEnd:
    """Items of which an OutOfRangeError is the end."""

    def __init__(self, items):
        self._items = items

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self._items)
        except errors.OutOfRangeError:
            raise StopIteration from None


@reference.kernel("ParallelMapDataset")
def parallel_map(ctx):
    """A function of each element, several at once."""
    function, ordered = ctx.function("f"), not ctx.attr("sloppy")

    def run(source, *rest):
        source, captured, calls = stage_of(source), rest[:-1], parallelism(rest[-1], "num_parallel_calls")

        def start(run):
            call = bound(function, captured, run)
            return _UntilEnd(Calls(run, source.elements(run), call, calls, calls, ordered, function.blocking))

        return variant(Stage(start, source.cardinality))

    return run


class _WholeBatches(Batches):
    """Batches of which one with an element that fails is lost as a whole."""

    def __next__(self):
        group, failure = [], None
        for _ in range(self._size):
            try:
                group.append(next(self._items))
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 - it leaves when the batch is at its end
                failure = failure or error
        if failure is not None:
            raise failure
        if not group or (self._drop and len(group) < self._size):
            raise StopIteration
        return self._join(group)


@reference.kernel("MapAndBatchDataset")
def map_and_batch(ctx):
    """Batches of what a function makes of elements, several at once."""
    function = ctx.function("f")

    def run(source, *rest):
        source, captured = stage_of(source), rest[:-3]
        size, calls = scalar(rest[-3], "batch_size"), parallelism(rest[-2], "num_parallel_calls")
        if size < 1:
            fail("batch_size must be greater than zero.")
        drop = bool(rest[-1])

        def start(run):
            call = _endless(bound(function, captured, run))
            made = Calls(run, source.elements(run), call, max(calls, size), calls, blocking=function.blocking)
            return _WholeBatches(made, size, drop, stack)

        return variant(Stage(start))

    return run


def _truth(result):
    if result[0].ndim or result[0].dtype != np.bool_:
        fail("Filter predicate `f` must return a scalar bool.")
    return bool(result[0])


class _Filtered:
    """The elements for which a predicate holds; with `stop`, only until the first for which it does not."""

    def __init__(self, run, elements, predicate, stop=False):
        self._run, self._elements, self._predicate = run, elements, predicate
        self._stop, self._ended = stop, False

    def __iter__(self):
        return self

    def __next__(self):
        while not self._ended:
            element = next(self._elements)
            if _truth(self._predicate(element)):
                return element
            self._ended = self._stop
            self._run.check_open()
        raise StopIteration


def _filtering(op_type, stop):
    @reference.kernel(op_type)
    def make(ctx):
        function = ctx.function("predicate")

        def run(source, *captured):
            source = stage_of(source)
            return variant(Stage(lambda run: _Filtered(
                run, source.elements(run), bound(function, captured, run), stop)))

        return run


_filtering("FilterDataset", stop=False)
_filtering("TakeWhileDataset", stop=True)


class _Scanned:
    """What a function makes of a state and an element; the state goes on to the next element."""

    def __init__(self, elements, call, state, captured):
        self._elements, self._call, self._state, self._captured = elements, call, state, captured

    def __iter__(self):
        return self

    def __next__(self):
        element, size = next(self._elements), len(self._state)
        result = _endless(lambda values: self._call(*self._captured, *values))((*self._state, *element))
        self._state = result[:size]
        return tuple(result[size:])


@reference.kernel("ScanDataset")
def scan(ctx):
    """Elements of a function of a running state and each element."""
    function, size = ctx.function("f"), len(ctx.attr("Tstate"))

    def run(source, *rest):
        source, state, captured = stage_of(source), rest[:size], rest[size:]
        return variant(Stage(lambda run: _Scanned(source.elements(run), function.start(run), state, captured),
                             source.cardinality))

    return run


@reference.kernel("ReduceDataset")
def reduce(ctx):
    """The last state of a function of a state and each element."""
    function, size = ctx.function("f"), len(ctx.attr("Tstate"))

    def run(source, *rest):
        state, captured = rest[:size], rest[size:]
        with own_pass(ctx.resources) as run:
            call = function.start(run)
            for element in stage_of(source).elements(run):
                run.check_open()
                state = call(*captured, *state, *element)
        return tuple(state)

    return run


def parts(values, sizes):
    """Consecutive runs of `values` of these sizes."""
    result, at = [], 0
    for size in sizes:
        result.append(values[at:at + size])
        at += size
    return result


def _finish_quietly(run, finish, state):
    """Ends a generator's state, unless its session is over: then it goes with its graph."""
    if not run.closed:
        try:
            finish(state)
        except errors.CancelledError:
            return


class _Generated:
    """What a function gives of a state until it raises OutOfRangeError; another makes, a third ends the state.

    The state of an iterator that is dropped before its end is ended, too.
    """

    def __init__(self, run, make, following, finish):
        self._run, self._make, self._following, self._finish = run, make, following, finish
        self._state, self._ended, self._dropped = None, False, None

    def __iter__(self):
        return self

    def __next__(self):
        if self._ended:
            raise StopIteration
        if self._state is None:
            self._state = tuple(self._make(()))
            self._dropped = weakref.finalize(self, _finish_quietly, self._run, self._finish, self._state)
            self._dropped.atexit = False
        try:
            return self._following(self._state)
        except errors.OutOfRangeError:
            self._ended = True
        self._dropped.detach()
        self._finish(self._state)
        raise StopIteration


@reference.kernel("GeneratorDataset")
def generator(ctx):
    """Elements of a generator of the user."""
    functions = [ctx.function(f"{name}_func") for name in ("init", "next", "finalize")]
    sizes = [len(ctx.attr(f"T{name}_func_args")) for name in ("init", "next", "finalize")]

    def run(*captured):
        captured = parts(captured, sizes)
        # Of the first function, the arguments stand before what it captures.
        count = functions[0].arguments
        captured[0] = captured[0][count:] + captured[0][:count]
        return variant(Stage(lambda run: _Generated(
            run, *[bound(f, c, run) for f, c in zip(functions, captured)])))

    return run
