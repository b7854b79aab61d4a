"""Reference kernels of `graphflow/ops/dataset_batch.py`. State: none; iterators keep their place."""

import itertools

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .pipeline import UNKNOWN, Stage, fail, gather, scalar, stack, stage_of, variant


class Batches:
    """Items in groups of `size`, each joined into one element by `join`."""

    def __init__(self, items, size, drop_remainder, join):
        self._items, self._size, self._drop, self._join = items, size, drop_remainder, join
        self._group = []

    def __iter__(self):
        return self

    def __next__(self):
        group = self._group
        try:
            group.extend(itertools.islice(self._items, self._size - len(group)))
        except BaseException:
            # As in TensorFlow, the elements of the batch so far go with the one that failed.
            group.clear()
            raise
        if not group or (self._drop and len(group) < self._size):
            raise StopIteration
        self._group = []
        return self._join(group)


def _batched_size(size, batch_size, drop_remainder):
    if size < 0:
        return size
    return size // batch_size if drop_remainder else -(-size // batch_size)


def batch_stage(source, batch_size, drop_remainder):
    """The stage of a dataset's batches."""
    size = scalar(batch_size, "batch_size")
    if size < 1:
        fail("Batch size must be greater than zero.")

    def start(run):
        if source.tables is None:
            return Batches(source.start(run), size, drop_remainder, stack)
        return Batches(source.start(run), size, drop_remainder, lambda numbers: gather(source.tables, numbers))

    return Stage(start, _batched_size(source.cardinality, size, drop_remainder))


@reference.kernel("BatchDataset", "BatchDatasetV2")
def batch(ctx):
    """Elements of one shape, joined."""
    return lambda source, batch_size, drop_remainder=False: variant(
        batch_stage(stage_of(source), batch_size, bool(drop_remainder)))


def _padded(parts, wanted, padding, number):
    """The arrays `parts` in one, each padded to `wanted` (-1: to the largest)."""
    rank = parts[0].ndim
    if any(part.ndim != rank for part in parts) or len(wanted) != rank:
        fail(f"All elements in a batch must have the same rank as the padded shape for component{number}: expected "
             f"rank {len(wanted)} but got element with rank {next(p.ndim for p in parts if p.ndim != len(wanted))}")
    shape = []
    for axis in range(rank):
        largest = max(part.shape[axis] for part in parts)
        if wanted[axis] == -1:
            shape.append(largest)
        elif largest > wanted[axis]:
            raise errors.DataLossError(
                None, None, f"Attempted to pad to a smaller size than the input element. (Component {number}, "
                f"dimension {axis}: padding to {wanted[axis]}, element has {largest}.)")
        else:
            shape.append(int(wanted[axis]))
    result = np.full((len(parts), *shape), padding, parts[0].dtype)
    for i, part in enumerate(parts):
        result[(i, *map(slice, part.shape), ...)] = part
    return result


@reference.kernel("PaddedBatchDataset", "PaddedBatchDatasetV2")
def padded_batch(ctx):
    """Elements padded to one shape and joined."""
    components = len(ctx.attr("Toutput_types"))

    def run(source, batch_size, *rest):
        source, size = stage_of(source), scalar(batch_size, "batch_size")
        if size < 1:
            fail("Batch size must be greater than zero.")
        wanted, padding = rest[:components], [value[()] for value in rest[components:2 * components]]
        drop_remainder = bool(rest[-1]) if len(rest) > 2 * components else False

        def join(elements):
            return tuple([_padded(parts, wanted[i], padding[i], i) for i, parts in enumerate(zip(*elements))])

        return variant(Stage(lambda run: Batches(source.elements(run), size, drop_remainder, join),
                             _batched_size(source.cardinality, size, drop_remainder)))

    return run


class _Unbatched:
    """The slices of elements along their first dimension."""

    def __init__(self, elements):
        self._elements, self._rows = elements, iter(())

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            for row in self._rows:
                return row
            element = next(self._elements)
            if any(not part.ndim for part in element):
                fail("Input element must have a non-scalar value in each component.")
            rows = {len(part) for part in element}
            if len(rows) > 1:
                fail("Input element must have the same batch size in each component, got "
                     f"{' and '.join(map(str, sorted(rows)))}.")
            self._rows = iter([tuple([part[i, ...] for part in element]) for i in range(rows.pop())])


@reference.kernel("UnbatchDataset")
def unbatch(ctx):
    """Batches taken apart."""

    def run(source):
        source = stage_of(source)
        return variant(Stage(lambda run: _Unbatched(source.elements(run))))

    return run


class _Windows:
    """Datasets of elements that follow each other."""

    def __init__(self, elements, size, shift, stride, drop_remainder):
        self._elements, self._size, self._shift, self._stride = elements, size, shift, stride
        self._drop, self._held, self._skip = drop_remainder, [], 0

    def __iter__(self):
        return self

    def __next__(self):
        span = (self._size - 1) * self._stride + 1
        while self._skip:
            next(self._elements)
            self._skip -= 1
        held = self._held
        held.extend(itertools.islice(self._elements, span - len(held)))
        if not held or (self._drop and len(held) < span):
            raise StopIteration
        window = held[:span:self._stride]
        self._skip = max(0, self._shift - len(held)) if len(held) == span else 0
        self._held = held[self._shift:]
        return tuple([variant(_window_stage(part)) for part in zip(*window)])


def _window_stage(parts):
    return Stage(lambda run: ((part,) for part in parts), len(parts))


@reference.kernel("WindowDataset")
def window(ctx):
    """Windows over the elements, one dataset per component."""

    def run(source, size, shift, stride, drop_remainder):
        source = stage_of(source)
        size, shift, stride = scalar(size, "size"), scalar(shift, "shift"), scalar(stride, "stride")
        for name, value in (("size", size), ("shift", shift), ("stride", stride)):
            if value < 1:
                fail(f"Window {name} must be greater than zero.")
        return variant(Stage(lambda run: _Windows(
            source.elements(run), size, shift, stride, bool(drop_remainder)), UNKNOWN))

    return run


@reference.kernel("DenseToSparseBatchDataset")
def dense_to_sparse_batch(ctx):
    """Elements of one rank joined into a sparse tensor, serialised as three variants."""

    def run(source, batch_size, row_shape):
        source, size = stage_of(source), scalar(batch_size, "batch_size")
        if size < 1:
            fail("Batch size must be greater than zero.")
        return variant(Stage(lambda run: Batches(
            source.elements(run), size, False, lambda group: (_sparse_batch(group, row_shape),))))

    return run


def _sparse_batch(group, row_shape):
    indices, values, wanted = [], [], np.zeros(len(row_shape), np.int64)
    for i, (part,) in enumerate(group):
        if part.ndim != len(row_shape):
            fail(f"Input element had shape ({list(part.shape)}) that is incompatible with the row shape "
                 f"({row_shape.tolist()}).")
        for axis, dim in enumerate(part.shape):
            if 0 <= row_shape[axis] < dim:
                fail(f"Input element had shape {list(part.shape)} that is larger than the row shape "
                     f"{row_shape.tolist()}.")
            wanted[axis] = max(wanted[axis], dim)
        places = np.indices(part.shape).reshape(part.ndim, part.size).T
        indices.append(np.insert(places, 0, i, axis=1))
        values.append(part.reshape(-1))
    shape = np.where(row_shape < 0, wanted, row_shape)
    parts = np.empty(3, object)
    parts[0] = np.concatenate(indices).astype(np.int64)
    parts[1] = np.concatenate(values)
    parts[2] = np.array([len(group), *shape], np.int64)
    return parts
