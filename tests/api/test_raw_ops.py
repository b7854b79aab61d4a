"""tf.raw_ops: every op as a function with a signature."""

import inspect

import numpy as np
import pytest

import graphflow as tf


def test_ops_are_listed_with_their_arguments():
    assert {"MatMul", "Conv2D", "Const"} <= set(dir(tf.raw_ops))
    assert str(inspect.signature(tf.raw_ops.MatMul)) == (
        "(a, b, *, transpose_a=False, transpose_b=False, name=None)")
    assert list(inspect.signature(tf.raw_ops.Cast).parameters)[:2] == ["x", "DstT"]


def test_they_make_one_node():
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        y = tf.raw_ops.Add(x=[1, 2], y=3, name="sum")
        assert y.op.type == "Add" and y.op.name == "sum"
        assert [op.type for op in graph.get_operations()].count("Add") == 1
        np.testing.assert_array_equal(sess.run(y), [4, 5])


def test_a_missing_op_is_named():
    with pytest.raises(AttributeError, match="Nothing"):
        tf.raw_ops.Nothing  # noqa: B018
