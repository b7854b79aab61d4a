"""Sparse tensors made of sparse tensors: compared with what the same does to dense ones."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

INDICES = np.array([[0, 1], [1, 0], [1, 2], [2, 3]], np.int64)
OTHER = np.array([[0, 0], [0, 1], [2, 3]], np.int64)
SHAPE = np.array([4, 4], np.int64)
A = [fixed(INDICES).keep, normal(4), fixed(SHAPE).keep]
B = [fixed(OTHER).keep, normal(3), fixed(SHAPE).keep]
BOTH = np.array([[0, 0], [0, 1], [1, 0], [1, 2], [2, 3]])


def _both(function):
    def oracle(i, a, s, j, b, t):
        zero = np.zeros((), a.dtype)
        pairs = [(zero, b[0]), (a[0], b[1]), (a[1], zero), (a[2], zero), (a[3], b[2])]
        return BOTH, np.array([function(*pair) for pair in pairs])
    return oracle


SAMPLES = [
    Sample("SparseAdd", [*A, *B, fixed(0.0)], lambda *x: (*_both(np.add)(*x[:6]), SHAPE), dtypes="float32 float64",
           grad=(1, 4), grad_outputs=(1,)),
    Sample("SparseAddGrad", [normal(5), fixed(INDICES).keep, fixed(OTHER).keep, fixed(BOTH).keep],
           lambda g, a, b, s: (g[[1, 2, 3, 4]], g[[0, 1, 4]]), dtypes="float32 int32"),
    Sample("SparseSparseMaximum", [*A, *B], _both(np.maximum), dtypes="float32 int32"),
    Sample("SparseSparseMinimum", [*A, *B], _both(np.minimum), dtypes="float32 int32"),
    Sample("SparseReorder", [fixed(INDICES[[2, 0, 3, 1]]).keep, normal(4), fixed(SHAPE).keep],
           lambda i, v, s: (INDICES, v[[1, 3, 0, 2]]), dtypes="float32 float64 int32", grad=(1,), grad_outputs=(1,)),
    Sample("SparseReshape", [fixed(INDICES).keep, fixed(SHAPE).keep, fixed(np.array([2, -1], np.int64)).keep],
           lambda i, s, n: (np.array([[0, 1], [0, 4], [0, 6], [1, 3]]), np.array([2, 8])), dtypes="float32"),
    Sample("SparseConcat", [[fixed(INDICES).keep, fixed(OTHER).keep], [normal(4), normal(3)],
                            [fixed(SHAPE).keep, fixed(SHAPE).keep]],
           lambda i, v, s: (np.concatenate([INDICES, OTHER + [4, 0]]), np.concatenate(v), np.array([8, 4])),
           attrs={"concat_dim": 0}, dtypes="float32 int32"),
    Sample("SparseSplit", [fixed(np.int64(1)).keep, *A],
           lambda d, i, v, s: (np.array([[0, 1], [1, 0]]), np.array([[1, 0], [2, 1]]), v[:2], v[2:], np.array([4, 2]),
                               np.array([4, 2])), attrs={"num_split": 2}, dtypes="float32 int32"),
    Sample("SparseSlice", [*A, fixed(np.array([1, 0])).keep, fixed(np.array([9, 3])).keep],
           lambda i, v, s, b, z: (np.array([[0, 0], [0, 2]]), v[1:3], np.array([3, 3])), dtypes="float32 float64",
           grad=(1,), grad_outputs=(1,)),
    Sample("SparseSliceGrad", [normal(2), fixed(INDICES).keep, fixed(np.array([1, 0])).keep,
                               fixed(np.array([[0, 0], [0, 2]])).keep],
           lambda g, i, b, o: np.array([0, *g, 0], g.dtype), dtypes="float32 int32"),
    Sample("SparseFillEmptyRows", [*A, normal()],
           lambda i, v, s, d: (np.concatenate([INDICES, [[3, 0]]]), np.append(v, d),
                               np.array([False, False, False, True]), np.arange(4)),
           dtypes="float32 float64", grad=(1, 3), grad_outputs=(1,)),
    Sample("SparseFillEmptyRowsGrad", [fixed(np.array([1, 2])).keep, normal(4)],
           lambda m, g: (g[1:3], g[0] + g[3]), dtypes="float32 float64"),
]
test_samples = sample_tests(SAMPLES)


def dense(value):
    result = np.zeros(value.dense_shape, value.values.dtype)
    result[tuple(value.indices.T)] = value.values
    return result


@pytest.fixture
def x():
    return tf.SparseTensor(INDICES, np.arange(1.0, 5.0, dtype=np.float32), SHAPE)


def test_wrappers_do_what_dense_ones_do(x):
    whole = np.zeros(SHAPE, np.float32)
    whole[tuple(INDICES.T)] = np.arange(1, 5)
    with tf.Session() as session:
        pairs = [(tf.sparse_transpose(x), whole.T), (tf.sparse.expand_dims(x, 1), whole[:, None]),
                 (tf.sparse.expand_dims(x), whole[..., None]), (tf.sparse_add(x, x), 2 * whole),
                 (tf.sparse_reshape(x, [2, 8]), whole.reshape(2, 8)), (tf.sparse.from_dense(whole), whole),
                 (tf.sparse.eye(2, 3), np.eye(2, 3)), (tf.sparse_reset_shape(x), whole[:3]),
                 (tf.sparse_reset_shape(x, [5, 4]), np.pad(whole, [(0, 1), (0, 0)])),
                 (tf.sparse_concat(1, [x, x]), np.concatenate([whole, whole], 1)),
                 (tf.sparse_slice(x, [0, 1], [2, 2]), whole[:2, 1:3]),
                 (tf.sparse_retain(x, [True, False, True, False]), whole * np.isin(whole, [1, 3])),
                 *zip(tf.sparse_split(sp_input=x, num_split=3, axis=0), (whole[:2], whole[2:3], whole[3:]))]
        for sparse, expected in pairs:
            np.testing.assert_array_equal(dense(session.run(sparse)), expected)
        np.testing.assert_array_equal(session.run(tf.sparse_add(x, tf.ones([4, 4]))), whole + 1)
        filled, empty = session.run(tf.sparse_fill_empty_rows(x, -1.0))
        assert dense(filled)[3, 0] == -1 and empty.tolist() == [False, False, False, True]
        wide = tf.SparseTensor(np.array([[0, 5]]), np.float32([1]), np.array([6, 6]))
        joined = session.run(tf.sparse_concat(0, [x, wide], expand_nonconcat_dim=True))
        np.testing.assert_array_equal(joined.dense_shape, [10, 6])


def test_ids_become_places():
    ids = tf.SparseTensor([[0, 0], [1, 0], [1, 1]], tf.constant([2, 0, 1], tf.int64), [2, 2])
    with tf.Session() as session:
        indicator = session.run(tf.sparse_to_indicator(ids, 3))
        np.testing.assert_array_equal(indicator, [[False, False, True], [True, True, False]])
        merged = session.run(tf.sparse_merge(ids, tf.SparseTensor(ids.indices, [1.0, 2, 3], [2, 2]), 3))
        np.testing.assert_array_equal(dense(merged), [[0, 0, 1], [2, 3, 0]])


def test_errors(x):
    with pytest.raises(ValueError, match="Cannot reshape a tensor with 16 elements"):
        tf.sparse_reshape(x, [3, 3])
    with pytest.raises(TypeError, match="At least one input should be SparseTensor"):
        tf.sparse_add([1.0], [2.0])
    with pytest.raises(ValueError, match="Keyword arguments are required"):
        tf.sparse_split(x, 2, 0)
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="shapes do not match"):
        session.run(tf.sparse_maximum(x, tf.sparse.eye(2)).values)
