"""Datasets of tensors and numbers: what they refuse, and that what they hold is theirs."""

import numpy as np
import pytest

import graphflow as tf
from tests.data.helpers import elements


def test_slices_of_different_lengths():
    with pytest.raises(ValueError, match="Dimensions 2 and 3 are not compatible"):
        tf.data.Dataset.from_tensor_slices(([1, 2], [1, 2, 3]))
    with pytest.raises(ValueError, match="insufficient rank|rank >= 1"):
        tf.data.Dataset.from_tensor_slices(3)


def test_slices_of_different_lengths_in_a_run():
    a, b = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
    iterator = tf.data.Dataset.from_tensor_slices((a, b)).make_initializable_iterator()
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="TensorSliceDataset"):
        sess.run(iterator.initializer, {a: [1, 2], b: [1]})


def test_fed_arrays():
    x = tf.placeholder(tf.float32, [None, 2])
    iterator = tf.data.Dataset.from_tensor_slices(x).make_initializable_iterator()
    element = iterator.get_next()
    assert element.shape.as_list() == [2]
    with tf.Session() as sess:
        for value in (1.0, 2.0):
            sess.run(iterator.initializer, {x: np.full([1, 2], value)})
            np.testing.assert_array_equal(sess.run(element), [value, value])


@pytest.mark.parametrize("make", [
    lambda: tf.data.Dataset.from_tensors(tf.ones([3])),
    lambda: tf.data.Dataset.from_tensor_slices(tf.ones([1, 3])).cache(),
    lambda: tf.data.Dataset.from_tensor_slices(tf.ones([2, 3])).batch(2).cache(),
], ids=["tensors", "rows", "cached"])
def test_fetched_elements_belong_to_the_caller(make):
    iterator = make().repeat().make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        for _ in range(3):
            value = sess.run(element)
            assert np.all(value == 1)
            value[...] = 7


def test_zero_step():
    with pytest.raises(tf.errors.InvalidArgumentError, match="step must be a non-zero integer"):
        elements(tf.data.Dataset.range(0, 3, 0))
    with pytest.raises(ValueError, match="Invalid arguments"):
        tf.data.Dataset.range()


def test_sparse_slices_in_disorder():
    value = tf.SparseTensor([[1, 0], [0, 0]], [1, 2], [2, 2])
    with pytest.raises(tf.errors.UnimplementedError, match="must be ordered in the batch dimension"):
        elements(tf.data.Dataset.from_sparse_tensor_slices(value))
    with pytest.raises(TypeError, match="must be a `tf.SparseTensor`"):
        tf.data.Dataset.from_sparse_tensor_slices([1])


def test_unseeded_random_numbers_differ():
    iterator = tf.data.experimental.RandomDataset().make_initializable_iterator()
    element = iterator.get_next()
    seen = set()
    with tf.Session() as sess:
        for _ in range(3):
            sess.run(iterator.initializer)
            seen.add(sess.run(element))
    assert len(seen) == 3


def test_names_are_tensorflows():
    tf.data.Dataset.from_tensor_slices(([1], [2.0])).shuffle(3, seed=1).batch(2)
    assert [op.name for op in tf.get_default_graph().get_operations()] == [
        "normalize_element/component_0", "normalize_element/component_1", "TensorSliceDataset", "buffer_size", "seed",
        "seed2/Const", "seed2/Equal/y", "seed2/Equal", "seed2/Equal_1/y", "seed2/Equal_1", "seed2/LogicalAnd",
        "seed2/Const_1", "seed2", "ShuffleDataset", "batch_size", "drop_remainder", "BatchDatasetV2"]
