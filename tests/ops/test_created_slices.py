"""tf.create_partitioned_variables."""

import numpy as np
import pytest

import graphflow as tf


def test_slices_of_a_value():
    with tf.Graph().as_default(), tf.Session() as sess:
        value = np.arange(8.0, dtype=np.float32).reshape(2, 4)
        slices = tf.create_partitioned_variables([2, 4], [1, 2], value)
        assert [v.op.name for v in slices] == ["PartitionedVariable/part_0", "PartitionedVariable/part_1"]
        sess.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(np.concatenate(sess.run(slices), 1), value)


def test_names_and_reuse():
    with tf.Graph().as_default():
        first = tf.create_partitioned_variables([4], [2], tf.zeros_initializer(), name="v")
        again = tf.create_partitioned_variables([4], [2], tf.zeros_initializer(), name="v", reuse=True)
        assert [v.name for v in first] == ["v/part_0:0", "v/part_1:0"] and all(map(lambda a, b: a is b, first, again))


@pytest.mark.parametrize("shape, slicing, message", [
    ([2, 3], [1], "must have the length"), ([], [], "rank at least 1"), ([2, 2], [2, 2], "one dimension")])
def test_what_does_not_fit(shape, slicing, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        tf.create_partitioned_variables(shape, slicing, tf.zeros_initializer())
