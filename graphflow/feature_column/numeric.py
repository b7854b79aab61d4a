"""Columns of numbers: as they are, and as the buckets they fall into. Holds no state."""

import collections

import numpy as np

import graphflow as tf
from graphflow.feature_column.base import CategoricalColumn, DenseColumn, IdWeightPair, check_key
from graphflow.framework.api import tf_export
from graphflow.ops.feature_ops import bucketize


class NumericColumn(DenseColumn, collections.namedtuple(
        "NumericColumn", ("key", "shape", "default_value", "dtype", "normalizer_fn"))):
    """Numbers, as float32; see `numeric_column`."""

    __slots__ = ()

    @property
    def name(self):
        return self.key

    @property
    def parse_example_spec(self):
        return {self.key: tf.FixedLenFeature(self.shape, self.dtype, self.default_value)}

    @property
    def variable_shape(self):
        return tf.TensorShape(self.shape)

    def transform(self, cache):
        tensor = cache.get(self.key)
        if isinstance(tensor, tf.SparseTensor):
            raise ValueError("The corresponding Tensor of numerical column must be a Tensor. SparseTensor is not "
                             f"supported. key: {self.key}")
        if self.normalizer_fn is not None:
            tensor = self.normalizer_fn(tensor)
        return tf.cast(tensor, tf.float32)


class BucketizedColumn(DenseColumn, CategoricalColumn, collections.namedtuple(
        "BucketizedColumn", ("source_column", "boundaries"))):
    """Numbers by bucket, one-hot or as ids; see `bucketized_column`."""

    __slots__ = ()

    @property
    def name(self):
        return f"{self.source_column.name}_bucketized"

    @property
    def parse_example_spec(self):
        return self.source_column.parse_example_spec

    @property
    def variable_shape(self):
        return tf.TensorShape((*self.source_column.shape, len(self.boundaries) + 1))

    @property
    def num_buckets(self):
        # Buckets of each element are numbered after those of the one before it.
        return (len(self.boundaries) + 1) * self.source_column.shape[0]

    def transform(self, cache):
        return bucketize(cache.get(self.source_column), self.boundaries)

    def dense_tensor(self, cache, weight_collections=None, trainable=True):
        buckets = tf.cast(cache.get(self), tf.int64)
        return tf.one_hot(buckets, depth=len(self.boundaries) + 1, on_value=1.0, off_value=0.0)

    def sparse_tensors(self, cache):
        buckets = cache.get(self)
        batch, width = tf.shape(buckets)[0], self.source_column.shape[0]
        rows = tf.reshape(tf.tile(tf.expand_dims(tf.range(0, batch), 1), [1, width]), (-1,))
        elements = tf.tile(tf.range(0, width), [batch])
        ids = tf.reshape(buckets, (-1,)) + (len(self.boundaries) + 1) * elements
        indices = tf.cast(tf.transpose(tf.stack((rows, elements))), tf.int64)
        shape = tf.cast(tf.stack([batch, width]), tf.int64)
        return IdWeightPair(tf.SparseTensor(indices, ids, shape), None)


@tf_export("feature_column.numeric_column")
def numeric_column(key, shape=(1,), default_value=None, dtype=tf.float32, normalizer_fn=None):
    """A column of numbers.

    Args:
      key: name of the feature. shape: shape of one example's. default_value: a number, or an array of that shape,
        for examples without the feature. dtype: what examples hold, real. normalizer_fn: function of the tensor.
    Raises TypeError for dimensions that are no integers and defaults of another type, ValueError for other bad ones.

    Example:
      >>> import graphflow as tf
      >>> price = tf.feature_column.numeric_column("price", normalizer_fn=lambda x: x / 10)
      >>> inputs = tf.feature_column.input_layer({"price": [[20.0], [50.0]]}, [price])
      >>> with tf.Session() as sess:
      ...     print(sess.run(inputs).tolist())
      [[2.0], [5.0]]
    """
    shape = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
    for dimension in shape:
        if not isinstance(dimension, int):
            raise TypeError(f"shape dimensions must be integer. shape: {shape}, key: {key}")
        if dimension < 1:
            raise ValueError(f"shape dimensions must be greater than 0. shape: {shape}, key: {key}")
    dtype = tf.as_dtype(dtype)
    if not (dtype.is_integer or dtype.is_floating):
        raise ValueError(f"dtype must be convertible to float. dtype: {dtype}, key: {key}")
    default_value = None if default_value is None else _default(shape, default_value, dtype, key)
    if normalizer_fn is not None and not callable(normalizer_fn):
        raise TypeError(f"normalizer_fn must be a callable. Given: {normalizer_fn}")
    check_key(key)
    return NumericColumn(key, shape, default_value, dtype, normalizer_fn)


def _default(shape, value, dtype, key):
    """The default as nested tuples of `shape`."""
    array = np.asarray(value)
    if array.dtype.kind not in "iu" and not (array.dtype.kind == "f" and dtype.is_floating):
        raise TypeError(f"default_value must be compatible with dtype. default_value: {value}, dtype: {dtype}, "
                        f"key: {key}")
    if array.ndim and array.shape != shape:
        raise ValueError("The shape of default_value must be equal to given shape. "
                         f"default_value: {value}, shape: {shape}, key: {key}")
    return _tuples(np.broadcast_to(array.astype(dtype.as_numpy_dtype), shape).tolist())


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@tf_export("feature_column.bucketized_column")
def bucketized_column(source_column, boundaries):
    """A column of the buckets that a numeric column's numbers fall into.

    Args: source_column: a numeric column of one dimension. boundaries: sorted list or tuple of numbers; [0, 1] makes
      the buckets below 0, from 0 to below 1, and from 1 on.
    Raises ValueError for other columns and boundaries.
    """
    if not isinstance(source_column, NumericColumn):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"source_column must be a column generated with numeric_column(). Given: {source_column}")
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    if not isinstance(boundaries, (list, tuple)) or any(a >= b for a, b in zip(boundaries, boundaries[1:])):
        raise ValueError("boundaries must be a sorted list.")
    return BucketizedColumn(source_column, tuple(boundaries))
