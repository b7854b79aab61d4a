"""Columns of words and ids: by hash, by vocabulary, as they are. Holds no state."""

import collections

import numpy as np

import graphflow as tf
from graphflow.feature_column.base import CategoricalColumn, check_key, check_string_or_int, to_sparse
from graphflow.framework.api import tf_export


class _ByFeature(CategoricalColumn):
    """What columns of one feature of words or integers share: subclasses look up ids in `ids`."""

    __slots__ = ()

    @property
    def name(self):
        return self.key

    @property
    def parse_example_spec(self):
        return {self.key: tf.VarLenFeature(self.dtype)}

    def transform(self, cache):
        features = to_sparse(cache.get(self.key))
        check_string_or_int(features.dtype, f"column_name: {self.key} input_tensor")
        if self.dtype.is_integer != features.dtype.is_integer:
            raise ValueError("Column dtype and SparseTensors dtype must be compatible. "
                             f"key: {self.key}, column dtype: {self.dtype}, tensor dtype: {features.dtype}")
        return self.ids(features)

    def ids(self, features):
        """The SparseTensor of ids for one of features."""
        raise NotImplementedError(f"{type(self).__name__}.ids")

    def _look_up(self, features, make_table, **arguments):
        """Ids from a table made for them."""
        kind = self.dtype
        if features.dtype.is_integer:
            kind, features = tf.int64, tf.cast(features, tf.int64)
        dtype = {"key_dtype" if "vocabulary_file" in arguments else "dtype": kind}
        table = make_table(num_oov_buckets=self.num_oov_buckets, default_value=self.default_value,
                           name=f"{self.key}_lookup", **arguments, **dtype)
        return table.lookup(features)


class HashedCategoricalColumn(_ByFeature, collections.namedtuple(
        "HashedCategoricalColumn", ("key", "hash_bucket_size", "dtype"))):
    """Words or integers by hash; see `categorical_column_with_hash_bucket`."""

    __slots__ = ()

    @property
    def num_buckets(self):
        return self.hash_bucket_size

    def ids(self, features):
        words = features.values if self.dtype == tf.string else tf.as_string(features.values)
        ids = tf.string_to_hash_bucket_fast(words, self.hash_bucket_size, name="lookup")
        return tf.SparseTensor(features.indices, ids, features.dense_shape)


class VocabularyFileCategoricalColumn(_ByFeature, collections.namedtuple(
        "VocabularyFileCategoricalColumn",
        ("key", "vocabulary_file", "vocabulary_size", "num_oov_buckets", "dtype", "default_value"))):
    """Words by their lines in a file; see `categorical_column_with_vocabulary_file`."""

    __slots__ = ()

    @property
    def num_buckets(self):
        return self.vocabulary_size + self.num_oov_buckets

    def ids(self, features):
        return self._look_up(features, tf.contrib.lookup.index_table_from_file,
                             vocabulary_file=self.vocabulary_file, vocab_size=self.vocabulary_size)


class VocabularyListCategoricalColumn(_ByFeature, collections.namedtuple(
        "VocabularyListCategoricalColumn", ("key", "vocabulary_list", "dtype", "default_value", "num_oov_buckets"))):
    """Words by their places in a list; see `categorical_column_with_vocabulary_list`."""

    __slots__ = ()

    @property
    def num_buckets(self):
        return len(self.vocabulary_list) + self.num_oov_buckets

    def ids(self, features):
        return self._look_up(features, _index_table_from_list, words=self.vocabulary_list)


def _index_table_from_list(words, **arguments):
    return tf.contrib.lookup.index_table_from_tensor(tuple(words), **arguments)


class IdentityCategoricalColumn(CategoricalColumn, collections.namedtuple(
        "IdentityCategoricalColumn", ("key", "number_buckets", "default_value"))):
    """Ids as they are; see `categorical_column_with_identity`."""

    __slots__ = ()

    @property
    def name(self):
        return self.key

    @property
    def parse_example_spec(self):
        return {self.key: tf.VarLenFeature(tf.int64)}

    @property
    def num_buckets(self):
        return self.number_buckets

    def transform(self, cache):
        features = to_sparse(cache.get(self.key))
        if not features.dtype.is_integer:
            raise ValueError(f"Invalid input, not integer. key: {self.key} dtype: {features.dtype}")
        values = tf.cast(features.values, tf.int64, name="values")
        count = tf.constant(self.number_buckets, tf.int64, name="num_buckets")
        zero = tf.constant(0, tf.int64, name="zero")
        if self.default_value is None:
            below = tf.assert_less(values, count, data=(values, count), name="assert_less_than_num_buckets")
            positive = tf.assert_greater_equal(values, zero, data=(values,), name="assert_greater_or_equal_0")
            with tf.control_dependencies((below, positive)):
                values = tf.identity(values)
        else:
            outside = tf.logical_or(values < zero, values >= count, name="out_of_range")
            defaults = tf.fill(tf.shape(values), tf.constant(self.default_value, tf.int64), name="default_values")
            values = tf.where(outside, defaults, values)
        return tf.SparseTensor(features.indices, values, features.dense_shape)


