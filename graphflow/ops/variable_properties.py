"""What describes a variable besides its value: how replicas share it, which slice of a whole it is.

Also the names of graph elements relative to an import or export scope. Holds no state.
"""

import enum

from graphflow.framework.api import tf_export


@tf_export("VariableSynchronization")
class VariableSynchronization(enum.Enum):
    """When copies of a variable on several devices are brought together."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


@tf_export("VariableAggregation")
class VariableAggregation(enum.Enum):
    """How updates of copies of a variable are combined."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
    ONLY_FIRST_TOWER = 3  # noqa: PIE796 - the older name of the same


def checked_properties(synchronization, aggregation, trainable, name):
    """The three arguments with defaults filled in; ValueError for an unknown mode."""
    try:
        aggregation = VariableAggregation(aggregation or 0)
    except ValueError:
        raise ValueError(f"Invalid variable aggregation mode: {aggregation} for variable: {name}") from None
    try:
        synchronization = VariableSynchronization(synchronization or 0)
    except ValueError:
        raise ValueError(
            f"Invalid variable synchronization mode: {synchronization} for variable: {name}"
        ) from None
    if trainable is None:
        trainable = synchronization is not VariableSynchronization.ON_READ
    return synchronization, aggregation, trainable


def with_scope(name, import_scope):
    """`name` as it is called below `import_scope`."""
    return f"{import_scope.rstrip('/')}/{name}" if import_scope else name


def without_scope(name, export_scope):
    """`name` without the leading `export_scope`."""
    prefix = export_scope.rstrip("/") + "/" if export_scope else ""
    return name[len(prefix):] if prefix and name.startswith(prefix) else name


class SaveSliceInfo:
    """Which slice of a larger variable a variable is; savers write the whole.

    Args:
      full_name: name of the whole. full_shape: its shape. var_offset: where the slice begins.
      var_shape: its shape. save_slice_info_def: SaveSliceInfoDef to read these from instead, with
        `import_scope` before the name.
    """

    def __init__(self, full_name=None, full_shape=None, var_offset=None, var_shape=None,
                 save_slice_info_def=None, import_scope=None):
        if save_slice_info_def:
            full_name = with_scope(save_slice_info_def.full_name, import_scope)
            full_shape = list(save_slice_info_def.full_shape)
            var_offset = list(save_slice_info_def.var_offset)
            var_shape = list(save_slice_info_def.var_shape)
        self.full_name = full_name
        self.full_shape = full_shape
        self.var_offset = var_offset
        self.var_shape = var_shape

    @property
    def spec(self):
        """The slice as checkpoints write it: "10 20 0,5:0,20" (shape, then offset,size pairs)."""
        slices = ":".join(f"{o},{s}" for o, s in zip(self.var_offset, self.var_shape))
        return " ".join(map(str, self.full_shape)) + " " + slices

    def to_proto(self, export_scope=None):
        """SaveSliceInfoDef, or None if the variable is not below `export_scope`."""
        from graphflow import protobuf

        if export_scope is not None and not self.full_name.startswith(export_scope):
            return None
        return protobuf.SaveSliceInfoDef(
            full_name=without_scope(self.full_name, export_scope), full_shape=self.full_shape,
            var_offset=self.var_offset, var_shape=self.var_shape)
