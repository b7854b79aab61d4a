"""Reference kernels of `graphflow/ops/dataset_source.py`. State: none; iterators keep their place."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from ..streams import Stream
from . import philox
from .pipeline import INFINITE, Stage, fail, scalar, variant


@reference.kernel("TensorDataset")
def tensors(ctx):
    """One element."""

    def run(*components):
        element = tuple([array.view() for array in components])
        for array in element:
            array.flags.writeable = False  # it is given again and again: whoever fetches it gets a copy
        return variant(Stage(lambda run: iter([element]), 1))

    return run


@reference.kernel("TensorSliceDataset")
def tensor_slices(ctx):
    """The rows of tables."""

    def run(*components):
        rows = len(components[0])
        for component in components:
            if len(component) != rows:
                fail(f"All components must have the same size in the 0th dimension, got {rows} and {len(component)}")
        return variant(Stage(lambda run: iter(range(rows)), rows, components))

    return run


@reference.kernel("SparseTensorSliceDataset")
def sparse_tensor_slices(ctx):
    """The rows of a sparse tensor as (indices, values, dense_shape)."""

    def run(indices, values, dense_shape):
        if np.any(np.diff(indices[:, 0]) < 0):
            raise errors.UnimplementedError(
                None, None, "The SparseTensor must be ordered in the batch dimension; handling arbitrarily ordered "
                "input is not currently supported.")
        if len(indices) and not 0 <= indices[0, 0] <= indices[-1, 0] < dense_shape[0]:
            fail(f"An index of the SparseTensor is out of bounds of its shape {dense_shape.tolist()}")

        def rows(run):
            for row in range(int(dense_shape[0])):
                start, stop = np.searchsorted(indices[:, 0], [row, row + 1])
                yield indices[start:stop, 1:], values[start:stop], dense_shape[1:]

        return variant(Stage(rows, int(dense_shape[0])))

    return run


@reference.kernel("RangeDataset")
def number_range(ctx):
    """Numbers from start to stop."""
    dtype = ctx.attr("output_types")[0].as_numpy_dtype

    def run(start, stop, step):
        if not step:
            fail("step must be a non-zero integer.")
        numbers = range(scalar(start, "start"), scalar(stop, "stop"), scalar(step, "step"))
        return variant(Stage(lambda run: ((np.array(n, dtype),) for n in numbers), len(numbers)))

    return run


def words(seed, seed2):
    """The endless stream of 32-bit words of two seeds (fresh ones for 0, 0), as ints."""
    stream, blocks = Stream(seed, seed2), 4
    while True:
        yield from philox.words_at(stream.reserve_blocks(blocks), 4 * blocks).tolist()
        blocks = min(2 * blocks, 1 << 12)


@reference.kernel("RandomDataset")
def random_numbers(ctx):
    """32-bit random numbers without end."""

    def run(seed, seed2):
        seeds = scalar(seed, "seed"), scalar(seed2, "seed2")
        return variant(Stage(lambda run: ((np.array(word, np.int64),) for word in words(*seeds)), INFINITE))

    return run
