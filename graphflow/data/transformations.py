"""Datasets of the elements of another: how many, in which order, kept or made ahead, in batches.

The methods of `tf.data.Dataset` that take no functions. Holds no state.
"""

import numpy as np

from graphflow.data import nest, structure
from graphflow.data.seeds import seed_tensors
from graphflow.data.sources import MAX_INT64, Sources, new_dataset
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.static_value import constant_value, constant_value_as_shape
from graphflow.framework.tensor_shape import TensorShape, as_shape


def int64(value, name):
    """An argument of a dataset op as an int64 tensor."""
    return convert_to_tensor(value, dtypes.int64, name=name)


def batch_spec(spec, batch_size, drop_remainder):
    """The spec of batches: of known size only if the remainder is dropped."""
    size = constant_value(batch_size) if constant_value(drop_remainder) else None
    return structure.batched(spec, None if size is None else int(size))


class Transformations:
    """The methods of Dataset that take no functions."""

    def _same(self, make, *arguments, **attrs):
        """The dataset of op `make`, whose elements are of this dataset's kind."""
        spec = self.element_spec
        return new_dataset(make(self._variant_tensor, *arguments, **structure.flat_attrs(spec), **attrs), spec, [self])

    def concatenate(self, dataset):
        """The elements of this dataset, then those of `dataset`, which must be of the same types and classes.

        Raises TypeError if they are not.
        """
        for what, describe in (("types", structure.output_types), ("classes", structure.output_classes)):
            mine, theirs = describe(self.element_spec), describe(dataset.element_spec)
            if mine != theirs:
                raise TypeError(f"Two datasets to concatenate have different {what} {mine} and {theirs}")
        shapes = structure.output_shapes(self.element_spec)
        shapes = nest.pack_sequence_as(shapes, [
            a.most_specific_compatible_shape(b)
            for a, b in zip(nest.flatten(shapes), nest.flatten(structure.output_shapes(dataset.element_spec)))])
        spec = structure.from_legacy(structure.output_types(self.element_spec), shapes,
                                     structure.output_classes(self.element_spec))
        variant = raw_ops.ConcatenateDataset(self._variant_tensor, dataset._variant_tensor,
                                             **structure.flat_attrs(spec))
        return new_dataset(variant, spec, [self, dataset])

    def prefetch(self, buffer_size):
        """The same elements, made ahead in a thread while the program does other things.

        Args: buffer_size: how many elements may wait; None or -1 lets the buffer find its size.
        """
        return self._same(raw_ops.PrefetchDataset, int64(-1 if buffer_size is None else buffer_size, "buffer_size"))

    def repeat(self, count=None):
        """The elements `count` times over; without end for None or -1."""
        return self._same(raw_ops.RepeatDataset, int64(-1 if count is None else count, "count"))

    def enumerate(self, start=0):
        """Pairs of a number, from `start` on, and an element.

        Example:
          >>> import graphflow as tf
          >>> tf.data.Dataset.from_tensors("a").enumerate()
          <DatasetV1Adapter shapes: ((), ()), types: (tf.int64, tf.string)>
        """
        return Sources.zip((Sources.range(start, MAX_INT64), self))

    def shuffle(self, buffer_size, seed=None, reshuffle_each_iteration=None):
        """The elements in random order, each drawn from a buffer of the next `buffer_size` ones.

        Args:
          buffer_size: as large as the dataset for a uniform order. seed: of the order, see
            `tf.set_random_seed`; seeded orders are TensorFlow's. reshuffle_each_iteration: whether a `repeat`
            behind gets another order each time (the default).

        Example:
          >>> import graphflow as tf
          >>> iterator = tf.data.Dataset.range(5).shuffle(3, seed=42).batch(5).make_initializable_iterator()
          >>> numbers = iterator.get_next()
          >>> with tf.Session() as sess:
          ...     sess.run(iterator.initializer)
          ...     print(sess.run(numbers))
          [0 3 4 1 2]
        """
        size = int64(buffer_size, "buffer_size")
        again = True if reshuffle_each_iteration is None else reshuffle_each_iteration
        return self._same(raw_ops.ShuffleDataset, size, *seed_tensors(seed), reshuffle_each_iteration=again)

    def cache(self, filename=""):
        """The elements, kept in memory (or in files of that name) once they have all been asked for."""
        return self._same(raw_ops.CacheDataset, convert_to_tensor(filename, dtypes.string, name="filename"))

    def take(self, count):
        """The first `count` elements; all for -1."""
        return self._same(raw_ops.TakeDataset, int64(count, "count"))

    def skip(self, count):
        """All but the first `count` elements; none for -1."""
        return self._same(raw_ops.SkipDataset, int64(count, "count"))

    def shard(self, num_shards, index):
        """Every `num_shards`-th element, from number `index` on: the part of one of several workers."""
        return self._same(raw_ops.ShardDataset, int64(num_shards, "num_shards"), int64(index, "index"))

    def batch(self, batch_size, drop_remainder=False):
        """Elements joined in groups of `batch_size`, which become their first dimension.

        The last batch may be smaller, so that its size is not known statically, unless `drop_remainder`. A
        run raises InvalidArgumentError for elements of different shapes (see `padded_batch`).

        Example:
          >>> import graphflow as tf
          >>> tf.data.Dataset.range(10).batch(4, drop_remainder=True)
          <DatasetV1Adapter shapes: (4,), types: tf.int64>
        """
        size = int64(batch_size, "batch_size")
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        spec = batch_spec(self.element_spec, size, drop)
        variant = raw_ops.BatchDatasetV2(self._variant_tensor, size, drop, **structure.flat_attrs(spec))
        return new_dataset(variant, spec, [self])

    def padded_batch(self, batch_size, padded_shapes, padding_values=None, drop_remainder=False):
        """Elements padded to one shape and joined in groups of `batch_size`.

        Args:
          padded_shapes: structure of shapes; a dimension None (or -1) is that of the largest element of a
            batch. padding_values: structure of scalars; 0 or "" by default.
        Raises ValueError or TypeError for shapes and values that don't fit the elements, and, in a run,
        InvalidArgumentError for elements larger than their padded shape.

        Example:
          >>> import graphflow as tf
          >>> rows = tf.data.Dataset.from_tensors([1, 2]).concatenate(tf.data.Dataset.from_tensors([3]))
          >>> print(rows.padded_batch(2, [3]).output_shapes)
          (?, 3)
        """
        types, shapes = structure.output_types(self.element_spec), structure.output_shapes(self.element_spec)
        if SparseTensor in nest.flatten(structure.output_classes(self.element_spec)):
            raise TypeError("Batching of padded sparse tensors is not currently supported")
        size = int64(batch_size, "batch_size")
        if padding_values is None:
            padding_values = nest.map_structure(_zero, types)
        wanted = [_padded_shape(padded, shape) for padded, shape in
                  zip(nest.flatten_up_to(shapes, padded_shapes), nest.flatten(shapes))]
        values = nest.flatten(nest.map_structure_up_to(shapes, _padding_value, padding_values, types))
        drop = convert_to_tensor(drop_remainder, dtypes.bool, name="drop_remainder")
        rows = constant_value(size) if constant_value(drop) else None
        spec = structure.from_legacy(types, nest.pack_sequence_as(shapes, [
            TensorShape([rows]).concatenate(constant_value_as_shape(shape)) for shape in wanted]))
        flat_shapes = structure.flat_attrs(spec)["output_shapes"]
        if constant_value(drop) is not None and not constant_value(drop):
            variant = raw_ops.PaddedBatchDataset(self._variant_tensor, size, wanted, values, output_shapes=flat_shapes)
        else:
            variant = raw_ops.PaddedBatchDatasetV2(self._variant_tensor, size, wanted, values, drop,
                                                   output_shapes=flat_shapes)
        return new_dataset(variant, spec, [self])

    def apply(self, transformation_func):
        """`transformation_func(self)`, which must return a dataset (else TypeError)."""
        dataset = transformation_func(self)
        if not isinstance(dataset, Transformations):
            raise TypeError(f"`transformation_func` must return a Dataset. Got {dataset}.")
        return dataset


