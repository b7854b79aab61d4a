"""Tables whose entries come and go, and which a Saver saves.

State: a table object holds its handle; the entries live in the session.
"""

from graphflow.framework import raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys, add_to_collection
from graphflow.framework.graph_scopes import colocate_with, name_scope
from graphflow.framework.saveable_object import SaveableObject, SaveSpec
from graphflow.ops.lookup_tables import LookupInterface


class MutableTable(LookupInterface):
    """What mutable tables share. Subclasses make the handle in `_create_resource`."""

    def __init__(self, key_dtype, value_dtype, name, checkpoint):
        super().__init__(key_dtype, value_dtype)
        self._value_shape = self._default_value.get_shape()
        self._name = name
        self._resource_handle = self._create_resource(name, use_node_name_sharing=bool(checkpoint))
        self._table_name = self._resource_handle.op.name.split("/")[-1]
        if checkpoint:
            add_to_collection(GraphKeys.SAVEABLE_OBJECTS, _TableSaveable(self, name))

    def saveables(self):
        """What a Saver saves of it: a list of SaveableObjects."""
        return [_TableSaveable(self, self._name)]

    @property
    def name(self):
        """Name of the table's operation, without scopes."""
        return self._table_name

    def size(self, name=None):
        """An int64 scalar: how many entries there are."""
        with name_scope(name, f"{self.name}_Size", [self.resource_handle]), colocate_with(self.resource_handle):
            return raw_ops.LookupTableSizeV2(self.resource_handle)

    def lookup(self, keys, name=None):
        """The values of `keys`, of the shape of `keys` and then that of a value; the default for those not there.

        Raises TypeError if the dtype is not that of the table's keys.
        """
        with name_scope(name, f"{self.name}_lookup_table_find", (self.resource_handle, keys, self._default_value)):
            keys = convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            with colocate_with(self.resource_handle):
                return raw_ops.LookupTableFindV2(self.resource_handle, keys, self._default_value)

    def insert(self, keys, values, name=None):
        """An operation that sets the values of `keys`."""
        with name_scope(name, f"{self.name}_lookup_table_insert", [self.resource_handle, keys, values]):
            keys = convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            values = convert_to_tensor(values, dtype=self._value_dtype, name="values")
            with colocate_with(self.resource_handle):
                return raw_ops.LookupTableInsertV2(self.resource_handle, keys, values)

    def remove(self, keys, name=None):
        """An operation that forgets `keys`; those that are not there are no error."""
        if keys.dtype != self._key_dtype:
            raise TypeError(f"Signature mismatch. Keys must be dtype {self._key_dtype!r}, got {keys.dtype!r}.")
        with name_scope(name, f"{self.name}_lookup_table_remove", (self.resource_handle, keys, self._default_value)):
            return raw_ops.LookupTableRemoveV2(self.resource_handle, keys)

    def export(self, name=None):
        """Tensors of all keys and of their values."""
        with name_scope(name, f"{self.name}_lookup_table_export_values", [self.resource_handle]), \
                colocate_with(self.resource_handle):
            return tuple(raw_ops.LookupTableExportV2(
                self.resource_handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype))


class _TableSaveable(SaveableObject):
    """A table in a checkpoint: its keys, and its values."""

    def __init__(self, table, name):
        keys, values = table.export()
        super().__init__(table, [SaveSpec(keys, "", name + "-keys"), SaveSpec(values, "", name + "-values")], name)

    def restore(self, restored_tensors, restored_shapes):
        """Replaces all entries."""
        with name_scope(f"{self.name}_table_restore"), colocate_with(self.op.resource_handle):
            return raw_ops.LookupTableImportV2(self.op.resource_handle, *restored_tensors)


@tf_export("contrib.lookup.MutableHashTable", "lookup.experimental.MutableHashTable")
class MutableHashTable(MutableTable):
    """A table from scalars to scalars, or to tensors of one shape.

    Args:
      default_value: for keys that are not there; its shape is that of the values. checkpoint: whether a Saver of all
      variables saves the table too.

    Example:
      >>> import graphflow as tf
      >>> table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1)
      >>> with tf.Session() as sess:
      ...     sess.run(table.insert(["a"], [7]))
      ...     print(sess.run(table.lookup(["a", "b"])))
      [ 7 -1]
    """

    def __init__(self, key_dtype, value_dtype, default_value, name="MutableHashTable", checkpoint=True):
        self._default_value = convert_to_tensor(default_value, dtype=value_dtype)
        super().__init__(key_dtype, value_dtype, name, checkpoint)

    def _create_resource(self, name, use_node_name_sharing):
        kinds = {"key_dtype": self._key_dtype, "value_dtype": self._value_dtype,
                 "use_node_name_sharing": use_node_name_sharing, "name": name}
        if self._value_shape.ndims == 0:
            return raw_ops.MutableHashTableV2(**kinds)
        return raw_ops.MutableHashTableOfTensorsV2(value_shape=self._value_shape, **kinds)


@tf_export("lookup.experimental.DenseHashTable", "contrib.lookup.MutableDenseHashTable")
class DenseHashTable(MutableTable):
    """A table of tensors whose keys are scalars or vectors.

    Args:
      default_value: for keys that are not there. empty_key, deleted_key: two keys that are never used. Their shape is
        that of the keys. initial_num_buckets: a power of 2, at least 4. checkpoint: whether a Saver saves it too.
    Its `export` lists all buckets, as matrices; those that hold nothing have the empty key, or the deleted one.
    """

    def __init__(self, key_dtype, value_dtype, default_value, empty_key, deleted_key, initial_num_buckets=None,
                 name="MutableDenseHashTable", checkpoint=True):
        self._default_value = convert_to_tensor(default_value, dtype=value_dtype, name="default_value")
        self._initial_num_buckets = 131072 if initial_num_buckets is None else initial_num_buckets
        self._empty_key = convert_to_tensor(empty_key, dtype=key_dtype, name="empty_key")
        self._deleted_key = convert_to_tensor(deleted_key, dtype=key_dtype, name="deleted_key")
        super().__init__(key_dtype, value_dtype, name, checkpoint)

    def _create_resource(self, name, use_node_name_sharing):
        return raw_ops.MutableDenseHashTableV2(
            self._empty_key, self._deleted_key, use_node_name_sharing=use_node_name_sharing,
            value_dtype=self._value_dtype, value_shape=self._value_shape,
            initial_num_buckets=self._initial_num_buckets, name=name)

    def insert_or_assign(self, keys, values, name=None):
        """An operation that sets the values of `keys`."""
        return self.insert(keys, values, name)

    def erase(self, keys, name=None):
        """An operation that forgets `keys`; those that are not there are no error."""
        return self.remove(keys, name)
