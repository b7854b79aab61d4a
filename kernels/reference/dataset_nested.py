"""Reference kernels of `graphflow/ops/dataset_nested.py`. State: none; iterators keep their place."""

import os

import numpy as np

from ..registry import reference
from .background import Background
from .dataset_function import bound, mapped, parallelism, parts
from .pipeline import UNKNOWN, Stage, fail, scalar, stage_of, variant


class _FlatMapped:
    """The elements of the datasets that a function makes of elements, one dataset after the other."""

    def __init__(self, run, elements, function):
        self._run, self._elements, self._function = run, elements, function
        self._inner = iter(())

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            for element in self._inner:
                return element
            self._run.check_open()
            self._inner = stage_of(mapped(self._function, next(self._elements))[0]).elements(self._run)


@reference.kernel("FlatMapDataset")
def flat_map(ctx):
    """The elements of a dataset for each element."""
    function = ctx.function("f")

    def run(source, *captured):
        source = stage_of(source)
        return variant(Stage(lambda run: _FlatMapped(run, source.elements(run), bound(function, captured, run))))

    return run


class _Interleaved:
    """Elements of several open datasets by turns: `block` of one, then of the next of `cycle`.

    Args: open_stage: function from a Stage to an iterator. sloppy: whether an iterator that has nothing ready
      may be passed over.
    """

    def __init__(self, elements, function, cycle, block, open_stage, sloppy=False):
        self._elements, self._function, self._open_stage = elements, function, open_stage
        self._open = [None] * cycle
        self._block, self._sloppy = block, sloppy
        self._at = self._given = self._number = 0
        self._exhausted = False

    def __iter__(self):
        return self

    def __next__(self):
        while self._number or not self._exhausted:
            if self._open[self._at] is None:
                self._open_next()
                continue
            if self._sloppy:
                self._pass_over()
            try:
                element = next(self._open[self._at])
            except StopIteration:
                self._open[self._at] = None
                self._number -= 1
                self._advance()
                continue
            self._given += 1
            if self._given == self._block:
                self._advance()
            return element
        raise StopIteration

    def _advance(self):
        self._at = (self._at + 1) % len(self._open)
        self._given = 0

    def _open_next(self):
        """Opens a dataset in the empty place, or goes on to the next place."""
        if self._exhausted:
            self._advance()
            return
        try:
            element = next(self._elements)
        except StopIteration:
            self._exhausted = True
            return
        self._open[self._at] = self._open_stage(stage_of(mapped(self._function, element)[0]))
        self._number += 1

    def _pass_over(self):
        """Goes to the next open iterator that has something ready, if there is one."""
        for step in range(len(self._open)):
            at = (self._at + step) % len(self._open)
            if self._open[at] is not None and self._open[at].is_ready:
                if step:
                    self._at, self._given = at, 0
                return


def _cycle(cycle_length, block_length):
    cycle, block = scalar(cycle_length, "cycle_length"), scalar(block_length, "block_length")
    if cycle < 1 and cycle != -1:
        fail("cycle_length must be greater than zero.")
    if block < 1:
        fail("block_length must be greater than zero.")
    return (os.cpu_count() or 1) if cycle == -1 else cycle, block


@reference.kernel("InterleaveDataset")
def interleave(ctx):
    """Elements of several datasets by turns."""
    function = ctx.function("f")

    def run(source, *rest):
        source, captured, (cycle, block) = stage_of(source), rest[:-2], _cycle(*rest[-2:])
        return variant(Stage(lambda run: _Interleaved(
            source.elements(run), bound(function, captured, run), cycle, block, lambda s: s.elements(run))))

    return run


def _ahead(run, limit):
    """Opens a dataset whose elements a thread makes ahead."""

    def open_stage(stage):
        items = Background(run, stage.elements(run), limit=limit)
        items.start()
        return items

    return open_stage


