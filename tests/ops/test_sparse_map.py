"""Sparse tensors that stay in the session, and the handles in their place."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.ops.sparse_map import add_many_sparse_to_map, add_sparse_to_map, take_many_sparse_from_map


def _sparse(rows, columns=4):
    dense = np.zeros((rows, columns), np.float32)
    dense[::2, 1] = 5
    dense[-1, 3] = 7
    indices = np.argwhere(dense)
    return dense, tf.SparseTensor(indices, dense[tuple(indices.T)], dense.shape)


def _dense(value):
    result = np.zeros(value.dense_shape, value.values.dtype)
    result[tuple(value.indices.T)] = value.values
    return result


def test_rows_come_back_in_the_order_asked_for():
    dense, sparse = _sparse(5)
    handles = add_many_sparse_to_map(sparse)
    given = tf.placeholder(tf.int64, [None])
    back = take_many_sparse_from_map(handles.op, given, rank=2)
    assert back.indices.shape.as_list() == [None, 2] and back.dense_shape.shape.as_list() == [2]
    with tf.Session() as sess:
        numbers = sess.run(handles)
        value = sess.run(back, {given: numbers[[3, 0, 4]]})
        assert _dense(value).tolist() == dense[[3, 0, 4]].tolist()
        with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to find SparseTensor: 0 in map"):
            sess.run(back, {given: numbers[:1]})


def test_tensors_of_different_sizes_are_stacked():
    indices, values, shape = (tf.placeholder(t) for t in (tf.int64, tf.string, tf.int64))
    handle = add_sparse_to_map(tf.SparseTensor(indices, values, shape), shared_name="m")
    assert handle.shape == ()
    given = tf.placeholder(tf.int64, [None])
    back = take_many_sparse_from_map(handle.op, given)
    with tf.Session() as sess:
        numbers = [sess.run(handle, {indices: [[n]], values: [b"x" * n], shape: [n + 1]}) for n in range(3)]
        value = sess.run(back, {given: numbers})
        assert value.dense_shape.tolist() == [3, 3] and value.values.tolist() == [b"", b"x", b"xx"]
        assert value.indices.tolist() == [[0, 0], [1, 1], [2, 2]]
        assert sess.run(back, {given: []}).dense_shape.tolist() == [0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Not the parts of a sparse tensor"):
            sess.run(handle, {indices: [[0, 1]], values: [b"a"], shape: [3]})
