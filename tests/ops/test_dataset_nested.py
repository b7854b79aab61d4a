"""Datasets of datasets: refusals, threads, groups."""

import pytest

import graphflow as tf
from tests.data.helpers import dataset_threads, elements, wait_until

Dataset = tf.data.Dataset


def _copies(x):
    return Dataset.from_tensors(x).repeat(x)


@pytest.mark.parametrize("apply", [
    lambda d: d.flat_map(lambda x: x),
    lambda d: d.interleave(lambda x: x, 2),
    lambda d: d.apply(tf.data.experimental.parallel_interleave(lambda x: x, 2)),
    lambda d: d.apply(tf.data.experimental.group_by_window(lambda x: x, lambda k, w: k, 2)),
])
def test_functions_return_datasets(apply):
    with pytest.raises(TypeError, match="must return a `Dataset`"):
        apply(Dataset.range(3))


@pytest.mark.parametrize(("apply", "message"), [
    (lambda d: d.interleave(_copies, 0), "cycle_length must be greater than zero"),
    (lambda d: d.interleave(_copies, 1, 0), "block_length must be greater than zero"),
    (lambda d: d.interleave(_copies, 1, 1, num_parallel_calls=0), "num_parallel_calls must be greater than zero"),
    (lambda d: d.map(lambda x: x, num_parallel_calls=0), "num_parallel_calls must be greater than zero"),
    (lambda d: d.apply(tf.data.experimental.group_by_window(lambda x: x, lambda k, w: w, 0)),
     "Window size must be greater than zero"),
])
def test_refused_arguments(apply, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        elements(apply(Dataset.range(3)))


@pytest.mark.parametrize(("cycle", "block"), [(1, 1), (2, 1), (3, 2), (10, 4)])
def test_parallel_interleave_keeps_the_order(cycle, block):
    expected = elements(Dataset.range(1, 8).interleave(_copies, cycle, block))
    assert elements(Dataset.range(1, 8).interleave(_copies, cycle, block, num_parallel_calls=3)) == expected
    assert sorted(expected) == sorted(x for x in range(1, 8) for _ in range(x))
    sloppy = tf.data.experimental.parallel_interleave(_copies, cycle, block, sloppy=True)
    assert sorted(elements(Dataset.range(1, 8).apply(sloppy))) == sorted(expected)
    wait_until(lambda: not dataset_threads())


def test_an_inner_failure_does_not_end_the_rest():
    def inner(x):
        return Dataset.from_tensors(tf.check_numerics(1.0 / x, "no inverse"))

    dataset = Dataset.from_tensor_slices([1.0, 0.0, 2.0]).flat_map(inner)
    assert elements(dataset.apply(tf.data.experimental.ignore_errors())) == [1.0, 0.5]


def test_buckets_pad_to_their_limits():
    dataset = Dataset.from_tensor_slices([1, 3, 2, 5]).map(lambda n: tf.fill([n], n))
    bucket = tf.data.experimental.bucket_by_sequence_length(
        tf.size, [4, 8], [2, 2, 2], pad_to_bucket_boundary=True)
    assert [e.tolist() for e in elements(dataset.apply(bucket))] == [
        [[1, 0, 0], [3, 3, 3]], [[2, 2, 0]], [[5, 5, 5, 5, 5, 0, 0]]]
    with pytest.raises(ValueError, match="must equal len"):
        tf.data.experimental.bucket_by_sequence_length(tf.size, [4], [2])


def test_resampling_nears_the_target():
    dataset = Dataset.range(4000).map(lambda x: tf.cast(x % 4 > 0, tf.int32))
    resample = tf.data.experimental.rejection_resample(lambda c: c, [0.5, 0.5], [0.25, 0.75], seed=3)
    labels = [label for label, _ in elements(dataset.apply(resample), limit=5000)]
    assert 0.45 < sum(labels) / len(labels) < 0.55
