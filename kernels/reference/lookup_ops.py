"""Reference kernels of `graphflow/ops/lookup_ops.py`: tables as Python dictionaries, one lock each.

A handle is a scalar array of objects that holds the table itself.
"""

import threading

import numpy as np

from graphflow.framework import errors
from graphflow.io.files import open_file, translated_errors

from ..registry import reference
from .array_checks import debug, fail

_WHOLE_LINE, _LINE_NUMBER = -2, -1


def _rows(array, shape):
    """The items of `array` whose shape is `shape`, as hashable Python values."""
    if not shape:
        return array.ravel().tolist()
    return [tuple(row) for row in array.reshape(-1, int(np.prod(shape))).tolist()]


class Table:
    """A mutable table.

    Attributes: key_dtype, value_dtype; key_shape, value_shape: of one item; items: {key: value}, a value being a
    Python scalar, or a tuple of the values of a tensor.
    """

    def __init__(self, key_dtype, value_dtype, value_shape=()):
        self.key_dtype = key_dtype
        self.value_dtype = value_dtype
        self.key_shape = ()
        self.value_shape = value_shape
        self.items = {}
        self.lock = threading.Lock()

    def find(self, keys, default):
        """The values of `keys`, `default` where there is none."""
        if default.shape != self.value_shape:
            fail(f"Expected shape {debug(self.value_shape)} for default value, got {debug(default.shape)}")
        wanted = self._keys(keys)
        fallback = _rows(default, self.value_shape)[0]
        prefix = keys.shape[:keys.ndim - len(self.key_shape)]
        with self.lock:
            found = [self.items.get(key, fallback) for key in wanted]
        return self._array(found, self.value_dtype, (*prefix, *self.value_shape))

    def insert(self, keys, values):
        """Sets values of keys; the last one of equal keys counts."""
        pairs = self._pairs(keys, values)
        with self.lock:
            self.items.update(pairs)

    def restore(self, keys, values):
        """Replaces all there is."""
        pairs = dict(self._pairs(keys, values))
        with self.lock:
            self.items = pairs

    def remove(self, keys):
        """Forgets keys; those that are not there are no error."""
        unwanted = self._keys(keys)
        with self.lock:
            for key in unwanted:
                self.items.pop(key, None)

    def size(self):
        """How many keys there are."""
        return len(self.items)

    def export(self):
        """Arrays of all keys and of their values."""
        with self.lock:
            keys, values = list(self.items), list(self.items.values())
        return self._exported(keys, values)

    def _exported(self, keys, values):
        count = len(keys)
        return (self._array(keys, self.key_dtype, (count, *self.key_shape)),
                self._array(values, self.value_dtype, (count, *self.value_shape)))

    def _pairs(self, keys, values):
        names = self._keys(keys)
        expected = (*keys.shape[:keys.ndim - len(self.key_shape)], *self.value_shape)
        if values.shape != expected:
            fail(f"Expected shape {debug(expected)} for value, got {debug(values.shape)}")
        return list(zip(names, _rows(values, self.value_shape)))

    def _keys(self, keys):
        return _rows(keys, self.key_shape)

    @staticmethod
    def _array(items, dtype, shape):
        result = np.empty(len(items) if not items or not isinstance(items[0], tuple) else (len(items), len(items[0])),
                          dtype.as_numpy_dtype)
        if items:
            result[...] = items
        return result.reshape(shape)


class StaticTable(Table):
    """A table that is filled once, before it is asked."""

    initialized = False

    def find(self, keys, default):
        """FailedPreconditionError before it is filled."""
        if not self.initialized:
            raise errors.FailedPreconditionError(
                None, None, "Table not initialized. Run tf.tables_initializer() in this session first.")
        return super().find(keys, default)

    def export(self):
        """FailedPreconditionError before it is filled."""
        if not self.initialized:
            raise errors.FailedPreconditionError(None, None, "HashTable is not initialized.")
        return super().export()

    def insert(self, keys, values):
        """Not possible."""
        raise errors.UnimplementedError(None, None, "Insert not supported by HashTable implementations")

    def remove(self, keys):
        """Not possible."""
        raise errors.UnimplementedError(None, None, "Remove not supported by HashTable implementations")

    def restore(self, keys, values):
        """Fills it; again only with the same entries."""
        self.fill(self._pairs(keys, values))

    def fill(self, pairs):
        """Sets the entries; equal keys must have equal values."""
        entries = {}
        for key, value in pairs:
            if entries.setdefault(key, value) != value:
                raise errors.FailedPreconditionError(
                    None, None, f"HashTable has different value for same key. Key {_shown(key)} has "
                    f"{_shown(entries[key])} and trying to add value {_shown(value)}")
        with self.lock:
            if self.initialized and entries != self.items:
                raise errors.FailedPreconditionError(
                    None, None, "Table was already initialized with different data.")
            self.items = entries
            self.initialized = True


