"""Reference kernels of `graphflow/ops/dataset_order.py`. State: none; iterators keep their place.

The stages here pass items on without looking at them, so that rows of tables stay numbers.
"""

import collections
import itertools
import math

import numpy as np

from ..registry import reference
from ..streams import Stream
from . import philox
from .dataset_source import words
from .pipeline import INFINITE, UNKNOWN, Stage, fail, same_rows, scalar, stage_of, variant


class _Repeat:
    """The items of one iterator after the other; ends early when the first of them has none."""

    def __init__(self, start, count):
        self._start, self._left = start, count
        self._items, self._seen = start() if count else None, False

    def __iter__(self):
        return self

    def __next__(self):
        while self._left:
            for item in self._items:
                self._seen = True
                return item
            self._left -= 1
            if not self._seen and self._left < 0:
                break
            if self._left:
                self._items = self._start()
        raise StopIteration


@reference.kernel("RepeatDataset")
def repeat(ctx):
    """The elements `count` times, or without end."""

    def run(source, count):
        source, count = stage_of(source), scalar(count, "count")
        size = INFINITE if count < 0 and source.cardinality else source.cardinality
        if count >= 0 and size > 0:
            size *= count
        elif count == 0:
            size = 0
        return variant(same_rows(source, lambda run: _Repeat(lambda: source.start(run), count), size))

    return run


class _Slice:
    """Every `step`-th item from `first` on, `count` of them at most; asks for no more than it needs."""

    def __init__(self, items, first=0, count=math.inf, step=1):
        self._items, self._skip, self._left, self._step = items, first, count, step

    def __iter__(self):
        return self

    def __next__(self):
        if self._left <= 0:
            raise StopIteration
        while self._skip > 0:
            next(self._items)
            self._skip -= 1
        item = next(self._items)
        self._left -= 1
        self._skip = self._step - 1
        return item


@reference.kernel("TakeDataset")
def take(ctx):
    """The first `count` elements; all for a negative count."""

    def run(source, count):
        source, count = stage_of(source), scalar(count, "count")
        if count < 0:
            return variant(source)
        size = source.cardinality
        size = count if size == INFINITE else size if size == UNKNOWN else min(size, count)
        return variant(same_rows(source, lambda run: _Slice(source.start(run), count=count), size))

    return run


@reference.kernel("SkipDataset")
def skip(ctx):
    """All but the first `count` elements; none for a negative count."""

    def run(source, count):
        source, count = stage_of(source), scalar(count, "count")
        if count < 0:
            return variant(same_rows(source, lambda run: iter(()), 0))
        size = source.cardinality if source.cardinality < 0 else max(0, source.cardinality - count)
        return variant(same_rows(source, lambda run: _Slice(source.start(run), count), size))

    return run


