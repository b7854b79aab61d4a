"""Statistics of pipelines and saved iterators, which there are none of: what programs get instead. Holds no state."""

from graphflow.framework import errors
from graphflow.framework.api import tf_export
from graphflow.framework.type_spec import SparseTensorSpec, TensorSpec


def _refuse(name, reason):
    raise errors.UnimplementedError(None, None, f"tf.data.experimental.{name} is not supported: {reason}")


@tf_export("data.experimental.bytes_produced_stats")
def bytes_produced_stats(tag):
    """A transformation that changes nothing: nobody can ask for the statistics `tag`."""
    return lambda dataset: dataset


@tf_export("data.experimental.latency_stats", "contrib.data.latency_stats")
def latency_stats(tag):
    """A transformation that changes nothing: nobody can ask for the statistics `tag`."""
    return lambda dataset: dataset


@tf_export("data.experimental.StatsAggregator", "contrib.data.StatsAggregator")
class StatsAggregator:
    """Raises UnimplementedError: pipelines gather no statistics."""

    def __init__(self):
        _refuse("StatsAggregator", "pipelines gather no statistics. Time steps with a ProfilerHook or run metadata.")


@tf_export("data.experimental.make_saveable_from_iterator", "contrib.data.make_saveable_from_iterator")
def make_saveable_from_iterator(iterator):
    """Raises UnimplementedError: where an iterator stands cannot be saved."""
    _refuse("make_saveable_from_iterator", "where an iterator stands cannot be saved. Skip what a program has read "
            "with Dataset.skip.")


@tf_export("data.experimental.CheckpointInputPipelineHook", "contrib.data.CheckpointInputPipelineHook")
class CheckpointInputPipelineHook:
    """Raises UnimplementedError: where an iterator stands cannot be saved."""

    def __init__(self, estimator):
        _refuse("CheckpointInputPipelineHook", "where an iterator stands cannot be saved. Skip what a program has "
                "read with Dataset.skip.")


# ---------------------------------------------------------------- older names of specs


@tf_export("data.experimental.TensorStructure")
def tensor_structure(dtype, shape):
    """`tf.TensorSpec(shape, dtype)`."""
    return TensorSpec(shape, dtype)


@tf_export("data.experimental.SparseTensorStructure")
def sparse_tensor_structure(dtype, shape):
    """`tf.SparseTensorSpec(shape, dtype)`."""
    return SparseTensorSpec(shape, dtype)


@tf_export("data.experimental.TensorArrayStructure")
def tensor_array_structure(dtype, element_shape, dynamic_size, infer_shape):
    """Raises UnimplementedError: elements of datasets hold no TensorArrays."""
    _refuse("TensorArrayStructure", "elements of datasets hold no TensorArrays. Stack them to tensors.")


@tf_export("data.experimental.RaggedTensorStructure")
def ragged_tensor_structure(dtype, shape, ragged_rank):
    """Raises UnimplementedError: there are no ragged tensors."""
    _refuse("RaggedTensorStructure", "there are no ragged tensors. Use SparseTensors, or padded_batch.")