def _shown(value):
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


class DenseTable(Table):
    """A mutable table with two keys set aside, whose buckets TensorFlow lets its users count."""

    def __init__(self, attrs, empty_key, deleted_key):
        super().__init__(attrs["key_dtype"], attrs["value_dtype"], tuple(attrs["value_shape"]))
        self.buckets = attrs["initial_num_buckets"]
        self._load = attrs["max_load_factor"]
        self._removed = []  # values in buckets whose keys are gone
        if self.buckets < 4 or self.buckets & (self.buckets - 1):
            fail(f"Number of buckets must be at least 4 and a power of 2, got: {self.buckets}")
        if empty_key.shape != deleted_key.shape:
            fail(f"Empty and deleted keys must have same shape, got shapes: {debug(empty_key.shape)} and "
                 f"{debug(deleted_key.shape)}")
        self.key_shape = empty_key.shape
        (self.empty_key,), (self.deleted_key,) = _rows(empty_key, self.key_shape), _rows(deleted_key, self.key_shape)
        if self.empty_key == self.deleted_key:
            fail("Empty and deleted keys cannot be equal")

    def insert(self, keys, values):
        """Sets values of keys; makes more buckets first if these could become too full."""
        pairs = self._pairs(keys, values)
        with self.lock:
            while len(self.items) + len(pairs) > self.buckets * self._load:
                self.buckets *= 2
                self._removed.clear()
            self.items.update(pairs)

    def remove(self, keys):
        """Forgets keys. Their buckets stay in use until there are more."""
        unwanted = self._keys(keys)
        with self.lock:
            self._removed += [self.items.pop(key) for key in unwanted if key in self.items]

    def restore(self, keys, values):
        """Takes buckets as `export` gives them."""
        marks = (self.empty_key, self.deleted_key)
        pairs = {k: v for k, v in zip(self._shaped(keys), _rows(values, self.value_shape)) if k not in marks}
        with self.lock:
            self.items, self.buckets = pairs, len(keys)
            self._removed.clear()

    def export(self):
        """All buckets as matrices; those that hold nothing have the empty key, or the deleted one."""
        with self.lock:
            spare = self.buckets - len(self.items) - len(self._removed)
            nothing = np.zeros(self.value_shape, self.value_dtype.as_numpy_dtype)
            if nothing.dtype == object:
                nothing.fill(b"")
            keys = [*self.items, *[self.deleted_key] * len(self._removed), *[self.empty_key] * spare]
            values = [*self.items.values(), *self._removed, *_rows(nothing, self.value_shape) * spare]
        return tuple(array.reshape(len(keys), -1) for array in self._exported(keys, values))

    def _shaped(self, keys):
        expected = (keys.shape[0] if keys.ndim else 1, *self.key_shape)
        if keys.size != int(np.prod(expected)):
            fail(f"Expected key shape {debug(expected)} got {debug(keys.shape)}")
        return super()._keys(keys)

    def _keys(self, keys):
        names = self._shaped(keys)
        for mark, what in ((self.empty_key, "empty_key"), (self.deleted_key, "deleted_key")):
            if mark in names:
                fail(f"Using the {what} as a table key is not allowed")
        return names


# ---------------------------------------------------------------- making tables

def _handle(table):
    handle = np.empty((), object)
    handle[()] = table
    return handle


def _shared(ctx, make):
    """The handle of the session's table of this name, made if there is none."""
    name = ctx.attr("shared_name").decode() or ctx.op_name
    table = ctx.resources.get((ctx.attr("container").decode(), "table", name), make)
    wanted = (ctx.attr("key_dtype"), ctx.attr("value_dtype"))
    if (table.key_dtype, table.value_dtype) != wanted:
        fail(f"Conflicting key/value dtypes {'->'.join(t.name for t in wanted)} with "
             f"{table.key_dtype.name}->{table.value_dtype.name} for table {name}")
    return _handle(table)


@reference.kernel("HashTableV2")
def hash_table(ctx):
    """A table that is filled once."""
    return lambda: _shared(ctx, lambda: StaticTable(ctx.attr("key_dtype"), ctx.attr("value_dtype")))


