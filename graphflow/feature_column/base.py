"""What a feature column is, and the cache in which columns transform features, each once.

Columns are named tuples: descriptions, equal when they say the same, without tensors or variables.
State: per FeatureCache the raw features and what columns made of them.
"""

import collections

import graphflow as tf

IdWeightPair = collections.namedtuple("IdWeightPair", ("id_tensor", "weight_tensor"))


class FeatureColumn:
    """Base of all columns.

    A column has a `name`, a `parse_example_spec` for `tf.parse_example`, and makes a tensor of features in
    `transform`, which `FeatureCache.get(column)` calls once.
    """

    # Names of tuples' fields hold; a column's own name comes from its features.
    __slots__ = ()

    @property
    def _var_scope_name(self):
        """Name of the variable scope of the column's variables."""
        return self.name

    def transform(self, cache):
        """The tensor (or tensors) that this column makes of the features in a FeatureCache."""
        raise NotImplementedError(f"{type(self).__name__}.transform")

    def __lt__(self, other):
        return str(self) < str(other)

    def __gt__(self, other):
        return str(self) > str(other)


class DenseColumn(FeatureColumn):
    """A column that gives a dense tensor [batch, *variable_shape] in `dense_tensor`."""

    __slots__ = ()

    def dense_tensor(self, cache, weight_collections=None, trainable=True):
        """The tensor; variables it needs are made in the present variable scope."""
        return cache.get(self)


class CategoricalColumn(FeatureColumn):
    """A column that gives ids below `num_buckets`, and perhaps weights, as sparse tensors in `sparse_tensors`."""

    __slots__ = ()

    def sparse_tensors(self, cache):
        """IdWeightPair of SparseTensors; the weights may be None."""
        return IdWeightPair(cache.get(self), None)


class FeatureCache:
    """Features by name, and what columns made of them.

    Args: features: {name: Tensor, SparseTensor or what becomes one}, of at least one dimension.
    """

    def __init__(self, features):
        self._features = dict(features)
        self._made = {}

    def get(self, key):
        """The tensor of a feature (by name), or of a column.

        Raises ValueError for unknown names, TypeError for what is neither.
        """
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def _make(self, key):
        if key in self._features:
            return _with_two_dimensions(key, self._features[key])
        if isinstance(key, str):
            raise ValueError(f"Feature {key} is not in features dictionary.")
        if not isinstance(key, FeatureColumn):
            raise TypeError(f'"key" must be either a "str" or "_FeatureColumn". Provided: {key}')
        return key.transform(self)


def _with_two_dimensions(key, feature):
    """A feature as a tensor; vectors become columns."""
    tensor = tf.convert_to_tensor_or_sparse_tensor(feature)

    def as_column(value):
        if isinstance(value, tf.SparseTensor):
            return tf.sparse_reshape(value, [tf.shape(value)[0], 1])
        return tf.expand_dims(value, -1)

    rank = tensor.get_shape().ndims
    if rank == 0:
        raise ValueError(f"Feature (key: {key}) cannot have rank 0. Give: {tensor}")
    if rank is not None:
        return as_column(tensor) if rank == 1 else tensor
    message = f"Feature (key: {key}) cannot have rank 0. Given: {tensor}"
    with tf.control_dependencies([tf.assert_positive(tf.rank(tensor), message=message)]):
        return tf.cond(tf.equal(1, tf.rank(tensor)), lambda: as_column(tensor), lambda: tensor)


def to_sparse(tensor, ignore_value=None):
    """A dense tensor as a sparse one without the elements that are `ignore_value`: "", -1 or 0.0 by default."""
    tensor = tf.convert_to_tensor_or_sparse_tensor(tensor)
    if isinstance(tensor, tf.SparseTensor):
        return tensor
    with tf.name_scope(None, "to_sparse_input", (tensor, ignore_value)):
        if ignore_value is None:
            ignore_value = "" if tensor.dtype == tf.string else -1 if tensor.dtype.is_integer else 0.0
        ignored = tf.cast(tf.convert_to_tensor(ignore_value), tensor.dtype, name="ignore_value")
        indices = tf.where(tf.not_equal(tensor, ignored), name="indices")
        return tf.SparseTensor(indices, tf.gather_nd(tensor, indices, name="values"),
                               tf.shape(tensor, out_type=tf.int64, name="dense_shape"))


def check_key(key):
    if not isinstance(key, str):
        raise ValueError(f"key must be a string. Got: type {type(key)}. Given key: {key}.")  # noqa: TRY004


def check_string_or_int(dtype, prefix):
    if dtype != tf.string and not dtype.is_integer:
        raise ValueError(f"{prefix} dtype must be string or integer. dtype: {dtype}.")


def check_columns(feature_columns):
    """Columns as a list in the order of their names.

    Raises ValueError for what is no column, for two of one name, and for none at all.
    """
    if isinstance(feature_columns, FeatureColumn):
        feature_columns = [feature_columns]
    if isinstance(feature_columns, dict):
        raise ValueError("Expected feature_columns to be iterable, found dict.")  # noqa: TRY004
    by_name = {}
    for column in feature_columns:
        if not isinstance(column, FeatureColumn):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                f"Items of feature_columns must be a _FeatureColumn. Given (type {type(column)}): {column}.")
        if column.name in by_name:
            raise ValueError(f"Duplicate feature column name found for columns: {column} and {by_name[column.name]}. "
                             "This usually means that these columns refer to same base feature. Either one must be "
                             "discarded or a duplicated but renamed item must be inserted in features dict.")
        by_name[column.name] = column
    if not by_name:
        raise ValueError("feature_columns must not be empty.")
    return [by_name[name] for name in sorted(by_name)]