# ---------------------------------------------------------------- padding

def _zero(dtype):
    if dtype == dtypes.string:
        return ""
    if not isinstance(dtype, dtypes.DType) or dtype == dtypes.variant:
        raise TypeError(f"Unable to create padding for field of type 'variant': {dtype}.")
    return np.zeros((), dtype.as_numpy_dtype)


def _padded_shape(padded, shape):
    """A padded shape as an int64 vector, -1 where unknown."""
    try:
        static = as_shape(padded)
        result = convert_to_tensor([-1 if dim is None else dim for dim in static.as_list()], dtypes.int64)
    except (TypeError, ValueError):
        result = convert_to_tensor(padded, preferred_dtype=dtypes.int64)
        if result.shape.ndims not in (None, 1):
            raise ValueError(f"Padded shape {padded} must be a 1-D tensor of tf.int64 values, but its shape was "
                             f"{result.shape}.") from None
        if result.dtype != dtypes.int64:
            raise TypeError(f"Padded shape {padded} must be a 1-D tensor of tf.int64 values, but its element type was "
                            f"{result.dtype.name}.") from None
        static = constant_value_as_shape(result)
    if static.ndims is not None and shape.ndims is not None:
        pairs = list(zip(static.as_list(), shape.as_list()))
        if static.ndims != shape.ndims or any(None not in pair and pair[0] < pair[1] for pair in pairs):
            raise ValueError(f"The padded shape {static} is not compatible with the corresponding input component "
                             f"shape {shape}.")
    return result


def _padding_value(value, dtype):
    value = convert_to_tensor(value, name="padding_value")
    if not value.shape.is_compatible_with([]):
        raise ValueError(f"Padding value should be a scalar, but is not: {value}")
    if value.dtype != dtype:
        raise TypeError(f"Padding value tensor ({value}) does not match output type: {dtype}")
    return value
