"""The nodes of a Saver: `save/SaveV2`, `save/RestoreV2`, `save/Assign`... as TensorFlow makes them.

Holds no state beyond a builder's checkpoint version.
"""

import uuid

from graphflow.framework import errors, public, raw_ops
from graphflow.framework.device_spec import DeviceSpec
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.graph_scopes import device as on_device
from graphflow.framework.grouping import group, with_dependencies
from graphflow.training.saveable import (
    ReferenceVariableSaveable,
    ResourceVariableSaveable,
    SaveableObject,
    SaveSpec,
    validate_and_slice_inputs,
)

V1, V2 = 1, 2


def _on_cpu(device):
    """The CPU of the machine that a device is on."""
    spec = DeviceSpec.from_string(device)
    spec.device_type, spec.device_index = "CPU", 0
    return spec.to_string()


class BaseSaverBuilder:
    """Adds the nodes of a Saver, with one RestoreV2 per saveable.

    Subclasses may override `save_op`, `restore_op` and `bulk_restore`.
    """

    SaveSpec = SaveSpec
    SaveableObject = SaveableObject
    VariableSaveable = ReferenceVariableSaveable
    ResourceVariableSaveable = ResourceVariableSaveable

    def __init__(self, write_version=V2):
        self._write_version = write_version

    def save_op(self, filename_tensor, saveables):
        """An operation that saves all saveables under the prefix `filename_tensor`."""
        if self._write_version != V2:
            raise errors.UnimplementedError(
                None, None, "Only V2 checkpoints can be written: use tf.train.Saver(write_version=tf.train.SaverDef.V2)"
            )
        specs = [spec for saveable in saveables for spec in saveable.specs]
        return raw_ops.SaveV2(
            filename_tensor,
            [spec.name for spec in specs],
            [spec.slice_spec for spec in specs],
            [spec.tensor for spec in specs],
        )

    def bulk_restore(self, filename_tensor, saveables, preferred_shard, restore_sequentially):
        """The tensors of all saveables, read from the checkpoint."""
        tensors = []
        for saveable in saveables:
            with on_device(_on_cpu(saveable.device) if saveable.device else None):
                tensors.extend(self.restore_op(filename_tensor, saveable, preferred_shard))
        return tensors

    def restore_op(self, filename_tensor, saveable, preferred_shard):
        """The tensors of one saveable, read from the checkpoint."""
        return [_restore(filename_tensor, [spec])[0] for spec in saveable.specs]

    def sharded_filename(self, filename_tensor, shard, num_shards):
        """The prefix of one shard."""
        return raw_ops.ShardedFilename(filename_tensor, shard, num_shards)

    def _save(self, filename_tensor, saveables):
        return with_dependencies([self.save_op(filename_tensor, saveables)], filename_tensor)

    def _save_shards(self, prefix, per_device):
        """Saves every device's part in a temporary folder; then the parts become one checkpoint."""
        temporary = public.string_join([prefix, f"_temp_{uuid.uuid4().hex}/part"])
        count = public.constant(len(per_device), name="num_shards")
        parts, saves = [], []
        for shard, (device, saveables) in enumerate(per_device):
            with on_device(_on_cpu(device)):
                parts.append(self.sharded_filename(temporary, shard, count))
                saves.append(self._save(parts[-1], saveables))
        with control_dependencies([save.op for save in saves]), on_device(_on_cpu(per_device[-1][0])):
            merge = raw_ops.MergeV2Checkpoints(parts, prefix, delete_old_dirs=True)
            with control_dependencies([merge]):
                return public.identity(prefix)

    def _restore_all(
        self, filename_tensor, saveables, restore_sequentially, reshape, preferred_shard=-1, name="restore_all"
    ):
        tensors = iter(self.bulk_restore(filename_tensor, saveables, preferred_shard, restore_sequentially))
        assigned = []
        for saveable in saveables:
            shapes = [_full_shape(spec.tensor) for spec in saveable.specs] if reshape else None
            assigned.append(saveable.restore([next(tensors) for _ in saveable.specs], shapes))
        return group(*assigned, name=name)

    def _restore_shards(self, filename_tensor, per_device, restore_sequentially, reshape):
        restores = []
        for shard, (device, saveables) in enumerate(per_device):
            with on_device(device):
                restores.append(
                    self._restore_all(filename_tensor, saveables, restore_sequentially, reshape, shard, "restore_shard")
                )
        return group(*restores, name="restore_all")

    @staticmethod
    def _by_device(saveables):
        """[(device, saveables)] sorted by device; ValueError if one saveable is on several."""
        result = {}
        for saveable in saveables:
            devices = {DeviceSpec.from_string(spec.device).to_string() for spec in saveable.specs}
            if len(devices) != 1:
                raise ValueError(f"All tensors of a saveable object must be on the same device: {saveable.name}")
            result.setdefault(devices.pop(), []).append(saveable)
        return sorted(result.items())

    def build(
        self,
        names_to_saveables,
        reshape=False,
        sharded=False,
        max_to_keep=5,
        keep_checkpoint_every_n_hours=10000.0,
        name=None,
        restore_sequentially=False,
        filename="model",
    ):
        """Adds the nodes; returns the SaverDef that names them. Arguments are those of `tf.train.Saver`."""
        from graphflow import protobuf

        saveables = validate_and_slice_inputs(names_to_saveables)
        with name_scope(name, "save", [saveable.op for saveable in saveables]):
            default = public.placeholder_with_default(filename or "model", shape=(), name="filename")
            filename_tensor = public.placeholder_with_default(default, shape=(), name="Const")
            if sharded:
                per_device = self._by_device(saveables)
                saved = self._save_shards(filename_tensor, per_device)
                restored = self._restore_shards(filename_tensor, per_device, restore_sequentially, reshape)
            else:
                saved = self._save(filename_tensor, saveables)
                restored = self._restore_all(filename_tensor, saveables, restore_sequentially, reshape)
        return protobuf.SaverDef(
            filename_tensor_name=filename_tensor.name,
            save_tensor_name=saved.name,
            restore_op_name=restored.name,
            max_to_keep=max_to_keep or 0,
            sharded=sharded,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=self._write_version,
        )


class BulkSaverBuilder(BaseSaverBuilder):
    """Adds the nodes of a Saver, with one RestoreV2 for everything: what `tf.train.Saver` uses."""

    def bulk_restore(self, filename_tensor, saveables, preferred_shard, restore_sequentially):
        """The tensors of all saveables, read from the checkpoint at once."""
        with on_device("cpu:0"):
            return _restore(filename_tensor, [spec for saveable in saveables for spec in saveable.specs])


def _restore(filename_tensor, specs):
    return raw_ops.RestoreV2(
        filename_tensor,
        [spec.name for spec in specs],
        [spec.slice_spec for spec in specs],
        dtypes=[spec.dtype for spec in specs],
    )


def _full_shape(tensor):
    static = tensor.get_shape()
    return static if static.is_fully_defined() else public.shape(tensor)
