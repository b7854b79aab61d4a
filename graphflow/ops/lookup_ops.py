"""Lookup tables as ops: made, filled, asked, changed, listed.

What users handle are the classes of `lookup_tables.py`, `mutable_tables.py` and `vocabulary_tables.py`. Tables
live in the session, under their shared name or else the name of the op that made them. Holds no state.
"""

from graphflow.framework import shapes
from graphflow.framework.op_def import NotDifferentiable, register_op

_NAMES = "container: string = ''; shared_name: string = ''; use_node_name_sharing: bool = false"
_TYPES = "key_dtype: type; value_dtype: type"
# Tables whose keys, or values, are more than single numbers or strings.
_WITH_VALUE_SHAPE = ("MutableHashTableOfTensorsV2", "MutableDenseHashTableV2")


register_op("HashTableV2", outputs="table_handle: resource", attrs=f"{_NAMES}; {_TYPES}", shape=shapes.scalar,
            stateful=True)
register_op("MutableHashTableV2", outputs="table_handle: resource", attrs=f"{_NAMES}; {_TYPES}", shape=shapes.scalar,
            stateful=True)
register_op("MutableHashTableOfTensorsV2", outputs="table_handle: resource",
            attrs=f"{_NAMES}; {_TYPES}; value_shape: shape = []", shape=shapes.scalar, stateful=True)
register_op("MutableDenseHashTableV2", inputs="empty_key: key_dtype, deleted_key: key_dtype",
            outputs="table_handle: resource",
            attrs=f"{_NAMES}; {_TYPES}; value_shape: shape = []; initial_num_buckets: int = 131072; "
            "max_load_factor: float = 0.8", shape=shapes.scalar, stateful=True)


def _table_shapes(c):
    """(shape of a key, shape of a value) in the table of input 0; None for what is unknown."""
    op = c.maker(0)
    if op is None or op.type not in (*_WITH_VALUE_SHAPE, "MutableHashTableV2"):
        return None, None
    key = op.inputs[0]._shape if op.type == "MutableDenseHashTableV2" else ()
    return key, op.attrs.get("value_shape", ())


def _find_shape(c):
    shapes.with_rank(c.shape(0), 0)
    (key, value), keys = _table_shapes(c), c.shape(1)
    if key is None or value is None or keys is None or len(keys) < len(key):
        return [None]
    return [(*keys[:len(keys) - len(key)], *value)]


def _handle_only(c):
    shapes.with_rank(c.shape(0), 0)
    return []


def _import_shape(c):
    shapes.with_rank(c.shape(0), 0)
    op = c.maker(0)
    if op is not None and op.type == "HashTableV2":
        shapes.merge_shapes(shapes.with_rank(c.shape(1), 1), c.shape(2))
    return []


def _export_shape(c):
    shapes.with_rank(c.shape(0), 0)
    op, found = c.maker(0), _table_shapes(c)
    if op is not None and op.type == "MutableDenseHashTableV2":
        found = [None if shape is None else (shapes.size(shape),) for shape in found]
    return [None if shape is None else (None, *shape) for shape in found]


def _initialize_shape(c):
    shapes.with_rank(c.shape(0), 0)
    shapes.merge_shapes(shapes.with_rank(c.shape(1), 1), c.shape(2))
    return []


def _file_shape(c):
    shapes.with_rank(c.shape(0), 0)
    shapes.with_rank(c.shape(1), 0)
    return []


register_op("LookupTableFindV2", inputs="table_handle: resource, keys: Tin, default_value: Tout",
            outputs="values: Tout", attrs="Tin: type; Tout: type", shape=_find_shape, stateful=True, allocates=True)
register_op("LookupTableInsertV2", inputs="table_handle: resource, keys: Tin, values: Tout",
            attrs="Tin: type; Tout: type", shape=_handle_only, stateful=True)
register_op("LookupTableRemoveV2", inputs="table_handle: resource, keys: Tin", attrs="Tin: type", shape=_handle_only,
            stateful=True)
register_op("LookupTableImportV2", inputs="table_handle: resource, keys: Tin, values: Tout",
            attrs="Tin: type; Tout: type", shape=_import_shape, stateful=True)
register_op("LookupTableSizeV2", inputs="table_handle: resource", outputs="size: int64", shape=shapes.scalar,
            stateful=True)
register_op("LookupTableExportV2", inputs="table_handle: resource", outputs="keys: Tkeys, values: Tvalues",
            attrs="Tkeys: type; Tvalues: type", shape=_export_shape, stateful=True, allocates=True)
register_op("InitializeTableV2", inputs="table_handle: resource, keys: Tkey, values: Tval",
            attrs="Tkey: type; Tval: type", shape=_initialize_shape, stateful=True)
register_op("InitializeTableFromTextFileV2", inputs="table_handle: resource, filename: string",
            attrs="key_index: int >= -2; value_index: int >= -2; vocab_size: int >= -1 = -1; "
            "delimiter: string = '\t'", shape=_file_shape, stateful=True)

for _name in ("HashTableV2", "MutableHashTableV2", "MutableHashTableOfTensorsV2", "MutableDenseHashTableV2",
              "LookupTableFindV2", "LookupTableInsertV2", "LookupTableRemoveV2", "LookupTableImportV2",
              "LookupTableSizeV2", "LookupTableExportV2", "InitializeTableV2", "InitializeTableFromTextFileV2"):
    NotDifferentiable(_name)
