"""Tables of vocabularies: from words to numbers and back, with buckets for words that are not there.

State: a table object holds the table that it asks first; entries live in the session.
"""

import collections
import functools
import numbers

from graphflow.framework import dtypes, public, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.ops.lookup_tables import (
    KeyValueTensorInitializer,
    LookupInterface,
    StaticHashTable,
    TextFileIdTableInitializer,
    TextFileIndex,
    TextFileStringTableInitializer,
)


@tf_export("contrib.lookup.HasherSpec")
class HasherSpec(collections.namedtuple("HasherSpec", ["hasher", "key"])):
    """How words that are not in a table are spread over buckets: "fasthash", "legacy" or "stronghash" with a key."""

    __slots__ = ()


FastHashSpec = HasherSpec("fasthash", None)


@tf_export("contrib.lookup.StrongHashSpec")
class StrongHashSpec(HasherSpec):
    """The hash that nobody can foresee who does not know `key`, two integers."""

    __slots__ = ()

    def __new__(cls, key):
        if len(key) != 2:
            raise ValueError(f"key must have size 2, got {len(key)}.")
        if not all(isinstance(part, numbers.Integral) for part in key):
            raise TypeError(f"Invalid key {key}. Must be unsigned integer values.")
        return super().__new__(cls, "stronghash", key)


def _hash_function(spec):
    if not isinstance(spec, HasherSpec):
        raise TypeError(f"hasher_spec must be of type HasherSpec {spec}")
    if spec.hasher == "stronghash":
        return functools.partial(public.string_to_hash_bucket_strong, key=spec.key)
    functions = {"fasthash": "string_to_hash_bucket_fast", "legacy": "string_to_hash_bucket"}
    if spec.hasher not in functions:
        raise ValueError(f"Unknown hasher {spec.hasher}")
    return getattr(public, functions[spec.hasher])


def _check_inner(table, key_dtype):
    """TypeError unless `table` (or its initializer) can stand before buckets for keys of `key_dtype`."""
    supported = (dtypes.int64, dtypes.string)
    if table.key_dtype not in supported:
        raise TypeError(f"Invalid key dtype, expected one of {supported}, but got {table.key_dtype!r}.")
    if table.key_dtype.is_integer != key_dtype.is_integer:
        wanted = "integer" if key_dtype.is_integer else "non-integer"
        raise TypeError(f"Invalid key dtype, expected {wanted} but got {table.key_dtype!r}.")
    if table.value_dtype != dtypes.int64:
        raise TypeError(f"Invalid value dtype, expected {dtypes.int64!r} but got {table.value_dtype!r}.")


class _BucketTable(LookupInterface):
    """A table, or none, and buckets after its entries for all keys that are not there."""

    def __init__(self, table, num_oov_buckets, hasher_spec, key_dtype, name):
        if not key_dtype.is_integer and key_dtype != dtypes.string:
            raise TypeError(f"Invalid key_dtype, expected integer or string, got {key_dtype!r}.")
        self._table = table
        self._num_oov_buckets = num_oov_buckets
        self._hasher_spec = hasher_spec
        self._table_name = name.split("/")[-1] if name else None
        super().__init__(key_dtype, dtypes.int64)

    @property
    def initializer(self):
        """The operation that fills the table."""
        if self._table is not None:
            return self._table.initializer
        with name_scope("init"):
            return raw_ops.NoOp()

    @property
    def resource_handle(self):
        """The tensor that names the table, None if there are only buckets."""
        return None if self._table is None else self._table.resource_handle

    @property
    def name(self):
        """Name of the table."""
        return self._table_name

    def size(self, name=None):
        """An int64 scalar: how many entries and buckets there are."""
        with name_scope(name, f"{self.name}_Size"):
            size = convert_to_tensor(0, dtype=dtypes.int64) if self._table is None else self._table.size()
            return size + self._num_oov_buckets

    def lookup(self, keys, name=None):
        """The numbers of `keys`, a Tensor or SparseTensor; that of a bucket for keys that are not there.

        Raises TypeError if the dtype is not that of the table's keys.
        """
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError(f"Signature mismatch. Keys must be dtype {self._key_dtype!r}, got {keys.dtype!r}.")
        values = keys.values if isinstance(keys, SparseTensor) else keys
        if self._table is not None and self._table.key_dtype.base_dtype == dtypes.int64:
            values = public.cast(values, dtypes.int64)
        if self._num_oov_buckets == 0:
            ids = self._table.lookup(values, name=name)
        else:
            with name_scope(name, f"{self.name}_Lookup"):
                ids = self._ids(values)
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, ids, keys.dense_shape)
        return ids

    def _ids(self, values):
        text = values if values.dtype.base_dtype == dtypes.string else public.as_string(values)
        buckets = _hash_function(self._hasher_spec)(text, num_buckets=self._num_oov_buckets, name="hash_bucket")
        if self._table is None:
            return buckets
        ids = self._table.lookup(values)
        buckets = public.add(buckets, self._table.size())
        found = public.not_equal(ids, self._table.default_value)
        return public.where_v2(found, ids, buckets)


