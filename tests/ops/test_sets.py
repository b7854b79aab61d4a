"""Sets in the rows of tensors, against Python's."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, sample_tests

A, B = np.array([[3, 1, 1], [2, 2, 5]]), np.array([[1, 4], [5, 2]])
INDICES, SHAPE = np.int64([[0, 0], [0, 1], [0, 2], [1, 1]]), np.int64([2, 3])
VALUES = np.array([1, 4, 4, 7])


def _rows(sets):
    """Sets as a sparse matrix."""
    rows = [sorted(s) for s in sets]
    places = [(i, j) for i, row in enumerate(rows) for j in range(len(row))]
    return (np.int64(places).reshape(-1, 2), np.array([v for row in rows for v in row]),
            np.int64([len(rows), max(map(len, rows))]))


def _typed(sets, values):
    indices, found, shape = _rows(sets)
    return indices, found.astype(values.dtype), shape


def _sets(array):
    return [set(row.tolist()) for row in array]


def _sparse_sets(values):
    return [set(values[:3].tolist()), set(values[3:].tolist())]


SPARSE = [fixed(INDICES).keep, fixed(VALUES), fixed(SHAPE).keep]
TYPES = "int32 int64"
test_samples = sample_tests([
    *(Sample("DenseToDenseSetOperation", [fixed(A), fixed(B)],
             lambda a, b, f=function: _typed([f(x, y) for x, y in zip(_sets(a), _sets(b))], a), dtypes=TYPES,
             attrs={"set_operation": name}, id=name)
      for name, function in (("a-b", set.difference), ("b-a", lambda x, y: y - x), ("union", set.union),
                             ("intersection", set.intersection))),
    Sample("DenseToSparseSetOperation", [fixed(A), *SPARSE],
           lambda a, i, v, s: _typed([x | y for x, y in zip(_sets(a), _sparse_sets(v))], a), dtypes=TYPES,
           attrs={"set_operation": "union"}),
    Sample("SparseToSparseSetOperation", [*SPARSE, *SPARSE], lambda i, v, s, *_: _typed(_sparse_sets(v), v),
           dtypes=TYPES, attrs={"set_operation": "intersection"}),
    Sample("SetSize", SPARSE, lambda i, v, s: np.int32([2, 1]), dtypes=TYPES),
])


def run(fetches):
    with tf.Session() as session:
        return session.run(fetches)


def test_wrappers():
    sparse = tf.SparseTensor(INDICES, [b"a", b"b", b"b", b"c"], SHAPE)
    words = tf.constant([["a", "d"], ["c", "c"]])
    assert run(tf.sets.difference(sparse, words)).values.tolist() == [b"b"]
    assert run(tf.sets.difference(words, sparse)).values.tolist() == [b"d"]
    assert run(tf.sets.difference(sparse, words, aminusb=False)).values.tolist() == [b"d"]
    assert run(tf.sets.set_union(sparse, words)).values.tolist() == [b"a", b"b", b"d", b"c"]
    assert run(tf.sets.set_intersection(words, sparse)).indices.tolist() == [[0, 0], [1, 0]]
    assert run(tf.sets.size(sparse)).tolist() == [2, 1]


def test_errors():
    with pytest.raises(TypeError, match="Expected `SparseTensor`"):
        tf.sets.size([[1]])
    with pytest.raises(TypeError, match="invalid dtype"):
        tf.sets.union([[1.0]], [[1.0]])
    with pytest.raises(TypeError, match="Types don't match"):
        tf.sets.union([[1]], [["a"]])
    unordered = tf.SparseTensor([[1, 0], [0, 0]], [1, 2], [2, 1])
    for fetch, message in ((tf.sets.size(unordered), "out of order"), (tf.sets.union([[1]], [[1], [2]]), "Mismatched"),
                           (raw_ops.DenseToDenseSetOperation([[1]], [[1]], set_operation="xor"), "set_operation xor")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            run(fetch)
    assert run(tf.sets.size(unordered, validate_indices=False)).tolist() == [1, 1]
