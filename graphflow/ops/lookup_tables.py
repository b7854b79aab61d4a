"""Tables that are filled once: from tensors or from files, then only looked at.

    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), default_value=-1)
    sess.run(tf.tables_initializer())
    sess.run(table.lookup(tf.constant(["a", "b"])))    # [1, -1]

State: a table object holds its handle and initializer op; the entries live in the session.
"""

import uuid

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, add_to_collection, get_collection
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import group
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import TensorShape


@tf_export("tables_initializer", "initializers.tables_initializer", legacy=("initialize_all_tables",))
def tables_initializer(name="init_all_tables"):
    """An operation that fills all tables of the graph which are filled once."""
    initializers = get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else raw_ops.NoOp(name=name)


def check_table_dtypes(table, key_dtype, value_dtype):
    """TypeError unless the table's keys and values are of these dtypes."""
    if key_dtype.base_dtype != table.key_dtype:
        raise TypeError(f"Invalid key dtype, expected {table.key_dtype!r} but got {key_dtype!r}.")
    if value_dtype.base_dtype != table.value_dtype:
        raise TypeError(f"Invalid value dtype, expected {table.value_dtype!r} but got {value_dtype!r}.")


@tf_export("contrib.lookup.LookupInterface")
class LookupInterface:
    """What all tables have: dtypes of keys and values, a size, and a lookup."""

    def __init__(self, key_dtype, value_dtype):
        self._key_dtype = dtypes.as_dtype(key_dtype)
        self._value_dtype = dtypes.as_dtype(value_dtype)

    @property
    def key_dtype(self):
        """DType of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self):
        """DType of the values."""
        return self._value_dtype

    @property
    def resource_handle(self):
        """The tensor that names the table."""
        return self._resource_handle

    @property
    def name(self):
        """Name of the table."""
        raise NotImplementedError

    def size(self, name=None):
        """An int64 scalar: how many entries there are."""
        raise NotImplementedError

    def lookup(self, keys, name=None):
        """A tensor of the values of `keys`."""
        raise NotImplementedError


@tf_export("contrib.lookup.InitializableLookupTableBase")
class InitializableLookupTableBase(LookupInterface):
    """Base of tables that are filled once, by an initializer.

    Subclasses make the handle in `_create_resource`.
    """

    def __init__(self, default_value, initializer):
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value = convert_to_tensor(default_value, dtype=self._value_dtype)
        self._default_value.get_shape().merge_with(TensorShape([]))
        self._initializer = initializer
        self._resource_handle = self._create_resource()
        self._init_op = self._initializer.initialize(self)

    def _create_resource(self):
        raise NotImplementedError

    @property
    def initializer(self):
        """The operation that fills the table."""
        return self._init_op

    @property
    def default_value(self):
        """What keys that are not there give."""
        return self._default_value

    def size(self, name=None):
        """An int64 scalar: how many entries there are."""
        with name_scope(name, f"{self.name}_Size", [self.resource_handle]):
            return raw_ops.LookupTableSizeV2(self.resource_handle)

    def lookup(self, keys, name=None):
        """The values of `keys`, a Tensor or SparseTensor; the default value for keys that are not there.

        Raises TypeError if the dtype is not that of the table's keys; FailedPreconditionError in a run before the
        table is filled.
        """
        key_tensor = keys.values if isinstance(keys, SparseTensor) else keys
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(f"Signature mismatch. Keys must be dtype {self._key_dtype!r}, got {keys.dtype!r}.")
        with name_scope(name, f"{self.name}_Lookup", (self.resource_handle, key_tensor, self._default_value)):
            values = raw_ops.LookupTableFindV2(self.resource_handle, key_tensor, self._default_value)
        values.set_shape(key_tensor.get_shape())
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, values, keys.dense_shape)
        return values


class _HashTable(InitializableLookupTableBase):
    """What both hash tables share. State: `_shared_name` and `_name`, set before `__init__` runs."""

    def __init__(self, default_value, initializer):
        self._table_name = None
        super().__init__(default_value, initializer)
        self._value_shape = self._default_value.get_shape()

    def _create_resource(self):
        handle = raw_ops.HashTableV2(shared_name=self._shared_name, key_dtype=self._initializer.key_dtype,
                                     value_dtype=self._initializer.value_dtype, name=self._name)
        self._table_name = handle.op.name.split("/")[-1]
        return handle

    @property
    def init(self):
        """The operation that fills the table."""
        return self.initializer

    @property
    def name(self):
        """Name of the table's operation, without scopes."""
        return self._table_name

    def export(self, name=None):
        """Tensors of all keys and of their values."""
        with name_scope(name, f"{self.name}_Export", [self.resource_handle]):
            keys, values = raw_ops.LookupTableExportV2(
                self.resource_handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype)
        values.set_shape(keys.get_shape().concatenate(self._value_shape))
        return keys, values


