"""Reference kernels of `graphflow/ops/feature_ops.py`."""

import itertools

import numpy as np

from ..registry import reference
from .array_checks import debug, fail
from .sparse import check_inside
from .string_hash import farm64

_MASK = (1 << 64) - 1
_FACTOR = 0xC6A4A7935BD1E995
_LARGEST = (1 << 63) - 1


@reference.kernel("Bucketize")
def bucketize(ctx):
    """Counts the boundaries that are not above."""
    boundaries = np.array(ctx.attr("boundaries"), np.float32)
    if (np.diff(boundaries) < 0).any():
        fail("Expected sorted boundaries")
    # Integers of 64 bits keep their value beside float32 boundaries only as doubles or better.
    boundaries = boundaries.astype(np.float64)
    return lambda values: np.searchsorted(boundaries, values, side="right").astype(np.int32)


def _shifted(value):
    return value ^ value >> 47


def _cat(first, second):
    """FarmHash's hash of two hashes."""
    result = first ^ _FACTOR ^ _shifted(second * _FACTOR & _MASK) * _FACTOR & _MASK
    result = _shifted(result * _FACTOR & _MASK) * _FACTOR & _MASK
    return _shifted(result)


def _as_hash(feature):
    return farm64(feature) if isinstance(feature, bytes) else int(feature) & _MASK


def _as_text(feature):
    return feature if isinstance(feature, bytes) else str(int(feature)).encode()


def _sparse_rows(indices, values, shape, batch):
    """The features of each row of a sparse input."""
    if len(shape) != 2 or indices.ndim != 2 or indices.shape[1] != 2:
        fail(f"Input shape should be a vector of 2 elements, for a matrix, but got {debug(shape)}")
    if len(indices) != len(values):
        fail(f"Expected size of values to be {len(indices)}, but got {len(values)}")
    if shape[0] != batch:
        fail(f"Expected batch size {batch}, got {shape[0]}")
    check_inside(indices, shape)
    rows = [[] for _ in range(batch)]
    for row, value in zip(indices[:, 0].tolist(), values.tolist()):
        rows[row].append(value)
    return rows


def _dense_rows(values, batch):
    if values.ndim != 2:
        fail(f"Dense inputs should be a matrix but received shape {debug(values.shape)}")
    if len(values) != batch:
        fail(f"Expected batch size {batch}, got {len(values)}")
    return values.tolist()


@reference.kernel("SparseCross")
def sparse_cross(ctx):
    """Takes products row by row; the last input turns fastest."""
    count, hashed = ctx.attr("N"), ctx.attr("hashed_output")
    buckets, key = ctx.attr("num_buckets") or _LARGEST, ctx.attr("hash_key") & _MASK

    def joined(features):
        if not hashed:
            return b"_X_".join(features)
        result = key
        for feature in features:
            result = _cat(result, feature)
        return result % buckets

    def run(*inputs):
        indices, values, sizes = inputs[:count], inputs[count:2 * count], inputs[2 * count:3 * count]
        dense = inputs[3 * count:]
        if not count and not dense:
            fail("Requires at least one input")
        batch = int(sizes[0][0]) if count else len(dense[0])
        columns = [_sparse_rows(*parts, batch) for parts in zip(indices, values, sizes)]
        columns += [_dense_rows(part, batch) for part in dense]
        convert = _as_hash if hashed else _as_text
        columns = [[[convert(feature) for feature in row] for row in column] for column in columns]
        rows = [[joined(features) for features in itertools.product(*row)] for row in zip(*columns)]
        places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
        found = np.empty(len(places), np.int64 if hashed else object)
        found[:] = [value for row in rows for value in row]
        return (np.array(places, np.int64).reshape(-1, 2), found,
                np.array([batch, max(map(len, rows), default=0)], np.int64))

    return run
