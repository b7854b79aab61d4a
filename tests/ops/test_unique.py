"""Distinct elements and slices, and differences of vectors."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16"


def _unique(x):
    values = list(dict.fromkeys(x.tolist()))
    index = [values.index(v) for v in x.tolist()]
    out = np.empty(len(values), x.dtype)
    out[:] = values
    return out, np.int32(index)


def _unique_with_counts(x):
    values, index = _unique(x)
    return values, index, np.bincount(index, minlength=len(values)).astype(np.int32)


def _slices(x, axis):
    """Distinct rows (or columns) in order of appearance, where each one is, and how often."""
    rows = [row.tolist() for row in np.moveaxis(x, axis[0], 0)]
    first = [i for i, row in enumerate(rows) if row not in rows[:i]]
    index = [[rows[i] for i in first].index(row) for row in rows]
    return np.take(x, first, axis[0]), np.int32(index), np.bincount(index).astype(np.int32)


REPEATED = fixed(np.array([2.0, 0.0, 2.0, 1.0, 0.0]))
ROWS = fixed(np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]))
test_samples = sample_tests([
    Sample("Unique", [REPEATED], _unique, dtypes=ANY),
    Sample("Unique", [fixed(np.zeros(0))], _unique, id="empty"),
    Sample("UniqueWithCounts", [REPEATED], _unique_with_counts, dtypes=ANY),
    Sample(
        "ListDiff",
        [REPEATED, fixed(np.array([0.0, 7.0]))],
        lambda x, y: (
            x[[i for i, v in enumerate(x) if v not in y]],
            np.int32([i for i, v in enumerate(x) if v not in y]),
        ),
        dtypes="float32 int32 int64",
    ),
    Sample("UniqueV2", [ROWS, fixed(np.int64([0])).keep], lambda x, a: _slices(x, a)[:2], dtypes=ANY),
    Sample("UniqueV2", [REPEATED, fixed(np.int32([])).keep], lambda x, a: _unique(x), id="no axis"),
    Sample("UniqueWithCountsV2", [ROWS, fixed(np.int64([1])).keep], _slices, dtypes=ANY),
    Sample("UniqueWithCountsV2", [ROWS, fixed(np.int64([-1])).keep], _slices, id="negative"),
])


def test_axes_are_checked():
    with tf.Session() as session:
        for axis, message in (([2], "within"), ([0, 1], "at most one element")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(raw_ops.UniqueV2(tf.constant([[1]]), tf.placeholder_with_default(axis, [None])))


def test_masked_rows_are_left_out():
    rows = tf.IndexedSlices(tf.constant([[1.0], [2.0], [3.0]]), tf.constant([12, 26, 37]), tf.constant([50, 1]))
    left = tf.sparse_mask(rows, [12, 45])
    with tf.Session() as session:
        found = session.run(left)
    assert found.indices.tolist() == [26, 37] and found.values.tolist() == [[2.0], [3.0]]
