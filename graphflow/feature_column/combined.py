"""Columns made of others: ids with weights, and crossed ids. Holds no state."""

import collections

import graphflow as tf
from graphflow.feature_column.base import CategoricalColumn, IdWeightPair, to_sparse
from graphflow.feature_column.categorical import HashedCategoricalColumn
from graphflow.framework.api import tf_export


class WeightedCategoricalColumn(CategoricalColumn, collections.namedtuple(
        "WeightedCategoricalColumn", ("categorical_column", "weight_feature_key", "dtype"))):
    """Ids with weights; see `weighted_categorical_column`."""

    __slots__ = ()

    @property
    def name(self):
        return f"{self.categorical_column.name}_weighted_by_{self.weight_feature_key}"

    @property
    def parse_example_spec(self):
        spec = dict(self.categorical_column.parse_example_spec)
        key = self.weight_feature_key
        if key in spec:
            raise ValueError(f"Parse config {spec[key]} already exists for {key}.")
        spec[key] = tf.VarLenFeature(self.dtype)
        return spec

    @property
    def num_buckets(self):
        return self.categorical_column.num_buckets

    def transform(self, cache):
        weights = tf.convert_to_tensor_or_sparse_tensor(cache.get(self.weight_feature_key))
        if self.dtype != weights.dtype.base_dtype:
            raise ValueError(f"Bad dtype, expected {self.dtype}, but got {weights.dtype}.")
        if not isinstance(weights, tf.SparseTensor):
            weights = to_sparse(weights, 0.0)
        if not weights.dtype.is_floating:
            weights = tf.cast(weights, tf.float32)
        return cache.get(self.categorical_column), weights

    def sparse_tensors(self, cache):
        return IdWeightPair(*cache.get(self))


class CrossedColumn(CategoricalColumn, collections.namedtuple(
        "CrossedColumn", ("keys", "hash_bucket_size", "hash_key"))):
    """Combinations of features, by hash; see `crossed_column`."""

    __slots__ = ()

    def _leaves(self):
        """Names and columns that are crossed, those of inner crosses among them."""
        leaves, waiting = [], list(reversed(self.keys))
        while waiting:
            key = waiting.pop()
            if isinstance(key, CrossedColumn):
                waiting.extend(reversed(key.keys))
            else:
                leaves.append(key)
        return leaves

    @property
    def name(self):
        return "_X_".join(sorted(key if isinstance(key, str) else key.name for key in self._leaves()))

    @property
    def parse_example_spec(self):
        spec = {}
        for key in self.keys:
            spec.update({key: tf.VarLenFeature(tf.string)} if isinstance(key, str) else key.parse_example_spec)
        return spec

    @property
    def num_buckets(self):
        return self.hash_bucket_size

    def transform(self, cache):
        return tf.sparse.cross_hashed([self._feature(key, cache) for key in self._leaves()],
                                      num_buckets=self.hash_bucket_size, hash_key=self.hash_key)

    @staticmethod
    def _feature(key, cache):
        if isinstance(key, str):
            return cache.get(key)
        ids, weights = key.sparse_tensors(cache)
        if weights is not None:
            raise ValueError("crossed_column does not support weight_tensor, but the given column populates "
                             f"weight_tensor. Given column: {key.name}")
        return ids


@tf_export("feature_column.weighted_categorical_column")
def weighted_categorical_column(categorical_column, weight_feature_key, dtype=tf.float32):
    """A categorical column with a weight for each of its ids.

    Args: weight_feature_key: name of the feature with the weights, of as many elements. dtype: theirs.
    Raises ValueError for a dtype that isn't real.
    """
    if dtype is None or not (tf.as_dtype(dtype).is_integer or tf.as_dtype(dtype).is_floating):
        raise ValueError(f"dtype {dtype} is not convertible to float.")
    return WeightedCategoricalColumn(categorical_column, weight_feature_key, tf.as_dtype(dtype))


@tf_export("feature_column.crossed_column")
def crossed_column(keys, hash_bucket_size, hash_key=None):
    """A column of the combinations of features, whose ids are hashes below `hash_bucket_size`.

    Args: keys: list of two or more names of features (words) and categorical columns (not hashed ones).
      hash_key: starts the hash.
    Raises ValueError for other keys and sizes.
    """
    if not hash_bucket_size or hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be > 1. hash_bucket_size: {hash_bucket_size}")
    if not keys or len(keys) < 2:
        raise ValueError(f"keys must be a list with length > 1. Given: {keys}")
    for key in keys:
        if not isinstance(key, (str, CategoricalColumn)):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                "Unsupported key type. All keys must be either string, or categorical column except "
                f"HashedCategoricalColumn. Given: {key}")
        if isinstance(key, HashedCategoricalColumn):
            raise ValueError("categorical_column_with_hash_bucket is not supported for crossing. Hashing before "
                             "crossing will increase probability of collision. Instead, use the feature name as a "
                             f"string. Given: {key}")
    return CrossedColumn(tuple(keys), hash_bucket_size, hash_key)