@reference.kernel("ParallelInterleaveDatasetV2")
def parallel_interleave(ctx):
    """Elements of several datasets by turns, each made ahead by a thread."""
    function, sloppy = ctx.function("f"), ctx.attr("sloppy")

    def run(source, *rest):
        source, captured, (cycle, block) = stage_of(source), rest[:-3], _cycle(*rest[-3:-1])
        parallelism(rest[-1], "num_parallel_calls")
        return variant(Stage(lambda run: _Interleaved(
            source.elements(run), bound(function, captured, run), cycle, block, _ahead(run, block), sloppy)))

    return run


@reference.kernel("ParallelInterleaveDataset")
def parallel_interleave_by_workers(ctx):
    """The same, with a buffer size of its own and elements as they are ready, if asked for."""
    function = ctx.function("f")

    def run(source, *rest):
        source, captured, (cycle, block) = stage_of(source), rest[:-5], _cycle(*rest[-5:-3])
        sloppy, buffered = bool(rest[-3]), scalar(rest[-2], "buffer_output_elements")
        if buffered < 1:
            fail("`buffer_output_elements` must be > 0")
        if scalar(rest[-1], "prefetch_input_elements") < 0:
            fail("`prefetch_input_elements` must be >= 0")
        return variant(Stage(lambda run: _Interleaved(
            source.elements(run), bound(function, captured, run), cycle, block, _ahead(run, buffered), sloppy)))

    return run


def _functions(ctx, *names):
    """The functions of an op with several, and how many captured tensors each has."""
    return [ctx.function(f"{name}_func") for name in names], [
        len(ctx.attr(f"T{name}_func_other_arguments")) for name in names]


class _Grouped:
    """Elements by key: a dataset of each group is reduced once it is as large as its window."""

    def __init__(self, run, elements, key, reduce, window_size):
        self._run, self._elements = run, elements
        self._key, self._reduce, self._window_size = key, reduce, window_size
        self._groups, self._sizes, self._ended = {}, {}, False
        self._inner = iter(())

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            for element in self._inner:
                return element
            if self._ended and not self._groups:
                raise StopIteration
            self._next_group()

    def _next_group(self):
        while not self._ended:
            try:
                element = next(self._elements)
            except StopIteration:
                self._ended = True
                break
            key = scalar(self._key(element)[0], "The key")
            if key not in self._groups:
                size = scalar(self._window_size((np.array(key, np.int64),))[0], "The window size")
                if size < 1:
                    fail(f"Window size must be greater than zero, but got {size}.")
                self._sizes[key], self._groups[key] = size, []
            group = self._groups[key]
            group.append(element)
            if len(group) >= self._sizes[key]:
                self._start(key)
                return
        if self._groups:
            self._start(min(self._groups))

    def _start(self, key):
        group = self._groups.pop(key)
        stage = Stage(lambda run: iter(group), len(group))
        made = self._reduce((np.array(key, np.int64), variant(stage)))
        self._inner = stage_of(made[0]).elements(self._run)


@reference.kernel("GroupByWindowDataset")
def group_by_window(ctx):
    """The elements of what a function makes of each window of each group."""
    functions, sizes = _functions(ctx, "key", "reduce", "window_size")

    def run(source, *captured):
        source, captured = stage_of(source), parts(captured, sizes)
        return variant(Stage(lambda run: _Grouped(
            run, source.elements(run), *[bound(f, c, run) for f, c in zip(functions, captured)])))

    return run


def _reduced_groups(run, elements, key, init, reduce, finalize):
    """One element per key, in the order of the keys' first elements."""
    states = {}
    for element in elements:
        found = scalar(key(element)[0], "The key")
        if found not in states:
            states[found] = init((np.array(found, np.int64),))
        states[found] = reduce((*states[found], *element))
    for state in states.values():
        yield tuple(finalize(tuple(state)))


@reference.kernel("ExperimentalGroupByReducerDataset")
def group_by_reducer(ctx):
    """One element for each group."""
    functions, sizes = _functions(ctx, "key", "init", "reduce", "finalize")

    def run(source, *captured):
        source, captured = stage_of(source), parts(captured, sizes)
        return variant(Stage(lambda run: _reduced_groups(
            run, source.elements(run), *[bound(f, c, run) for f, c in zip(functions, captured)]), UNKNOWN))

    return run
