"""Batches, padding, windows: static shapes and refusals."""

import pytest

import graphflow as tf
from tests.data.helpers import elements

Dataset = tf.data.Dataset


def _rows(*rows):
    dataset = Dataset.from_tensors(rows[0])
    for row in rows[1:]:
        dataset = dataset.concatenate(Dataset.from_tensors(row))
    return dataset


def test_elements_of_different_shapes():
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match=r"Cannot batch tensors with different shapes in component 0. First element had shape "
                             r"\[2\] and element 1 had shape \[1\]"):
        elements(_rows([1, 2], [3]).batch(2))


def test_static_shapes():
    dataset = Dataset.from_tensors([1, 2])
    assert dataset.batch(3).output_shapes.as_list() == [None, 2]
    assert dataset.batch(3, drop_remainder=True).output_shapes.as_list() == [3, 2]
    size = tf.placeholder(tf.int64, [])
    assert dataset.batch(size, drop_remainder=True).output_shapes.as_list() == [None, 2]
    assert dataset.padded_batch(2, [4]).output_shapes.as_list() == [None, 4]
    assert dataset.padded_batch(2, [-1], drop_remainder=True).output_shapes.as_list() == [2, None]


def test_padding_values():
    dataset = _rows([1, 2], [3])
    assert [e.tolist() for e in elements(dataset.padded_batch(2, [3], -1))] == [[[1, 2, -1], [3, -1, -1]]]
    assert [e.tolist() for e in elements(dataset.padded_batch(2, tf.constant([-1], tf.int64)))] == [[[1, 2], [3, 0]]]


def test_scalar_strings_are_padded_to_strings():
    (found,) = elements(Dataset.from_tensor_slices(["a", "b"]).padded_batch(2, []))
    assert [type(value) for value in found] == [bytes, bytes] and found.tolist() == [b"a", b"b"]


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"padded_shapes": [1]}, ValueError, "not compatible with the corresponding input component shape"),
    ({"padded_shapes": [2, 2]}, ValueError, "not compatible with the corresponding input component shape"),
    ({"padded_shapes": tf.TensorShape([3]), "padding_values": 0.5}, TypeError, "does not match output type"),
    ({"padded_shapes": ([3],)}, ValueError, "must be a 1-D tensor"),
    ({"padded_shapes": [3], "padding_values": [1, 2]}, ValueError, "should be a scalar"),
])
def test_refused_padding(arguments, error, message):
    with pytest.raises(error, match=message):
        Dataset.from_tensors([1, 2]).padded_batch(2, **arguments)


def test_sparse_elements_are_not_padded():
    value = tf.SparseTensor([[0]], [1], [2])
    with pytest.raises(TypeError, match="padded sparse tensors is not currently supported"):
        Dataset.from_tensors(value).padded_batch(2, [None])


def test_rows_are_gathered_in_order():
    dataset = Dataset.from_tensor_slices(([[1, 2], [3, 4], [5, 6]], ["a", "b", "c"])).shuffle(3, seed=2).batch(2)
    for values, texts in elements(dataset):
        for row, text in zip(values.tolist(), texts):
            assert row == [2 * "abc".index(text.decode()) + 1, 2 * "abc".index(text.decode()) + 2]
