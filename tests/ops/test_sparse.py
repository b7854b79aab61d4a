"""Sparse and dense tensors: conversions, products, sums, softmax."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, normal, positive, sample_tests

INDICES = np.array([[0, 1], [1, 0], [1, 2], [2, 3]], np.int64)
SHAPE = np.array([3, 4], np.int64)
WHERE = tuple(INDICES.T)
ALL = "float32 float64 float16 int32 complex64"


def _dense(values):
    result = np.zeros(SHAPE, values.dtype)
    result[WHERE] = values
    return result


def _softmax(i, v, s):
    exponentials = _dense(np.exp(v))
    return (exponentials / exponentials.sum(1, keepdims=True))[WHERE]



TRIPLE = [fixed(INDICES).keep, normal(4), fixed(SHAPE).keep]
SAMPLES = [
    Sample("SparseToDense", [fixed(INDICES).keep, fixed(SHAPE).keep, normal(4), normal()],
           lambda i, s, v, d: np.where(_dense(np.ones(4)) > 0, _dense(v), d), dtypes=ALL, grad=(2, 3)),
    Sample("SparseToDense", [fixed(np.array([3, 1])).keep, fixed(np.array([5])).keep, normal(), normal()],
           lambda i, s, v, d: np.where([0, 1, 0, 1, 0], v, d), attrs={"validate_indices": False}, id="vector"),
    Sample("SparseTensorDenseMatMul", [*TRIPLE, normal(4, 2)], lambda i, v, s, b: _dense(v) @ b, dtypes=ALL,
           grad=(1, 3), second=True),
    Sample("SparseTensorDenseMatMul", [*TRIPLE, normal(2, 3)], lambda i, v, s, b: np.conj(_dense(v).T) @ np.conj(b.T),
           attrs={"adjoint_a": True, "adjoint_b": True}, dtypes=ALL, id="adjoints"),
    Sample("SparseReduceSum", [*TRIPLE, fixed(np.array([1], np.int32)).keep], lambda i, v, s, a: _dense(v).sum(1),
           dtypes=ALL, grad=(1,)),
    Sample("SparseReduceSum", [*TRIPLE, fixed(np.array([-2, 1], np.int32)).keep],
           lambda i, v, s, a: _dense(v).sum(keepdims=True), attrs={"keep_dims": True}, dtypes=ALL, grad=(1,), id="all"),
    Sample("SparseReduceMax", [*TRIPLE, fixed(np.array([0], np.int32)).keep],
           lambda i, v, s, a: np.array([v[1], v[0], v[2], v[3]]), dtypes="float32 int32"),
    Sample("SparseReduceSumSparse", [*TRIPLE, fixed(np.array([0], np.int32)).keep],
           lambda i, v, s, a: (np.arange(4)[:, None], v[[1, 0, 2, 3]], np.array([4])), dtypes="float32 float64"),
    Sample("SparseReduceMaxSparse", [*TRIPLE, fixed(np.array([1], np.int32)).keep],
           lambda i, v, s, a: (np.array([[0, 0], [1, 0], [2, 0]]), np.array([v[0], max(v[1], v[2]), v[3]]),
                               np.array([3, 1])), attrs={"keep_dims": True}, dtypes="float32 float64"),
    Sample("SparseTensorDenseAdd", [*TRIPLE, normal(3, 4)], lambda i, v, s, d: _dense(v) + d, dtypes=ALL, grad=(1, 3)),
    Sample("SparseDenseCwiseAdd", [*TRIPLE, normal(4)], lambda i, v, s, d: v + d[WHERE[1]], dtypes=ALL),
    Sample("SparseDenseCwiseMul", [*TRIPLE, normal(3, 1)], lambda i, v, s, d: v * d[WHERE[0], 0], dtypes=ALL,
           grad=(1, 3)),
    Sample("SparseDenseCwiseDiv", [*TRIPLE, positive(4)], lambda i, v, s, d: v / d[WHERE[1]], grad=(1, 3)),
    Sample("SparseSoftmax", TRIPLE, _softmax, grad=(1,), tol=1e-5),
]
test_samples = sample_tests(SAMPLES)


def test_indices_are_checked():
    with tf.Graph().as_default(), tf.Session() as sess:
        for indices, message in (([[0, 4]], "out of bounds"), ([[1, 1], [0, 1]], "out of order"),
                                 ([[1, 1], [1, 1]], "is repeated")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                sess.run(tf.sparse_to_dense(indices, [3, 4], 1.0))
        with pytest.raises(tf.errors.InvalidArgumentError, match="out of bounds"):
            sess.run(raw_ops.SparseTensorDenseMatMul(np.array([[5, 0]]), [1.0], np.array([3, 4]), np.ones([4, 2], "f")))


def test_placeholders_are_fed_with_tuples():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.sparse_placeholder(tf.float32, name="x")
        y = tf.sparse_placeholder(tf.float32, shape=[3, 4])
        total = tf.sparse_reduce_sum(x) + tf.reduce_sum(tf.sparse_tensor_to_dense(y))
        value = tf.SparseTensorValue(INDICES, np.ones(4, np.float32), SHAPE)
        assert sess.run(total, {x: (INDICES, np.ones(4), SHAPE), y: value}) == 8
        assert x.values.op.name == "x/values" and y.get_shape().as_list() == [3, 4]


def test_wrappers():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.SparseTensor(INDICES, np.arange(1.0, 5.0, dtype=np.float32), SHAPE)
        assert sess.run(tf.sparse_tensor_to_dense(x, default_value=-1.0))[0].tolist() == [-1, 1, -1, -1]
        assert sess.run(tf.sparse_reduce_sum(x, 0)).tolist() == [2, 1, 3, 4]
        assert sess.run(tf.sparse_reduce_max_sparse(x, 1)).values.tolist() == [1, 3, 4]
        assert sess.run(tf.sparse_reduce_sum_sparse(x, 1, keepdims=True)).indices.tolist() == [[0, 0], [1, 0], [2, 0]]
        assert np.allclose(sess.run(tf.sparse_softmax(x)).values, [1, 1 / (1 + np.e), np.e / (1 + np.e), 1])
        assert sess.run(tf.sparse.matmul(x, tf.ones([4, 1]))).ravel().tolist() == [1, 5, 4]
        with pytest.raises(TypeError, match="must be a SparseTensor"):
            tf.sparse_tensor_to_dense([1, 2])


def test_operators():
    sparse = tf.SparseTensor([[0, 1], [1, 0]], [2.0, 6.0], [2, 2])
    scale = tf.placeholder(tf.float32)
    rows = tf.constant([[1.0], [3.0]])
    products = [sparse * scale, scale * sparse, rows * sparse, sparse / rows, sparse / 2.0]
    assert [p.values.op.type for p in products] == ["SparseDenseCwiseMul"] * 3 + ["SparseDenseCwiseDiv"] * 2
    assert [p.values.op.name for p in products] == ["mul", "mul_1", "mul_2", "truediv", "truediv_1"]
    halves = tf.SparseTensor([[0, 1]], [3], [2, 2]) / 2
    assert halves.dtype == tf.float64
    with tf.Session() as session:
        values = [value.values.tolist() for value in session.run(products, {scale: 2.0})]
        assert values == [[4.0, 12.0], [4.0, 12.0], [2.0, 18.0], [2.0, 2.0], [1.0, 3.0]]
        assert session.run(halves).values.tolist() == [1.5]
    with pytest.raises(ValueError, match="string|float"):
        sparse * tf.constant([1])
