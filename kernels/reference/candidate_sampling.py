"""Reference kernels of `graphflow/ops/candidate_sampling.py`.

State: each sampler's stream and, where weights are learned, the counts of classes; both are resources
of the session. Numbers are drawn one by one from the stream, as TensorFlow does, so that equal seeds
give equal classes.
"""

import math
import threading

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from ..streams import op_stream
from . import philox

_CHUNK = 256
_MASK32 = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF
# Blocks of the stream that a run owns per class drawn, used or not.
_BLOCKS_PER_CLASS = 512


class _Words:
    """Random numbers drawn in order from one position of a Philox stream."""

    def __init__(self, position):
        self._position = position
        self._words = self._chunk()

    def _chunk(self):
        while True:
            yield from philox.words_at(self._position, 4 * _CHUNK).tolist()
            self._position = self._position.skip(_CHUNK)

    def bits32(self):
        """A number of 32 random bits."""
        return next(self._words)

    def bits64(self):
        """A number of 64 random bits, the low half drawn first."""
        low = next(self._words)
        return low | next(self._words) << 32

    def single(self):
        """A float in [0, 1) with 23 random bits."""
        return (next(self._words) & 0x7FFFFF) * 2.0**-23

    def double(self):
        """A float in [0, 1) with 52 random bits."""
        high = next(self._words) & 0xFFFFF
        return (high * 2.0**32 + next(self._words)) * 2.0**-52


def _below(n, draw, highest):
    """A number in [0, n), each equally likely, from `draw()` in [0, highest]."""
    if n & (n - 1) == 0:
        return draw() & (n - 1)
    rejected = highest % n + 1
    while (number := draw()) < rejected:
        pass
    return number % n


class _Uniform:
    def __init__(self, ctx):
        self.range = ctx.attr("range_max")

    def draw(self, words):
        return _below(self.range, words.bits64, _MASK64)

    def probability(self, classes):
        return np.full(classes.shape, 1.0 / self.range, np.float32)

    def update(self, classes):
        """Nothing is learned."""


class _LogUniform(_Uniform):
    def __init__(self, ctx):
        super().__init__(ctx)
        self._log_range = math.log1p(self.range)

    def draw(self, words):
        return (int(math.exp(words.double() * self._log_range)) - 1) % self.range

    def probability(self, classes):
        return (np.log((classes + 2.0) / (classes + 1.0)) / self._log_range).astype(np.float32)


class _Learned(_Uniform):
    """Every class weighs one more than how often it was a true class."""

    def __init__(self, ctx):
        super().__init__(ctx)
        self._weights = ctx.resources.get(("unigram", ctx.op_name), lambda: np.ones(self.range, np.int64))
        self._sums = np.cumsum(self._weights)

    def draw(self, words):
        place = _below(int(self._sums[-1]), words.bits32, _MASK32)
        return int(np.searchsorted(self._sums, place, side="right"))

    def probability(self, classes):
        _check_classes(classes, self.range)
        return self._weights[classes].astype(np.float32) / np.float32(self._sums[-1])

    def update(self, classes):
        np.add.at(self._weights, classes.ravel(), 1)
        self._sums = np.cumsum(self._weights)


def _check_classes(classes, count):
    outside = classes[(classes < 0) | (classes >= count)]
    if outside.size:
        raise errors.InvalidArgumentError(None, None, f"true_classes has {outside.flat[0]}, not in [0, {count})")


class _Fixed(_Uniform):
    """Given weights, drawn from by Walker's alias method."""

    def __init__(self, ctx):
        super().__init__(ctx)
        path, unigrams = ctx.attr("vocab_file").decode(), ctx.attr("unigrams")
        if bool(path) == bool(unigrams):
            raise errors.InvalidArgumentError(None, None, "Must only provide one of vocab_file and unigrams."
                                              if path else "Must provide either vocab_file or unigrams.")
        given = _weights_in_file(path) if path else unigrams
        shards, shard, reserved = ctx.attr("num_shards"), ctx.attr("shard"), ctx.attr("num_reserved_ids")
        weights = [0.0] * len([i for i in range(reserved) if i % shards == shard])
        first = len(weights)
        mine = np.array([w for i, w in enumerate(given, first) if i % shards == shard], np.float32)
        self._weights = np.concatenate([np.array(weights, np.float32), mine ** np.float32(ctx.attr("distortion"))])
        if len(self._weights) != self.range:
            raise errors.InvalidArgumentError(
                None, None, f"There are weights for {len(self._weights)} classes, but range_max is {self.range}")
        self._total = np.cumsum(self._weights, dtype=np.float32)[-1]
        self._keep, self._other = _alias_table(self._weights)

    def draw(self, words):
        level = words.single()
        index = _below(self.range, words.bits32, _MASK32)
        return index if level < self._keep[index] else int(self._other[index])

    def probability(self, classes):
        inside = (classes >= 0) & (classes < self.range)
        return np.where(inside, self._weights[np.where(inside, classes, 0)] / self._total, np.float32(0))


