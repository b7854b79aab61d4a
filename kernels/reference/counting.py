"""Reference kernels of `graphflow/ops/counting.py`."""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail
from .sparse import check_inside


def _bincount(values, size, weights):
    values, size = values.reshape(-1), int(size)
    if size < 0:
        fail(f"size ({size}) must be non-negative")
    if (values < 0).any():
        fail("Input arr must be non-negative!")
    if weights.size and weights.size != values.size:
        fail(f"weights must have the shape of arr, or none: {debug(weights.shape)}")
    result = np.zeros(size, weights.dtype)
    inside = values < size
    np.add.at(result, values[inside], weights.reshape(-1)[inside] if weights.size else weights.dtype.type(1))
    return result


reference.function("Bincount", _bincount)


@reference.kernel("HistogramFixedWidth")
def histogram(ctx):
    """Counts parts of a range."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(values, limits, count):
        if limits.shape != (2,):
            fail(f"value_range should be a vector of 2 elements, but got shape {debug(limits.shape)}")
        if limits[0] >= limits[1]:
            fail(f"value_range should satisfy value_range[0] < value_range[1], but got '[{limits[0]}, {limits[1]}]'")
        if count <= 0:
            fail(f"nbins should be a positive number, but got '{int(count)}'")
        step = (np.float64(limits[1]) - np.float64(limits[0])) / int(count)
        places = np.floor((values.reshape(-1).astype(np.float64) - limits[0]) / step)
        places = np.clip(np.nan_to_num(places, nan=0), 0, int(count) - 1).astype(np.int64)
        return np.bincount(places, minlength=int(count)).astype(dtype)

    return run


def _unravel(indices, dims):
    if (dims <= 0).any():
        fail("Input dims cannot contain a dim of zero")
    total = int(np.prod(dims.astype(object)))
    bad = (indices < 0) | (indices >= total)
    if bad.any():
        fail("index is out of bound as with dims")
    return np.stack(np.unravel_index(indices, tuple(dims))).astype(indices.dtype)


reference.function("UnravelIndex", _unravel)


def _cross(a, b):
    if a.shape != b.shape or a.shape[-1] != 3:
        fail(f"Cross-products are only defined for 3-element vectors of one shape: {debug(a.shape)}, {debug(b.shape)}")
    (x, y, z), (u, v, w) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], -1).astype(a.dtype)


reference.function("Cross", _cross)


def _levenshtein(a, b):
    """The fewest insertions, deletions and changes that make `b` of `a`."""
    costs = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, costs[0] = costs[0], i
        for j, y in enumerate(b, 1):
            previous, costs[j] = costs[j], min(costs[j] + 1, costs[j - 1] + 1, previous + (x != y))
    return costs[-1]


def _sequences(indices, values):
    """Lists of values by the other coordinates."""
    found = {}
    for place, value in zip(indices.tolist(), values.tolist()):
        found.setdefault(tuple(place[:-1]), []).append(value)
    return found


@reference.kernel("EditDistance")
def edit_distance(ctx):
    """Sequence by sequence."""
    normalize = ctx.attr("normalize")

    def run(a_indices, a_values, a_shape, b_indices, b_values, b_shape):
        if len(a_shape) != len(b_shape):
            fail(f"hypothesis and truth have different ranks: {debug(a_shape)}, {debug(b_shape)}")
        result = np.zeros(np.maximum(a_shape, b_shape)[:-1], np.float32)
        # Elements of a sequence count in their order; their positions in it don't matter.
        check_inside(a_indices[:, :-1], result.shape)
        check_inside(b_indices[:, :-1], result.shape)
        hypotheses, truths = _sequences(a_indices, a_values), _sequences(b_indices, b_values)
        for place in {*hypotheses, *truths}:
            first, second = hypotheses.get(place, []), truths.get(place, [])
            distance = np.float32(_levenshtein(first, second))
            if normalize:
                distance = distance / np.float32(len(second)) if second else np.float32(np.inf)
            result[place] = distance
        return result

    return run
