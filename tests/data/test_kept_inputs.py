"""Datasets keep what they are made of: values that a run computes, feeds and variables change afterwards."""

import numpy as np
import pytest

import graphflow as tf
from tests.data.helpers import elements


@pytest.mark.parametrize("inner", [
    lambda k: tf.data.Dataset.range(3).map(lambda j, start=k * 10: j + start),
    lambda k: tf.data.Dataset.from_tensor_slices(tf.range(3, dtype=tf.int64) + k * 10),
    lambda k: tf.data.Dataset.zip((tf.data.Dataset.range(3), tf.data.Dataset.from_tensors(k * 10).repeat())).map(
        tf.add),
])
def test_datasets_made_by_a_function_keep_what_they_are_made_of(inner):
    """The function computes that in the same memory for each of them, and several are open at once."""
    tf.set_random_seed(1)       # waits for compiled kernels
    found = elements(tf.data.Dataset.range(4).interleave(inner, cycle_length=2))
    assert found == [0, 10, 1, 11, 2, 12, 20, 30, 21, 31, 22, 32]
    found = elements(tf.data.Dataset.range(4).flat_map(inner).prefetch(4))
    assert found == [0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]


@pytest.mark.parametrize("make", [
    lambda value: tf.data.Dataset.from_tensors(value),
    lambda value: tf.data.Dataset.from_tensor_slices(value).batch(2),
    lambda value: tf.data.Dataset.range(1).map(lambda _: value + 0.0),
])
@pytest.mark.parametrize("executor", ["", "reference"])
def test_datasets_keep_feeds_and_variables_as_they_were(make, executor, monkeypatch):
    monkeypatch.setenv("GRAPHFLOW_EXECUTOR", executor)
    fed, variable = tf.placeholder(tf.float32, [2]), tf.Variable([1.0, 2.0], use_resource=True)
    iterators = [tf.data.make_initializable_iterator(make(value))
                 for value in (fed, variable.read_value())]
    array = np.array([1, 2], np.float32)
    with tf.Session() as sess:
        sess.run(variable.initializer)
        sess.run([iterator.initializer for iterator in iterators], {fed: array})
        array += 5
        sess.run(variable.assign_add([5.0, 5.0]))
        for iterator in iterators:
            np.testing.assert_array_equal(sess.run(iterator.get_next()), [1, 2])