@reference.kernel("MutableHashTableV2", "MutableHashTableOfTensorsV2")
def mutable_table(ctx):
    """A table of scalars, or of tensors."""
    shape = tuple(ctx.attr("value_shape")) if ctx.has_attr("value_shape") else ()
    if len(shape) > 1:
        fail(f"Default value must be a vector, got shape {debug(shape)}")
    return lambda: _shared(ctx, lambda: Table(ctx.attr("key_dtype"), ctx.attr("value_dtype"), shape))


@reference.kernel("MutableDenseHashTableV2")
def dense_table(ctx):
    """A table with keys set aside."""
    return lambda empty, deleted: _shared(ctx, lambda: DenseTable(ctx.attrs, empty, deleted))


# ---------------------------------------------------------------- using tables

def _table(handle, kind=Table):
    """The table behind a handle."""
    table = handle[()]
    if not isinstance(table, kind):
        fail(f"Expected the handle of a {kind.__name__}, got that of a {type(table).__name__}")
    return table


def _with_table(use):
    """The kernel that calls `use(table, *inputs)`, once the dtypes of keys and values fit."""
    def maker(ctx):
        given = [dtype.base_dtype for dtype in (*ctx.input_dtypes[1:3], *ctx.output_dtypes[-2:])][:2]

        def run(handle, *inputs):
            table = _table(handle)
            kinds = (table.key_dtype, table.value_dtype)
            if any(dtype != kind for dtype, kind in zip(given, kinds)):
                fail("Signature mismatch, have: " + ",".join(d.name for d in given) + " expected: "
                     + ",".join(d.name for d in kinds))
            return use(table, *inputs)

        return run

    return maker


reference.kernel("LookupTableFindV2")(_with_table(lambda table, keys, default: table.find(keys, default)))
reference.kernel("LookupTableInsertV2")(_with_table(lambda table, keys, values: table.insert(keys, values)))
reference.kernel("LookupTableRemoveV2")(_with_table(lambda table, keys: table.remove(keys)))
reference.kernel("LookupTableImportV2", "InitializeTableV2")(
    _with_table(lambda table, keys, values: table.restore(keys, values)))
reference.kernel("LookupTableExportV2")(_with_table(lambda table: table.export()))
reference.function("LookupTableSizeV2", lambda handle: np.array(_table(handle).size(), np.int64))


# ---------------------------------------------------------------- filling from a file

def _check_column(kind, index, dtype):
    if index == _LINE_NUMBER and dtype.name != "int64":
        fail(f"{kind} index for line number requires table {kind.lower()} dtype of int64, got {dtype.name}")
    if index == _WHOLE_LINE and not (dtype.name == "string" or kind == "Key" and dtype.is_integer):
        wanted = "string or integer" if kind == "Key" else "string"
        fail(f"{kind} index for whole line requires {wanted} table {kind.lower()}, got {dtype.name}")


def _parsed(text, dtype, number):
    if dtype.name == "string":
        return text
    try:
        return float(text) if dtype.is_floating else int(text)
    except ValueError:
        fail(f"Field {_shown(text)} in line {number} is not a valid {dtype.name}.")


@reference.kernel("InitializeTableFromTextFileV2")
def initialize_from_file(ctx):
    """Fills a table with columns of a file; does nothing if it is filled already."""
    key_index, value_index = ctx.attr("key_index"), ctx.attr("value_index")
    limit, delimiter = ctx.attr("vocab_size"), ctx.attr("delimiter")
    if len(delimiter) != 1:
        fail("delimiter should be only 1 char")

    def column(index, line, fields, number, dtype):
        if index == _LINE_NUMBER:
            return number
        return _parsed(line if index == _WHOLE_LINE else fields[index], dtype, number)

    def pairs(table, name, lines):
        count = 0
        for number, line in enumerate(lines):
            if number == limit:
                break
            count += 1
            line = line.rstrip(b"\n").removesuffix(b"\r")
            fields = line.split(delimiter)
            if max(key_index, value_index) >= len(fields):
                fail(f"Invalid number of columns in {name} line {number} ({_shown(line)}) : expected at least "
                     f"{max(key_index, value_index) + 1} got {len(fields)}")
            yield (column(key_index, line, fields, number, table.key_dtype),
                   column(value_index, line, fields, number, table.value_dtype))
        if limit > count:
            fail(f"Invalid vocab_size in {name}: expected {limit} but got {count}")

    def run(handle, filename):
        table, name = _table(handle, StaticTable), filename.item().decode()
        _check_column("Key", key_index, table.key_dtype)
        _check_column("Value", value_index, table.value_dtype)
        if table.initialized:
            return
        with translated_errors(name), open_file(name, "rb") as file:
            table.fill(pairs(table, name, file))

    return run
