"""Older ways to make tables of vocabularies: from tensors called `mapping`, and looked up at once. Holds no state."""

from graphflow.framework import dtypes
from graphflow.framework.api import export_value, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops import vocabulary_tables
from graphflow.ops.vocabulary_tables import FastHashSpec

export_value("contrib.lookup.FastHashSpec", "graphflow.ops.vocabulary_tables", "FastHashSpec")


@tf_export("contrib.lookup.index_table_from_tensor")
def index_table_from_tensor(mapping, num_oov_buckets=0, default_value=-1, hasher_spec=FastHashSpec,
                            dtype=dtypes.string, name=None):
    """A table from the elements of a vector to their positions.

    Args:
      mapping: vector of strings or integers, without repetition. num_oov_buckets: buckets for keys that are not
      there; without any, these give `default_value`. dtype: of the keys that will be looked up.
    Returns a table with `lookup`, to be filled by `tf.tables_initializer`.

    Example:
      >>> import graphflow as tf
      >>> table = tf.contrib.lookup.index_table_from_tensor(["to", "be"])
      >>> with tf.Session() as sess:
      ...     sess.run(tf.tables_initializer())
      ...     print(sess.run(table.lookup(tf.constant(["be", "or"]))))
      [ 1 -1]
    """
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return vocabulary_tables.index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, dtype, name)


@tf_export("contrib.lookup.index_to_string_table_from_tensor")
def index_to_string_table_from_tensor(mapping, default_value="UNK", name=None):
    """A table from positions to the elements of a vector of strings; `default_value` for other numbers."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return vocabulary_tables.index_to_string_table_from_tensor(mapping, default_value, name)


@tf_export("contrib.lookup.string_to_index_table_from_file")
def string_to_index_table_from_file(vocabulary_file=None, num_oov_buckets=0, vocab_size=None, default_value=-1,
                                    hasher_spec=FastHashSpec, name=None):
    """`index_table_from_file` for strings."""
    return vocabulary_tables.index_table_from_file(
        vocabulary_file, num_oov_buckets, vocab_size, default_value, hasher_spec, key_dtype=dtypes.string, name=name)


@tf_export("contrib.lookup.string_to_index_table_from_tensor")
def string_to_index_table_from_tensor(mapping, num_oov_buckets=0, default_value=-1, hasher_spec=FastHashSpec,
                                      name=None):
    """`index_table_from_tensor` for strings. Raises ValueError for a mapping of another dtype."""
    with name_scope(name, "string_to_index") as scope:
        mapping = convert_to_tensor(mapping)
    if dtypes.string != mapping.dtype.base_dtype:
        raise ValueError("string_to_index_table_from_tensor requires string.")
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, name=scope)


@tf_export("contrib.lookup.string_to_index")
def string_to_index(tensor, mapping, default_value=-1, name=None):
    """The positions of the strings of `tensor` in `mapping`, after `tf.tables_initializer` has run."""
    return index_table_from_tensor(mapping=mapping, default_value=default_value, name=name).lookup(tensor)


@tf_export("contrib.lookup.index_to_string")
def index_to_string(tensor, mapping, default_value="UNK", name=None):
    """The strings of `mapping` at the positions in `tensor`, after `tf.tables_initializer` has run."""
    return index_to_string_table_from_tensor(mapping=mapping, default_value=default_value, name=name).lookup(tensor)