@tf_export("lookup.StaticHashTable")
class StaticHashTable(_HashTable):
    """A table filled once by `initializer`.

    Args: initializer: a KeyValueTensorInitializer or TextFileInitializer. default_value: for keys that are not there.

    Example:
      >>> import graphflow as tf
      >>> table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
      >>> with tf.Session() as sess:
      ...     sess.run(tf.tables_initializer())
      ...     print(sess.run(table.lookup(tf.constant(["b", "c"]))))
      [ 2 -1]
    """

    def __init__(self, initializer, default_value, name=None):
        # Tables of one file are one table; others never meet.
        self._shared_name = initializer._shared_name or f"hash_table_{uuid.uuid4()}"
        self._name = name or "hash_table"
        super().__init__(default_value, initializer)


@tf_export("contrib.lookup.HashTable")
class HashTable(_HashTable):
    """A table filled once by `initializer`; see `tf.lookup.StaticHashTable`.

    Args: shared_name: tables of equal shared names are one table in a session.
    """

    def __init__(self, initializer, default_value, shared_name=None, name=None):
        self._shared_name = shared_name
        self._name = name or "hash_table"
        super().__init__(default_value, initializer)


# ---------------------------------------------------------------- what fills them

@tf_export("contrib.lookup.TableInitializerBase")
class TableInitializerBase:
    """Base of what fills a table: `initialize(table)` gives the operation that does."""

    _shared_name = ""

    def __init__(self, key_dtype, value_dtype):
        self._key_dtype = dtypes.as_dtype(key_dtype)
        self._value_dtype = dtypes.as_dtype(value_dtype)

    @property
    def key_dtype(self):
        """DType of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self):
        """DType of the values."""
        return self._value_dtype

    def initialize(self, table):
        """The operation that fills `table`, also in the collection TABLE_INITIALIZERS."""
        raise NotImplementedError


@tf_export("lookup.KeyValueTensorInitializer", "contrib.lookup.KeyValueTensorInitializer")
class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table from vectors of keys and values."""

    def __init__(self, keys, values, key_dtype=None, value_dtype=None, name=None):
        self._keys = convert_to_tensor(keys, dtype=key_dtype, name="keys")
        self._values = convert_to_tensor(values, dtype=value_dtype, name="values")
        self._name = name if name is not None else "key_value_init"
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table):
        """The operation that fills `table`. Raises TypeError if dtypes differ."""
        check_table_dtypes(table, self._keys.dtype, self._values.dtype)
        with name_scope(self._name, values=(table.resource_handle, self._keys, self._values)):
            operation = raw_ops.LookupTableImportV2(table.resource_handle, self._keys, self._values)
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, operation)
        return operation