@tf_export("feature_column.categorical_column_with_hash_bucket")
def categorical_column_with_hash_bucket(key, hash_bucket_size, dtype=tf.string):
    """A column of words or integers, whose ids are hashes below `hash_bucket_size`.

    Args: key: name of the feature. dtype: string or an integer type. In dense features, "" and -1 count as none.
    Raises ValueError for a size below 1 and other dtypes.
    """
    if hash_bucket_size is None:
        raise ValueError(f"hash_bucket_size must be set. key: {key}")
    if hash_bucket_size < 1:
        raise ValueError(f"hash_bucket_size must be at least 1. hash_bucket_size: {hash_bucket_size}, key: {key}")
    dtype = tf.as_dtype(dtype)
    check_key(key)
    check_string_or_int(dtype, f"column_name: {key}")
    return HashedCategoricalColumn(key, hash_bucket_size, dtype)


def _check_oov(key, num_oov_buckets, has_default):
    if num_oov_buckets and has_default:
        raise ValueError(f"Can't specify both num_oov_buckets and default_value in {key}.")
    if num_oov_buckets and num_oov_buckets < 0:
        raise ValueError(f"Invalid num_oov_buckets {num_oov_buckets} in {key}.")


@tf_export("feature_column.categorical_column_with_vocabulary_file")
def categorical_column_with_vocabulary_file(key, vocabulary_file, vocabulary_size=None, num_oov_buckets=0,
                                            default_value=None, dtype=tf.string):
    """A column of words, whose ids are the numbers of their lines in a file.

    Args:
      key: name of the feature. vocabulary_file: path. vocabulary_size: how many of its lines, all by default.
      num_oov_buckets: ids for other words, by hash, after the vocabulary's. default_value: id for other words, -1
        by default. dtype: string or an integer type.
    Raises ValueError for a missing file, and for both ways to treat other words at once.
    """
    if not vocabulary_file:
        raise ValueError(f"Missing vocabulary_file in {key}.")
    if vocabulary_size is None:
        if not tf.gfile.Exists(vocabulary_file):
            raise ValueError(f"vocabulary_file in {key} does not exist.")
        with tf.gfile.GFile(vocabulary_file, "rb") as file:
            vocabulary_size = len(file.read().splitlines())
        tf.logging.info("vocabulary_size = %d in %s is inferred from the number of elements in the vocabulary_file "
                        "%s.", vocabulary_size, key, vocabulary_file)
    if vocabulary_size < 1:
        raise ValueError(f"Invalid vocabulary_size in {key}.")
    _check_oov(key, num_oov_buckets, default_value is not None)
    dtype = tf.as_dtype(dtype)
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyFileCategoricalColumn(key, vocabulary_file, vocabulary_size, num_oov_buckets or 0, dtype,
                                           -1 if default_value is None else default_value)


@tf_export("feature_column.categorical_column_with_vocabulary_list")
def categorical_column_with_vocabulary_list(key, vocabulary_list, dtype=None, default_value=-1, num_oov_buckets=0):
    """A column of words or integers, whose ids are their places in a list.

    Args: key: name of the feature. vocabulary_list: the words, each once. dtype: the list's by default.
      default_value: id for others. num_oov_buckets: ids for others, by hash, after the list's.
    Raises ValueError for lists that are empty, have duplicates or another dtype, and for both ways to treat others.

    Example:
      >>> import graphflow as tf
      >>> color = tf.feature_column.categorical_column_with_vocabulary_list("color", ["red", "green"])
      >>> inputs = tf.feature_column.input_layer(
      ...     {"color": [["green"], ["blue"]]}, [tf.feature_column.indicator_column(color)])
      >>> with tf.Session() as sess:
      ...     sess.run(tf.tables_initializer())
      ...     print(sess.run(inputs).tolist())
      [[0.0, 1.0], [0.0, 0.0]]
    """
    if vocabulary_list is None or len(vocabulary_list) < 1:
        raise ValueError(f"vocabulary_list {vocabulary_list} must be non-empty, column_name: {key}")
    if len(set(vocabulary_list)) != len(vocabulary_list):
        raise ValueError(f"Duplicate keys in vocabulary_list {vocabulary_list}, column_name: {key}")
    own_dtype = tf.as_dtype(np.array(vocabulary_list).dtype)
    _check_oov(key, num_oov_buckets, default_value != -1)
    check_string_or_int(own_dtype, f"column_name: {key} vocabulary")
    dtype = own_dtype if dtype is None else tf.as_dtype(dtype)
    if dtype.is_integer != own_dtype.is_integer:
        raise ValueError(f"dtype {dtype} and vocabulary dtype {own_dtype} do not match, column_name: {key}")
    check_string_or_int(dtype, f"column_name: {key}")
    check_key(key)
    return VocabularyListCategoricalColumn(key, tuple(vocabulary_list), dtype, default_value, num_oov_buckets)


@tf_export("feature_column.categorical_column_with_identity")
def categorical_column_with_identity(key, num_buckets, default_value=None):
    """A column of integers that are ids below `num_buckets`.

    Args: key: name of the feature. default_value: id for those out of range; None makes them an error of the run.
    Raises ValueError for fewer than 1 bucket, or a default that is out of range.
    """
    if num_buckets < 1:
        raise ValueError(f"num_buckets {num_buckets} < 1, column_name {key}")
    if default_value is not None and not 0 <= default_value < num_buckets:
        raise ValueError(f"default_value {default_value} not in range [0, {num_buckets}), column_name {key}")
    check_key(key)
    return IdentityCategoricalColumn(key, num_buckets, default_value)
