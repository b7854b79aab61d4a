"""Shapes, sizes and ranks as tensors."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16 uint8"

SAMPLES = [
    Sample("Shape", [normal(2, 3)], lambda x: np.array(x.shape, np.int32), dtypes=ANY),
    Sample(
        "Shape",
        [normal()],
        lambda x: np.zeros(0, np.int64),
        attrs={"out_type": tf.int64},
        id="scalar",
    ),
    Sample(
        "ShapeN",
        [[normal(2, 3), normal(0)]],
        lambda xs: (np.array([2, 3], np.int32), np.array([0], np.int32)),
    ),
    Sample("Size", [normal(2, 0, 3)], lambda x: np.int32(0), dtypes="float32 string"),
    Sample("Rank", [normal(2, 1, 3)], lambda x: np.int32(3), dtypes="float32 string"),
    Sample(
        "BroadcastArgs",
        [fixed([3, 1]), fixed([5, 1, 4])],
        lambda a, b: np.array([5, 3, 4], np.int32),
        dtypes="int32",
    ),
]
test_samples = sample_tests(SAMPLES)


def test_known_shapes_become_constants():
    with tf.Graph().as_default():
        known = tf.placeholder(tf.float32, [2, 3], name="x")
        for function in (tf.shape, tf.size, tf.rank):
            assert function(known).op.type == "Const"
        part = tf.placeholder(tf.float32, [None, 3], name="y")
        assert tf.shape(part).op.type == "Shape"
        assert tf.size(part).op.type == "Size"
        assert tf.rank(part).op.type == "Const"
        assert tf.size(tf.placeholder(tf.float32, [None, 0])).op.type == "Const"


def test_broadcast_shapes():
    with tf.Graph().as_default(), tf.Session() as session:
        assert tf.broadcast_static_shape([2, 1], tf.TensorShape([None, 3])).as_list() == [2, 3]
        with pytest.raises(ValueError, match="Incompatible shapes for broadcasting"):
            tf.broadcast_static_shape([2, 3], [4])
        a, b = tf.placeholder(tf.int32, [None]), tf.constant([3, 1])
        dynamic = tf.broadcast_dynamic_shape(a, b)
        assert session.run(dynamic, {a: [2, 1, 4]}).tolist() == [2, 3, 4]
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(dynamic, {a: [2, 4]})