@tf_export("lookup.TextFileIndex", "contrib.lookup.TextFileIndex")
class TextFileIndex:
    """Columns of a text file that are no columns: the line, and its number."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


def _check_columns(key_dtype, key_index, value_dtype, value_index):
    for what, index, dtype in (("Key", key_index, key_dtype), ("Value", value_index, value_dtype)):
        if index < TextFileIndex.WHOLE_LINE:
            raise ValueError(f"Invalid {what.lower()} index {index}.")
        if index == TextFileIndex.LINE_NUMBER and dtype != dtypes.int64:
            raise ValueError(f"Signature mismatch. {what}s must be dtype {dtypes.int64!r}, got {dtype!r}.")
    if key_index == TextFileIndex.WHOLE_LINE and not key_dtype.is_integer and key_dtype != dtypes.string:
        raise ValueError(f"Signature mismatch. Keys must be integer or string, got {key_dtype!r}.")
    if value_index == TextFileIndex.WHOLE_LINE and value_dtype != dtypes.string:
        raise ValueError(f"Signature mismatch. Values must be dtype {dtypes.string!r}, got {value_dtype!r}.")


@tf_export("lookup.TextFileInitializer", "contrib.lookup.TextFileInitializer")
class TextFileInitializer(TableInitializerBase):
    """Fills a table from columns of a text file.

    Args:
      filename: str or scalar string tensor. key_dtype, value_dtype: int64, string, or what the text can be read as.
      key_index, value_index: column, or a constant of TextFileIndex. vocab_size: how many lines to read, all by
        default; an error in the run if there are fewer. delimiter: one character between columns.
    """

    def __init__(self, filename, key_dtype, key_index, value_dtype, value_index, vocab_size=None, delimiter="\t",
                 name=None):
        if not isinstance(filename, Tensor) and not filename:
            raise ValueError(f"Filename required for {name}.")
        super().__init__(key_dtype, value_dtype)
        _check_columns(self._key_dtype, key_index, self._value_dtype, value_index)
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError(f"Invalid vocab_size {vocab_size}.")
        self._filename_arg = filename
        self._key_index, self._value_index = key_index, value_index
        self._vocab_size = vocab_size
        self._delimiter = delimiter
        self._name = name
        self._filename = convert_to_tensor(filename, dtypes.string, name="asset_filepath")

    @property
    def _shared_name(self):
        size = f"_{self._vocab_size}" if self._vocab_size else ""
        return f"hash_table_{self._filename_arg}{size}_{self._key_index}_{self._value_index}"

    def initialize(self, table):
        """The operation that fills `table`. Raises TypeError if dtypes differ."""
        check_table_dtypes(table, self.key_dtype, self.value_dtype)
        with name_scope(self._name, "text_file_init", (table.resource_handle,)):
            operation = raw_ops.InitializeTableFromTextFileV2(
                table.resource_handle, self._filename, key_index=self._key_index, value_index=self._value_index,
                vocab_size=-1 if self._vocab_size is None else self._vocab_size, delimiter=self._delimiter)
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, operation)
        if self._filename.op.type == "Const":
            add_to_collection(GraphKeys.ASSET_FILEPATHS, self._filename)
        return operation


@tf_export("contrib.lookup.TextFileStringTableInitializer")
class TextFileStringTableInitializer(TextFileInitializer):
    """Fills a table from numbers to strings, by default the lines of a file."""

    def __init__(self, filename, key_column_index=TextFileIndex.LINE_NUMBER,
                 value_column_index=TextFileIndex.WHOLE_LINE, vocab_size=None, delimiter="\t",
                 name="text_file_string_table_init"):
        super().__init__(filename, dtypes.int64, key_column_index, dtypes.string, value_column_index,
                         vocab_size=vocab_size, delimiter=delimiter, name=name)


@tf_export("contrib.lookup.TextFileIdTableInitializer")
class TextFileIdTableInitializer(TextFileInitializer):
    """Fills a table from strings (or integers), by default the lines of a file, to their numbers."""

    def __init__(self, filename, key_column_index=TextFileIndex.WHOLE_LINE,
                 value_column_index=TextFileIndex.LINE_NUMBER, vocab_size=None, delimiter="\t",
                 name="text_file_id_table_init", key_dtype=dtypes.string):
        super().__init__(filename, key_dtype, key_column_index, dtypes.int64, value_column_index,
                         vocab_size=vocab_size, delimiter=delimiter, name=name)
