"""Optionals: with and without a value."""

import pytest

import graphflow as tf
from graphflow.framework import raw_ops


def test_values():
    full = raw_ops.OptionalFromValue([tf.constant(1), tf.constant([2.0])])
    empty = raw_ops.OptionalNone()
    values = [raw_ops.OptionalGetValue(o, output_types=[tf.int32, tf.float32], output_shapes=[[], [1]])
              for o in (full, empty)]
    assert values[0][1].shape.as_list() == [1]
    with tf.Session() as sess:
        assert sess.run([raw_ops.OptionalHasValue(full), raw_ops.OptionalHasValue(empty)]) == [True, False]
        number, vector = sess.run(values[0])
        assert number == 1 and vector.tolist() == [2.0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not have a value"):
            sess.run(values[1])