@tf_export("contrib.lookup.IdTableWithHashBuckets")
class IdTableWithHashBuckets(_BucketTable):
    """Numbers of the keys of `table`, and buckets after these for all other keys.

    Args:
      table: with int64 values, or None for buckets alone. num_oov_buckets: how many buckets.
      hasher_spec: how keys are spread over them. key_dtype: integer or string, that of the table by default.
    """

    def __init__(self, table, num_oov_buckets, hasher_spec=FastHashSpec, name=None, key_dtype=None):
        name = name.rstrip("/") if name else None
        if table is not None:
            key_dtype = table.key_dtype if key_dtype is None else key_dtype
            _check_inner(table, key_dtype)
            name = name or table.name
        else:
            if num_oov_buckets <= 0:
                raise ValueError("oov_buckets must be > 0 if no table is supplied.")
            key_dtype = dtypes.string if key_dtype is None else key_dtype
            name = name or "hash_bucket"
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError(f"hasher_spec must be of type HasherSpec, got {hasher_spec}")
        super().__init__(table, num_oov_buckets, hasher_spec, key_dtype, name)

    @property
    def init(self):
        """The operation that fills the table."""
        return self.initializer


@tf_export("lookup.StaticVocabularyTable")
class StaticVocabularyTable(_BucketTable):
    """Numbers of the keys that `initializer` gives, and buckets after these for all other keys.

    Args: initializer: of a table with int64 values, or None for buckets alone. num_oov_buckets: how many, at least 1.
      lookup_key_dtype: integer or string, that of the initializer by default.
    """

    def __init__(self, initializer, num_oov_buckets, lookup_key_dtype=None, name=None):
        if num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0.")
        name, table = name.rstrip("/") if name else None, None
        if initializer is not None:
            lookup_key_dtype = initializer.key_dtype if lookup_key_dtype is None else lookup_key_dtype
            _check_inner(initializer, lookup_key_dtype)
            table = StaticHashTable(initializer, default_value=-1)
            name = name or table.name
        else:
            lookup_key_dtype, name = dtypes.string, name or "hash_bucket"
        super().__init__(table, num_oov_buckets, FastHashSpec, lookup_key_dtype, name)


# ---------------------------------------------------------------- whole vocabularies

def _check_file(vocabulary_file):
    if vocabulary_file is None or isinstance(vocabulary_file, str) and not vocabulary_file:
        raise ValueError("vocabulary_file must be specified and must not be empty.")


def _check_index_table(num_oov_buckets, key_dtype):
    if num_oov_buckets < 0:
        raise ValueError(f"num_oov_buckets must be greater or equal than 0, got {num_oov_buckets}.")
    if not key_dtype.is_integer and dtypes.string != key_dtype.base_dtype:
        raise TypeError("Only integer and string keys are supported.")