def _weights_in_file(path):
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError as error:
        raise errors.NotFoundError(None, None, f"{path}; No such file or directory") from error
    try:
        return [float(line.split(",")[-1]) for line in lines]
    except ValueError as error:
        raise errors.InvalidArgumentError(None, None, f"Wrong vocabulary format: {error}") from error


def _alias_table(weights):
    """(probability to keep an index, what to take instead) of each index."""
    count = len(weights)
    shares = weights.astype(np.float64)
    shares = (weights * np.float32(count)).astype(np.float64) / sum(shares.tolist())
    other = np.arange(count)
    low = [i for i in range(count) if shares[i] < 1]
    high = [i for i in range(count) if shares[i] >= 1]
    while high and low:
        small, large = low.pop(), high.pop()
        other[small] = large
        shares[large] -= 1.0 - shares[small]
        (low if shares[large] < 1 else high).append(large)
    for index in high + low:  # what rounding left over
        shares[index], other[index] = 1.0, index
    return shares.astype(np.float32), other


def _expected(probability, count, tries):
    """How often classes are expected among `count` drawn in `tries` tries."""
    if tries == count:
        return probability * np.float32(count)
    return -np.expm1(np.float32(tries) * np.log1p(-probability))


def _drawn(sampler, words, count, unique):
    """(`count` classes, tries that they took)."""
    if not unique:
        return [sampler.draw(words) for _ in range(count)], count
    found, tries = {}, 0
    while len(found) < count:
        found.setdefault(sampler.draw(words))
        tries += 1
    return list(found), tries


def _check_true_classes(classes, num_true):
    if classes.ndim != 2:
        raise errors.InvalidArgumentError(None, None, "true_classes must be a matrix")
    if classes.shape[1] != num_true:
        raise errors.InvalidArgumentError(
            None, None, f"true_classes must have num_true columns, expected: {classes.shape[1]} was: {num_true}")


def _sampling(op_type, kind):
    @reference.kernel(op_type)
    def make(ctx):
        stream = op_stream(ctx)
        lock = ctx.resources.get(("candidates", ctx.op_name), threading.Lock)
        count, unique, num_true = ctx.attr("num_sampled"), ctx.attr("unique"), ctx.attr("num_true")
        sampler = kind(ctx)

        def run(classes):
            _check_true_classes(classes, num_true)
            if unique and count > sampler.range:
                raise errors.InvalidArgumentError(None, None, "Sampler's range is too small.")
            with lock:
                words = _Words(stream.reserve_blocks(_BLOCKS_PER_CLASS * count))
                sampled, tries = _drawn(sampler, words, count, unique)
                sampled = np.array(sampled, np.int64)
                expected = [_expected(sampler.probability(c), count, tries) for c in (classes, sampled)]
                sampler.update(classes)
            return (sampled, *expected)

        return run


_sampling("UniformCandidateSampler", _Uniform)
_sampling("LogUniformCandidateSampler", _LogUniform)
_sampling("LearnedUnigramCandidateSampler", _Learned)
_sampling("ThreadUnsafeUnigramCandidateSampler", _Learned)
_sampling("FixedUnigramCandidateSampler", _Fixed)


@reference.kernel("AllCandidateSampler")
def all_candidates(ctx):
    """Every class once."""
    count, num_true = ctx.attr("num_sampled"), ctx.attr("num_true")

    def run(classes):
        _check_true_classes(classes, num_true)
        return np.arange(count), np.ones(classes.shape, np.float32), np.ones(count, np.float32)

    return run


@reference.kernel("ComputeAccidentalHits")
def accidental_hits(ctx):
    """Pairs of a row of true classes and the last position at which one of them was drawn."""
    num_true = ctx.attr("num_true")

    def run(classes, sampled):
        if classes.ndim != 2 or classes.shape[1] != num_true:
            raise errors.InvalidArgumentError(None, None, "true_candidates must be a batch_size * num_true matrix")
        positions = {value: i for i, value in enumerate(sampled.tolist())}
        hits = [(i, positions[c]) for i, row in enumerate(classes.tolist()) for c in row if c in positions]
        rows, ids = np.array(hits, np.int64).reshape(-1, 2).T
        return rows.astype(np.int32), ids, np.full(len(hits), np.finfo(np.float32).min)

    return run
