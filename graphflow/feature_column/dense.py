"""Categorical columns made dense: embedded, with embeddings of their own or shared, or counted by id.

Holds no state; embeddings are variables of the graph.
"""

import collections
import math

import graphflow as tf
from graphflow.feature_column.base import CategoricalColumn, DenseColumn
from graphflow.feature_column.combined import WeightedCategoricalColumn
from graphflow.framework.api import tf_export


class _Embedded(DenseColumn):
    """What embedding columns share."""

    __slots__ = ()

    @property
    def parse_example_spec(self):
        return self.categorical_column.parse_example_spec

    @property
    def variable_shape(self):
        return tf.TensorShape([self.dimension])

    def transform(self, cache):
        return cache.get(self.categorical_column)

    def _new_weights(self, weight_collections, trainable):
        collections_ = list(weight_collections or [])
        if collections_ and tf.GraphKeys.GLOBAL_VARIABLES not in collections_:
            collections_.append(tf.GraphKeys.GLOBAL_VARIABLES)
        return tf.get_variable(
            "embedding_weights", (self.categorical_column.num_buckets, self.dimension), tf.float32,
            initializer=self.initializer, trainable=self.trainable and trainable, collections=collections_ or None)

    def _look_up(self, cache, weights):
        if self.ckpt_to_load_from is not None:
            restored = weights._get_variable_list() if hasattr(weights, "_get_variable_list") else weights
            tf.train.init_from_checkpoint(self.ckpt_to_load_from, {self.tensor_name_in_ckpt: restored})
        ids, id_weights = self.categorical_column.sparse_tensors(cache)
        return tf.nn.safe_embedding_lookup_sparse(weights, ids, id_weights, combiner=self.combiner,
                                                  name=f"{self.name}_weights", max_norm=self.max_norm)


class EmbeddingColumn(_Embedded, collections.namedtuple(
        "EmbeddingColumn", ("categorical_column", "dimension", "combiner", "initializer", "ckpt_to_load_from",
                            "tensor_name_in_ckpt", "max_norm", "trainable"))):
    """Embedded ids; see `embedding_column`."""

    __slots__ = ()

    @property
    def name(self):
        return f"{self.categorical_column.name}_embedding"

    def dense_tensor(self, cache, weight_collections=None, trainable=True):
        return self._look_up(cache, self._new_weights(weight_collections, trainable))


class SharedEmbeddingColumn(_Embedded, collections.namedtuple(
        "SharedEmbeddingColumn", ("categorical_column", "dimension", "combiner", "initializer",
                                  "shared_embedding_collection_name", "ckpt_to_load_from", "tensor_name_in_ckpt",
                                  "max_norm", "trainable"))):
    """Ids embedded as other columns' are; see `shared_embedding_columns`."""

    __slots__ = ()

    @property
    def name(self):
        return f"{self.categorical_column.name}_shared_embedding"

    @property
    def _var_scope_name(self):
        return self.shared_embedding_collection_name

    def dense_tensor(self, cache, weight_collections=None, trainable=True):
        with tf.name_scope(None, default_name=self.name):
            return self._look_up(cache, self._shared_weights(weight_collections, trainable))

    def _shared_weights(self, weight_collections, trainable):
        """The variable in the collection, made by the first of the columns."""
        key = self.shared_embedding_collection_name
        found = tf.get_collection(key)
        if len(found) > 1:
            raise ValueError(f"Collection {found} can only contain one variable. Suggested fix A: Choose a unique name "
                             f"for this collection. Suggested fix B: Do not add any variables to this collection.")
        if not found:
            weights = self._new_weights(weight_collections, trainable)
            tf.add_to_collection(key, weights)
            return weights
        wanted = [self.categorical_column.num_buckets, self.dimension]
        if found[0].get_shape().as_list() != wanted:
            raise ValueError(f"Shared embedding collection {key} contains variable {found[0].name} of unexpected shape "
                             f"{found[0].get_shape()}. Expected shape is {wanted}. Suggested fix A: Choose a unique "
                             "name for this collection. Suggested fix B: Do not add any variables to this collection.")
        return found[0]


