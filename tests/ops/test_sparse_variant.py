"""Serialised sparse tensors come back as they were, alone and in batches."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops


def _sparse():
    return tf.SparseTensor([[0, 1], [2, 0], [2, 3]], [1.5, 2.5, 3.5], [3, 4])


@pytest.mark.parametrize("out_type", [tf.string, tf.variant], ids=["string", "variant"])
def test_one(out_type):
    serialized = tf.serialize_sparse(_sparse(), out_type=out_type)
    assert serialized.shape.as_list() == [3]
    back = tf.SparseTensor(*raw_ops.DeserializeSparse(serialized, dtype=tf.float32))
    with tf.Session() as sess:
        np.testing.assert_array_equal(*sess.run([tf.sparse_tensor_to_dense(t) for t in (back, _sparse())]))


def test_slices_and_batches():
    serialized = tf.serialize_many_sparse(_sparse())
    back = tf.deserialize_many_sparse(serialized, tf.float32, rank=1)
    assert back.indices.shape.as_list() == [None, 2]
    with tf.Session() as sess:
        assert sess.run(serialized).shape == (3, 3)
        np.testing.assert_array_equal(*sess.run([tf.sparse_tensor_to_dense(t) for t in (back, _sparse())]))


def test_refusals():
    with tf.Session() as sess:
        for bad, message in ((tf.constant(["a", "b", "c"]), "Could not parse"), (tf.constant(["a"]), "last dimension")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                sess.run(raw_ops.DeserializeSparse(bad, dtype=tf.float32))
        with pytest.raises(tf.errors.InvalidArgumentError, match="of type int32"):
            sess.run(raw_ops.DeserializeSparse(tf.serialize_sparse(_sparse()), dtype=tf.int32))