@tf_export("contrib.lookup.index_table_from_file")
def index_table_from_file(vocabulary_file=None, num_oov_buckets=0, vocab_size=None, default_value=-1,
                          hasher_spec=FastHashSpec, key_dtype=dtypes.string, name=None,
                          key_column_index=TextFileIndex.WHOLE_LINE, value_column_index=TextFileIndex.LINE_NUMBER,
                          delimiter="\t"):
    """A table from the lines of a file (or a column of it) to their numbers.

    Args:
      num_oov_buckets: buckets for words that are not there; without any, these give `default_value`.
      vocab_size: how many lines to read, all by default. key_dtype: integer or string.
    Returns a table with `lookup`, to be filled by `tf.tables_initializer`.
    """
    _check_file(vocabulary_file)
    if vocab_size is not None and vocab_size < 1:
        shown = (constant_value(vocabulary_file) or "?") if isinstance(vocabulary_file, Tensor) else vocabulary_file
        raise ValueError(f"vocab_size must be greater than 0, got {vocab_size}. vocabulary_file: {shown}")
    _check_index_table(num_oov_buckets, key_dtype)
    with name_scope(name, "string_to_index"):
        with name_scope("hash_table"):
            initializer = TextFileIdTableInitializer(
                vocabulary_file, vocab_size=vocab_size, key_dtype=dtypes.int64 if key_dtype.is_integer else key_dtype,
                name="table_init", key_column_index=key_column_index, value_column_index=value_column_index,
                delimiter=delimiter)
            table = StaticHashTable(initializer, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec=hasher_spec, key_dtype=key_dtype)
        return table


def index_table_from_tensor(vocabulary_list, num_oov_buckets=0, default_value=-1, hasher_spec=FastHashSpec,
                            dtype=dtypes.string, name=None):
    """A table from the elements of a vector to their positions; see `index_table_from_file`."""
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    _check_index_table(num_oov_buckets, dtype)
    with name_scope(name, "string_to_index"):
        keys = convert_to_tensor(vocabulary_list)
        if keys.dtype.is_integer != dtype.is_integer:
            wanted = "integer" if dtype.is_integer else "non-integer"
            raise ValueError(f"Expected {wanted}, got {keys.dtype!r}.")
        if not dtype.is_integer and keys.dtype.base_dtype != dtype:
            raise ValueError(f"Expected {dtype!r}, got {keys.dtype!r}.")
        values = public.cast(public.range(public.size(keys)), dtypes.int64)
        with name_scope("hash_table"):
            table_keys = public.cast(keys, dtypes.int64) if keys.dtype.is_integer else keys
            initializer = KeyValueTensorInitializer(
                table_keys, values, table_keys.dtype.base_dtype, dtypes.int64, name="table_init")
            table = StaticHashTable(initializer, default_value)
        if num_oov_buckets:
            table = IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec=hasher_spec, key_dtype=dtype)
        return table


@tf_export("contrib.lookup.index_to_string_table_from_file")
def index_to_string_table_from_file(vocabulary_file, vocab_size=None, default_value="UNK", name=None,
                                    key_column_index=TextFileIndex.LINE_NUMBER,
                                    value_column_index=TextFileIndex.WHOLE_LINE, delimiter="\t"):
    """A table from numbers to the lines of a file (or a column of it); `default_value` for other numbers."""
    _check_file(vocabulary_file)
    if vocab_size is not None and vocab_size < 1:
        raise ValueError(f"vocab_size must be greater than 0, got {vocab_size}.")
    with name_scope(name, "index_to_string"):
        initializer = TextFileStringTableInitializer(
            vocabulary_file, vocab_size=vocab_size, name="table_init", key_column_index=key_column_index,
            value_column_index=value_column_index, delimiter=delimiter)
        return StaticHashTable(initializer, default_value)


def index_to_string_table_from_tensor(vocabulary_list, default_value="UNK", name=None):
    """A table from positions to the elements of a vector of strings; `default_value` for other numbers."""
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    with name_scope(name, "index_to_string"):
        vocabulary_list = convert_to_tensor(vocabulary_list, dtypes.string)
        keys = public.cast(public.range(public.size(vocabulary_list)), dtypes.int64)
        initializer = KeyValueTensorInitializer(
            keys, vocabulary_list, dtypes.int64, dtypes.string, name="table_init")
        return StaticHashTable(initializer, default_value)