class IndicatorColumn(DenseColumn, collections.namedtuple("IndicatorColumn", ("categorical_column",))):
    """How often each id occurs; see `indicator_column`."""

    __slots__ = ()

    @property
    def name(self):
        return f"{self.categorical_column.name}_indicator"

    @property
    def parse_example_spec(self):
        return self.categorical_column.parse_example_spec

    @property
    def variable_shape(self):
        return tf.TensorShape([1, self.categorical_column.num_buckets])

    def transform(self, cache):
        ids, weights = self.categorical_column.sparse_tensors(cache)
        depth = self.categorical_column.num_buckets
        if weights is not None:
            weighted = tf.sparse_merge(ids, weights, vocab_size=depth)
            # Ids of -1, of unknown words, sort first and must go.
            weighted = tf.sparse_slice(weighted, [0, 0], weighted.dense_shape)
            return tf.scatter_nd(weighted.indices, weighted.values, weighted.dense_shape)
        dense_ids = tf.sparse_tensor_to_dense(ids, default_value=-1)
        return tf.reduce_sum(tf.one_hot(dense_ids, depth=depth, on_value=1.0, off_value=0.0), axis=[-2])


def _checked_initializer(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt, where=""):
    if dimension is None or dimension < 1:
        raise ValueError(f"Invalid dimension {dimension}.")
    if (ckpt_to_load_from is None) != (tensor_name_in_ckpt is None):
        raise ValueError("Must specify both `ckpt_to_load_from` and `tensor_name_in_ckpt` or none of them.")
    if initializer is not None and not callable(initializer):
        raise ValueError(f"initializer must be callable if specified.{where}")
    return initializer or tf.truncated_normal_initializer(mean=0.0, stddev=1 / math.sqrt(dimension))


@tf_export("feature_column.embedding_column")
def embedding_column(categorical_column, dimension, combiner="mean", initializer=None, ckpt_to_load_from=None,
                     tensor_name_in_ckpt=None, max_norm=None, trainable=True):
    """A dense column: the embeddings of a categorical column's ids, combined per example.

    Args:
      dimension: size of an embedding. combiner: "mean", "sqrtn" or "sum". initializer: of the variable, normal of
        deviation 1/sqrt(dimension) by default. ckpt_to_load_from, tensor_name_in_ckpt: where else to take it from.
      max_norm: embeddings are clipped to this norm. trainable: whether they are trained.
    Raises ValueError for bad sizes and incomplete arguments.
    """
    initializer = _checked_initializer(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt,
                                       f" Embedding of column_name: {categorical_column.name}")
    return EmbeddingColumn(categorical_column, dimension, combiner, initializer, ckpt_to_load_from,
                           tensor_name_in_ckpt, max_norm, trainable)


@tf_export("feature_column.shared_embedding_columns")
def shared_embedding_columns(categorical_columns, dimension, combiner="mean", initializer=None,
                             shared_embedding_collection_name=None, ckpt_to_load_from=None, tensor_name_in_ckpt=None,
                             max_norm=None, trainable=True):
    """Dense columns, one for each categorical column, that share one variable of embeddings.

    Args: categorical_columns: columns of one type and number of buckets. shared_embedding_collection_name: collection
      for the variable, and its scope. The others are those of `embedding_column`.
    Raises ValueError if the columns differ.
    """
    initializer = _checked_initializer(dimension, initializer, ckpt_to_load_from, tensor_name_in_ckpt)
    ordered = sorted(categorical_columns, key=lambda column: column.name)
    first = ordered[0]
    if not isinstance(first, CategoricalColumn):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            "All categorical_columns must be subclasses of _CategoricalColumn. "
            f"Given: {first}, of type: {type(first)}")
    for column in ordered[1:]:
        if type(_unweighted(column)) is not type(_unweighted(first)):
            raise ValueError("To use shared_embedding_column, all categorical_columns must have the same type, or be "
                             "weighted_categorical_column of the same type. "
                             f"Given column: {first} of type: {type(first)} does not match given column: {column} of "
                             f"type: {type(column)}")
        if column.num_buckets != first.num_buckets:
            raise ValueError("To use shared_embedding_column, all categorical_columns must have the same number of "
                             f"buckets. Given column: {first} with buckets: {first.num_buckets} does not match column: "
                             f"{column} with buckets: {column.num_buckets}")
    name = shared_embedding_collection_name or "_".join(column.name for column in ordered) + "_shared_embedding"
    return [SharedEmbeddingColumn(column, dimension, combiner, initializer, name, ckpt_to_load_from,
                                  tensor_name_in_ckpt, max_norm, trainable) for column in categorical_columns]


def _unweighted(column):
    return column.categorical_column if isinstance(column, WeightedCategoricalColumn) else column


@tf_export("feature_column.indicator_column")
def indicator_column(categorical_column):
    """A dense column: for each id of a categorical column how often it occurs, or its weight."""
    return IndicatorColumn(categorical_column)
