"""How `tf.get_variable` cuts a variable into slices: partitioners, and the arithmetic of slices.

A partitioner is a function of `shape` (TensorShape) and `dtype` that returns the number of slices
per axis. Holds no state.
"""

import collections.abc
import math

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.tensor_shape import TensorShape


@tf_export("fixed_size_partitioner")
def fixed_size_partitioner(num_shards, axis=0):
    """A partitioner that makes `num_shards` slices (fewer if the axis is shorter) along `axis`."""

    def partition(shape, **_):
        partitions = [1] * len(shape)
        partitions[axis] = min(num_shards, shape.dims[axis].value)
        return partitions

    return partition


@tf_export("variable_axis_size_partitioner")
def variable_axis_size_partitioner(max_shard_bytes, axis=0, bytes_per_string_element=16, max_shards=None):
    """A partitioner whose slices along `axis` have at most `max_shard_bytes` (if a row fits).

    Args: bytes_per_string_element: size assumed for strings. max_shards: upper bound, or None.
    Raises ValueError if a size is not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError("Both max_shard_bytes and bytes_per_string_element must be positive.")
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partition(shape, dtype):
        if not isinstance(shape, TensorShape):
            raise ValueError(f"shape is not a TensorShape: {shape}")  # noqa: TRY004 - TensorFlow's type
        if not shape.is_fully_defined():
            raise ValueError(f"shape is not fully defined: {shape}")
        if not isinstance(dtype, dtypes.DType):
            raise ValueError(f"dtype is not a DType: {dtype}")  # noqa: TRY004 - TensorFlow's type
        length = shape.dims[axis].value
        row_bytes = shape.num_elements() / length * _element_size(dtype, bytes_per_string_element)
        shards = math.ceil(length / max(1, math.floor(max_shard_bytes / row_bytes)))
        partitions = [1] * shape.ndims
        partitions[axis] = min(max_shards, shards) if max_shards else shards
        return partitions

    return partition


@tf_export("min_max_variable_partitioner")
def min_max_variable_partitioner(max_partitions=1, axis=0, min_slice_size=256 << 10,
                                 bytes_per_string_element=16):
    """A partitioner that makes slices of at least `min_slice_size` bytes, at most `max_partitions`."""

    def partition(shape, dtype):
        if axis >= len(shape):
            raise ValueError(f"Can not partition variable along axis {axis} when shape is only {shape}")
        total = shape.num_elements() * _element_size(dtype, bytes_per_string_element)
        partitions = [1] * len(shape)
        partitions[axis] = max(1, min(shape.dims[axis].value, max_partitions, math.ceil(total / min_slice_size)))
        return partitions

    return partition


def _element_size(dtype, bytes_per_string_element):
    return bytes_per_string_element if dtype.base_dtype == dtypes.string else dtype.size


def call_partitioner(partitioner, shape, dtype):
    """Number of slices per axis, checked: one axis at most is cut. ValueError otherwise."""
    if not shape.is_fully_defined():
        raise ValueError(f"Shape of a new partitioned variable must be fully defined, but instead was {shape}.")
    if shape.ndims < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    slicing = partitioner(shape=shape, dtype=dtype)
    if not isinstance(slicing, collections.abc.Sequence):
        raise ValueError(f"Partitioner must return a sequence, but saw: {slicing}")  # noqa: TRY004
    if len(slicing) != shape.ndims:
        raise ValueError(f"Partitioner returned a partition list that does not match the Variable's rank: {slicing} "
                         f"vs. {shape}")
    if any(p < 1 for p in slicing):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {slicing}")
    if sum(p > 1 for p in slicing) > 1:
        raise ValueError(f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {slicing}")
    return slicing


def cut_axis(slicing):
    """(axis that is cut, number of slices)."""
    return next(((axis, count) for axis, count in enumerate(slicing) if count > 1), (0, 1))


def slices_of(full_shape, count, axis):
    """`[(offset, shape)]` of `count` slices along `axis`; the first ones take what is left over."""
    length, excess = divmod(full_shape[axis], count)
    result, begin = [], 0
    for i in range(count):
        offset, shape = [0] * len(full_shape), list(full_shape)
        offset[axis], shape[axis] = begin, length + (i < excess)
        result.append((offset, shape))
        begin += shape[axis]
    return result


class PartitionInfo:
    """What an initializer may know about the slice it makes: `full_shape` and `var_offset`."""

    def __init__(self, full_shape, var_offset):
        for name, value in (("full_shape", full_shape), ("var_offset", var_offset)):
            if not isinstance(value, collections.abc.Sequence) or isinstance(value, str):
                raise TypeError(f"`{name}` must be a sequence (like tuple or list) instead of {type(value).__name__}")
        if len(var_offset) != len(full_shape):
            raise ValueError(f"Expected equal length, but `var_offset` is of length {len(var_offset)} while "
                             f"full_shape is of length {len(full_shape)}.")
        for offset, size in zip(var_offset, full_shape):
            if not 0 <= offset < size:
                raise ValueError(f"Expected 0 <= offset < shape but found offset={offset}, shape={size} for "
                                 f"var_offset={var_offset}, full_shape={full_shape}")
        self.full_shape = full_shape
        self.var_offset = var_offset

    def single_offset(self, shape):
        """Offset along the axis that is cut, for a slice of `shape`; 0 if none is."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]

    def single_slice_dim(self, shape):
        """The axis that is cut, for a slice of `shape`; None if none is."""
        if len(shape) != len(self.full_shape):
            raise ValueError(f"Expected equal length, but received shape={shape} of length {len(shape)} while "
                             f"self.full_shape={self.full_shape} is of length {len(self.full_shape)}.")
        cut = None
        for axis, (offset, size, full) in enumerate(zip(self.var_offset, shape, self.full_shape)):
            if offset + size > full:
                raise ValueError(f"With self.var_offset={self.var_offset}, a partition of shape={shape} would exceed "
                                 f"self.full_shape={self.full_shape} in dimension {axis}.")
            if size == full:
                continue
            if cut is not None:
                raise ValueError(f"Cannot use single_slice_dim() with shape={shape} and self.full_shape="
                                 f"{self.full_shape} since slice dim could be either dimension {axis} or {cut}.")
            cut = axis
        return cut