@reference.kernel("ShardDataset")
def shard(ctx):
    """Every `num_shards`-th element from `index` on."""

    def run(source, num_shards, index):
        source, number, index = stage_of(source), scalar(num_shards, "num_shards"), scalar(index, "index")
        if number < 1:
            fail(f"Number of shards must be greater than zero (currently num_shards = {number}).")
        if not 0 <= index < number:
            fail(f"Index must be between 0 and {number - 1} (currently index = {index}, num_shards = {number}).")
        size = source.cardinality
        if size > 0:
            size = max(0, -(-(size - index) // number))
        return variant(same_rows(source, lambda run: _Slice(source.start(run), index, step=number), size))

    return run


def _sum_of_sizes(stages):
    sizes = [stage.cardinality for stage in stages]
    if INFINITE in sizes:
        return INFINITE
    return UNKNOWN if UNKNOWN in sizes else sum(sizes)


@reference.kernel("ConcatenateDataset")
def concatenate(ctx):
    """The elements of one dataset, then those of another."""

    def run(*sources):
        stages = [stage_of(source) for source in sources]
        # `chain` may be asked again after an error: it stays at the iterator that raised it.
        return variant(Stage(lambda run: itertools.chain.from_iterable(s.elements(run) for s in stages),
                             _sum_of_sizes(stages)))

    return run


class _Zip:
    """Elements of several iterators joined, until one of them ends."""

    def __init__(self, iterators):
        self._iterators = iterators

    def __iter__(self):
        return self

    def __next__(self):
        parts, failure = [], None
        for elements in self._iterators:
            try:
                parts.extend(next(elements))
            except StopIteration:
                raise
            except Exception as error:  # noqa: BLE001 - the others must not fall behind
                failure = failure or error
        if failure is not None:
            raise failure
        return tuple(parts)


@reference.kernel("ZipDataset")
def zip_datasets(ctx):
    """The components of the elements of several datasets side by side."""

    def run(*sources):
        stages = [stage_of(source) for source in sources]
        sizes = [s.cardinality for s in stages if s.cardinality != INFINITE]
        size = INFINITE if not sizes else UNKNOWN if UNKNOWN in sizes else min(sizes)
        return variant(Stage(lambda run: _Zip([s.elements(run) for s in stages]), size))

    return run


class _Round:
    """The buffered items of one way through the source: a list whose head moves on."""

    __slots__ = ("items", "head")

    def __init__(self):
        self.items, self.head = [], 0

    def draw(self, number):
        """Takes out the item that a random number chooses; the first one takes its place."""
        items, head = self.items, self.head
        position = head + number % (len(items) - head)
        item = items[position]
        items[position] = items[head]
        items[head] = None
        self.head = head + 1
        if self.head > 1024 and 2 * self.head > len(items):
            del items[:self.head]
            self.head = 0
        return item


class _Shuffle:
    """Items in random order out of a buffer: TensorFlow's order, draw by draw.

    Args: start: makes an iterator over the items. size: of the buffer. numbers: makes the 32-bit random numbers
      of a round. count: how often to go through the items; the buffer is shared, but never mixes two rounds.
    """

    def __init__(self, start, size, numbers, count=1):
        self._start, self._size, self._new_numbers, self._left = start, size, numbers, count
        self._numbers = numbers()
        self._items = start()
        self._rounds = collections.deque([_Round()])
        self._held, self._seen = 0, False

    def __iter__(self):
        return self

    def __next__(self):
        while self._held < self._size and self._items is not None:
            try:
                item = next(self._items)
            except StopIteration:
                self._end_round()
            else:
                self._rounds[-1].items.append(item)
                self._held += 1
                self._seen = True
        if not self._held:
            raise StopIteration
        while self._rounds[0].head == len(self._rounds[0].items):
            self._rounds.popleft()
            self._numbers = self._new_numbers()
        self._held -= 1
        return self._rounds[0].draw(next(self._numbers))

    def _end_round(self):
        self._left -= 1
        if not self._left or (not self._seen and self._left < 0):
            self._items = None
            return
        self._rounds.append(_Round())
        self._items = self._start()


def _checked_size(buffer_size):
    size = scalar(buffer_size, "buffer_size")
    if size < 1:
        fail("buffer_size must be greater than zero.")
    return size


def _numbers(seed, seed2, again=True):
    """What makes the random numbers of a round: by seeds drawn from the given ones, or each time the same."""
    seeds = scalar(seed, "seed"), scalar(seed2, "seed2")
    if seeds == (0, 0):
        seeds = tuple(philox.words_at(Stream(0, 0).reserve_blocks(1), 2).tolist())
    draw = words(*seeds)
    return lambda: words(next(draw), next(draw)) if again else words(*seeds)


@reference.kernel("ShuffleDataset")
def shuffle(ctx):
    """Random order; another one in each iteration if asked for."""
    again = ctx.attr("reshuffle_each_iteration")

    def run(source, buffer_size, seed, seed2):
        source, size, numbers = stage_of(source), _checked_size(buffer_size), _numbers(seed, seed2, again)
        return variant(same_rows(source, lambda run: _Shuffle(lambda: source.start(run), size, numbers),
                                 source.cardinality))

    return run


@reference.kernel("ShuffleAndRepeatDataset")
def shuffle_and_repeat(ctx):
    """`count` rounds, each shuffled, through one buffer."""

    def run(source, buffer_size, seed, seed2, count):
        source, size, count = stage_of(source), _checked_size(buffer_size), scalar(count, "count")
        if count < -1 or count == 0:
            fail("count must be greater than zero or equal to -1.")
        numbers = _numbers(seed, seed2)
        cardinality = INFINITE if count < 0 else source.cardinality * (count if source.cardinality > 0 else 1)
        return variant(same_rows(
            source, lambda run: _Shuffle(lambda: source.start(run), size, numbers, count), cardinality))

    return run


class _Directed:
    """The next element of whichever iterator the selector names, as long as any has one."""

    def __init__(self, selector, iterators):
        self._selector, self._iterators = selector, list(iterators)
        self._open = len(iterators)

    def __iter__(self):
        return self

    def __next__(self):
        while self._open:
            choice = int(next(self._selector)[0])
            if not 0 <= choice < len(self._iterators):
                fail(f"Selector index out of range: {choice} >= {len(self._iterators)}")
            if self._iterators[choice] is None:
                continue
            for element in self._iterators[choice]:
                return element
            self._iterators[choice] = None
            self._open -= 1
        raise StopIteration


@reference.kernel("DirectedInterleaveDataset")
def directed_interleave(ctx):
    """Elements of the datasets that another dataset names."""

    def run(selector, *sources):
        selector, stages = stage_of(selector), [stage_of(source) for source in sources]
        return variant(Stage(
            lambda run: _Directed(selector.elements(run), [s.elements(run) for s in stages]), UNKNOWN))

    return run


class _Unique:
    """Elements without those that came before."""

    def __init__(self, elements):
        self._elements, self._seen = elements, set()

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            element = next(self._elements)
            value = element[0]
            key = value.tobytes() if value.dtype != np.object_ else tuple(value.reshape(-1))
            if (value.shape, key) not in self._seen:
                self._seen.add((value.shape, key))
                return element


@reference.kernel("UniqueDataset")
def unique(ctx):
    """Each element once."""

    def run(source):
        source = stage_of(source)
        return variant(Stage(lambda run: _Unique(source.elements(run)), UNKNOWN))

    return run
