"""Reference kernel of `graphflow/ops/record_input.py`. State: per op and session, where it is in the files."""

import glob
import itertools
import random
import threading

import numpy as np

from graphflow.framework import errors
from graphflow.io.record_io import RecordReader

from ..registry import reference


class _Records:
    """The records of files, again and again: each time all of them, out of a buffer that is filled in turn."""

    def __init__(self, pattern, seed, shift, buffer_size, compression):
        self._pattern, self._shift, self._size, self._compression = pattern, shift, max(1, buffer_size), compression
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._records = iter(())
        self._passes = 0

    def next(self, count):
        """The next `count` records."""
        with self._lock:
            return [self._one() for _ in range(count)]

    def _one(self):
        for record in self._records:
            return record
        self._records = self._mixed(self._files())
        self._passes += 1
        for record in self._records:
            return record
        raise errors.OutOfRangeError(None, None, f"The files {self._pattern} hold no records")

    def _files(self):
        paths = sorted(glob.glob(self._pattern))
        if not paths:
            raise errors.NotFoundError(None, None, f"Found no files at {self._pattern}")
        self._random.shuffle(paths)
        turned = int(self._shift * self._passes * len(paths)) % len(paths)
        return paths[turned:] + paths[:turned]

    def _mixed(self, paths):
        """The records of files, each chosen among some."""
        coming = itertools.chain.from_iterable(map(self._read, paths))
        buffer = list(itertools.islice(coming, self._size))
        while buffer:
            at = self._random.randrange(len(buffer))
            buffer[at], buffer[-1] = buffer[-1], buffer[at]
            yield buffer.pop()
            buffer.extend(itertools.islice(coming, 1))

    def _read(self, path):
        with RecordReader(path, self._compression) as reader:
            yield from reader


@reference.kernel("RecordInput")
def record_input(ctx):
    """The next records."""
    pattern, compression = ctx.attr("file_pattern").decode(), ctx.attr("compression_type").decode()
    seed, shift = ctx.attr("file_random_seed"), ctx.attr("file_shuffle_shift_ratio")
    size, count = ctx.attr("file_buffer_size"), ctx.attr("batch_size")
    key = "record input", ctx.op_name

    def run():
        records = ctx.resources.get(key, lambda: _Records(pattern, seed, shift, size, compression))
        batch = np.empty(count, object)
        batch[:] = records.next(count)
        return batch

    return run
