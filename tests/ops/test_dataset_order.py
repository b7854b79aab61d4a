"""Datasets in another order or number: refusals, cardinality, random orders."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.data.helpers import elements

Dataset = tf.data.Dataset


@pytest.mark.parametrize(("make", "message"), [
    (lambda d: d.shard(0, 0), "Number of shards must be greater than zero"),
    (lambda d: d.shard(2, 2), "Index must be between 0 and 1"),
    (lambda d: d.shuffle(0), "buffer_size must be greater than zero"),
    (lambda d: d.batch(0), "Batch size must be greater than zero"),
    (lambda d: d.prefetch(-2), "buffer_size must be >= 0"),
    (lambda d: d.window(0), "Window size must be greater than zero"),
    (lambda d: d.window(1, shift=0), "Window shift must be greater than zero"),
])
def test_refused_arguments(make, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message) as caught:
        elements(make(Dataset.range(3)))
    assert "Dataset" in caught.value.op.type


@pytest.mark.parametrize(("make", "size"), [
    (lambda: Dataset.range(7), 7),
    (lambda: Dataset.range(7).repeat(), -1),
    (lambda: Dataset.range(0).repeat(), 0),
    (lambda: Dataset.range(7).repeat(3), 21),
    (lambda: Dataset.range(7).repeat().take(5), 5),
    (lambda: Dataset.range(7).skip(5), 2),
    (lambda: Dataset.range(7).shard(3, 1), 2),
    (lambda: Dataset.range(7).batch(3), 3),
    (lambda: Dataset.range(7).batch(3, drop_remainder=True), 2),
    (lambda: Dataset.range(7).concatenate(Dataset.range(2)), 9),
    (lambda: Dataset.zip((Dataset.range(7), Dataset.range(3).repeat())), 7),
    (lambda: Dataset.range(7).window(2), -2),
])
def test_cardinality(make, size):
    with tf.Session() as sess:
        assert sess.run(raw_ops.DatasetCardinality(make()._variant_tensor)) == size


def test_repeat_of_nothing_ends():
    assert elements(Dataset.range(0).repeat()) == []
    assert elements(Dataset.range(5).take(0).shuffle(3).repeat()) == []


def test_every_element_comes_once():
    found = elements(Dataset.range(1000).shuffle(300))
    assert sorted(found) == list(range(1000)) and found != list(range(1000))


def test_unseeded_orders_differ():
    iterator = Dataset.range(20).shuffle(20).batch(20).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        orders = set()
        for _ in range(3):
            sess.run(iterator.initializer)
            orders.add(tuple(sess.run(element)))
    assert len(orders) == 3


def test_a_buffer_draws_from_its_size_only():
    positions = np.argsort(elements(Dataset.range(500).shuffle(10, seed=1)))
    assert max(number - position for position, number in enumerate(np.argsort(positions))) < 500
    for place, number in enumerate(elements(Dataset.range(500).shuffle(10, seed=1))):
        assert number < place + 10


def test_datasets_to_concatenate_are_alike():
    with pytest.raises(TypeError, match="different types"):
        Dataset.range(3).concatenate(Dataset.from_tensors(1.0))
    joined = Dataset.from_tensors([1, 2]).concatenate(Dataset.from_tensors([1, 2, 3]))
    assert joined.output_shapes.as_list() == [None]


def test_zip_takes_tuples():
    with pytest.raises(TypeError, match="please use a tuple instead"):
        Dataset.zip([Dataset.range(1), Dataset.range(2)])
