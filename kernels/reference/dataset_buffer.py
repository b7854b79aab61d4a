"""Reference kernels of `graphflow/ops/dataset_buffer.py`.

State: what `cache` keeps, in the dataset itself, from the run that made it (an initialiser) to the next.
"""

import os

import numpy as np

from graphflow.framework import errors
from graphflow.io.bundle_reader import BundleReader
from graphflow.io.bundle_writer import BundleWriter

from ..registry import reference
from .background import AutomaticPrefetch, Background
from .pipeline import Stage, fail, same_rows, scalar, stage_of, variant


class _Recording:
    """The items of an iterator, handed to `keep` as a list once it has ended."""

    def __init__(self, items, keep):
        self._items, self._keep, self._seen = items, keep, []

    def __iter__(self):
        return self

    def __next__(self):
        for item in self._items:
            self._seen.append(item)
            return item
        if self._seen is not None:
            self._keep(self._seen)
            self._seen = None
        raise StopIteration


class _MemoryCache:
    """The items of a dataset, from the first complete pass through it on."""

    def __init__(self, source):
        self._source, self._kept = source, None

    def start(self, run):
        """An iterator over the items."""
        if self._kept is not None:
            return iter(self._kept)
        items = self._source.start(run)
        return _Recording(items if self._source.tables is not None else map(_protected, items), self._keep)

    def _keep(self, items):
        self._kept = items


def _protected(element):
    """An element that may be given again: whoever fetches it gets a copy."""
    for array in element:
        array.flags.writeable = False
    return element


# An item's number is padded as TensorFlow does, so that either reads the other's files.
_NUMBER_WIDTH = 7


def _key(item, component, components):
    return f"{item:{_NUMBER_WIDTH}d}_{component:{len(str(max(components - 1, 1)))}d}"


def _write_cache(path, elements):
    with BundleWriter(path) as writer:
        for i, element in enumerate(elements):
            for j, component in enumerate(element):
                writer.add(_key(i, j, len(element)), component)


def _read_cache(path, components):
    reader, item = BundleReader(path), 0
    while _key(item, 0, components) in reader:
        yield tuple([np.asarray(reader.read(_key(item, j, components))) for j in range(components)])
        item += 1


@reference.kernel("CacheDataset")
def cache(ctx):
    """Keeps the elements in memory, or in a file in the format of checkpoints."""
    components = len(ctx.attr("output_types"))

    def run(source, filename):
        source, path = stage_of(source), scalar(filename, "filename").decode()
        if not path:
            return variant(same_rows(source, _MemoryCache(source).start, source.cardinality))

        def start(run):
            if os.path.exists(path + ".index"):
                return _read_cache(path, components)
            return _Recording(source.elements(run), lambda elements: _write_cache(path, elements))

        return variant(Stage(start, source.cardinality))

    return run


@reference.kernel("PrefetchDataset")
def prefetch(ctx):
    """A thread that works out elements ahead; a buffer of -1 finds its own size, 0 is no buffer."""

    def run(source, buffer_size):
        source, size = stage_of(source), scalar(buffer_size, "buffer_size")
        if size < -1:
            fail("buffer_size must be >= 0 or set buffer_size to be -1 for auto-tuning")
        if size == 0:
            return variant(source)

        def start(run):
            items = source.start(run)
            return AutomaticPrefetch(run, items) if size < 0 else Background(run, items, limit=size)

        return variant(same_rows(source, start, source.cardinality))

    return run


class _WithoutErrors:
    """The items that can be had."""

    def __init__(self, run, items):
        self._run, self._items = run, items

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            try:
                return next(self._items)
            except errors.CancelledError:
                if self._run.closed:
                    raise
            except StopIteration:
                raise
            except Exception:  # noqa: BLE001 - leaving out what fails is what was asked for
                continue


@reference.kernel("IgnoreErrorsDataset")
def ignore_errors(ctx):
    """Leaves out elements whose making fails."""

    def run(source):
        source = stage_of(source)
        return variant(same_rows(source, lambda run: _WithoutErrors(run, source.start(run))))

    return run


def _as_it_is(ctx):
    """Settings of TensorFlow's runtime, which change no element and have nothing to set here."""
    return lambda source, *settings: variant(stage_of(source))


for _name in ("ModelDataset", "OptimizeDataset", "MaxIntraOpParallelismDataset", "PrivateThreadPoolDataset"):
    reference.kernel(_name)(_as_it_is)


reference.function("DatasetCardinality", lambda source: np.array(stage_of(source).cardinality, np.int64))
