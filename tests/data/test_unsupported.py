"""Names of tf.data.experimental that are there to say what is not; statistics that nobody asks for."""

import pytest

import graphflow as tf
from tests.data.helpers import elements

experimental = tf.data.experimental


@pytest.mark.parametrize("use", [
    lambda: experimental.StatsAggregator(), lambda: experimental.CheckpointInputPipelineHook(None),
    lambda: experimental.make_saveable_from_iterator(None),
    lambda: experimental.TensorArrayStructure(tf.float32, [2], False, True),
    lambda: experimental.RaggedTensorStructure(tf.float32, [2, None], 1)])
def test_refusals_name_themselves(use):
    (name,) = [name for name in use.__code__.co_names if hasattr(experimental, name)]
    with pytest.raises(tf.errors.UnimplementedError, match=f"tf.data.experimental.{name} is not supported"):
        use()


def test_statistics_change_nothing():
    dataset = tf.data.Dataset.range(3).apply(experimental.latency_stats("a")).apply(
        experimental.bytes_produced_stats("b"))
    assert elements(dataset) == [0, 1, 2] and dataset.output_types == tf.int64


def test_older_names_of_specs():
    assert experimental.TensorStructure(tf.int32, [2]) == tf.TensorSpec([2], tf.int32)
    assert experimental.SparseTensorStructure(tf.int32, [2]) == tf.SparseTensorSpec([2], tf.int32)
