"""Reading checkpoints without a graph, and initialising variables from them. Holds no state."""

import os

from graphflow.framework import raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import device as on_device
from graphflow.io.tensor_bundle import BundleReader
from graphflow.ops.variable_store import default_store
from graphflow.ops.variables import Variable
from graphflow.training.checkpoint_management import latest_checkpoint
from graphflow.training.saveable import op_list_to_dict, saveable_objects_for_op


class CheckpointReader:
    """What is in a checkpoint; made by `tf.train.NewCheckpointReader`."""

    def __init__(self, prefix):
        self._reader = BundleReader(os.fspath(prefix))

    def has_tensor(self, tensor_str):
        """Whether there is a tensor of that name."""
        return tensor_str in self._reader

    def get_variable_to_shape_map(self):
        """{name: shape as a list}."""
        return {name: list(self._reader.shape(name)) for name in self._reader.keys()}

    def get_variable_to_dtype_map(self):
        """{name: DType}."""
        return {name: self._reader.dtype(name) for name in self._reader.keys()}

    def get_tensor(self, tensor_str):
        """The value of a tensor as an array (a scalar for shape ()); NotFoundError if there is none."""
        return self._reader.read(tensor_str)[()]

    def debug_string(self):
        """One line per tensor, as bytes: name, dtype and shape."""
        from graphflow import protobuf

        lines = [
            f"{name} ({protobuf.DataType.Name(dtype.as_datatype_enum)}) "
            f"[{','.join(map(str, self._reader.shape(name)))}]\n"
            for name, dtype in self.get_variable_to_dtype_map().items()
        ]
        return "".join(lines).encode()


@tf_export("train.NewCheckpointReader")
def NewCheckpointReader(filepattern):  # noqa: N802 - TensorFlow's public name
    """A reader of the checkpoint with the prefix `filepattern`; NotFoundError if there is none.

    Example: `tf.train.NewCheckpointReader("model.ckpt-10").get_tensor("w")`
    """
    return CheckpointReader(filepattern)


def checkpoint_prefix(path):
    path = os.fspath(path)
    return latest_checkpoint(path) if os.path.isdir(path) else path


@tf_export("train.load_checkpoint", "contrib.framework.load_checkpoint")
def load_checkpoint(ckpt_dir_or_file):
    """A reader of a checkpoint, or of the newest one in a folder; ValueError if that has none."""
    prefix = checkpoint_prefix(ckpt_dir_or_file)
    if prefix is None:
        raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {ckpt_dir_or_file}")
    return NewCheckpointReader(prefix)


@tf_export("train.load_variable", "contrib.framework.load_variable")
def load_variable(ckpt_dir_or_file, name):
    """The value of a variable in a checkpoint (or in the newest one in a folder)."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


@tf_export("train.list_variables", "contrib.framework.list_variables")
def list_variables(ckpt_dir_or_file):
    """[(name, shape)] of the variables in a checkpoint (or in the newest one in a folder)."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


@tf_export("train.init_from_checkpoint", "contrib.framework.init_from_checkpoint")
def init_from_checkpoint(ckpt_dir_or_file, assignment_map):
    """Makes the initialisers of variables load from a checkpoint.

    Args:
      ckpt_dir_or_file: prefix, or folder with a state file.
      assignment_map: {name in checkpoint: variable, list of slices, or name of a variable made by
        `get_variable`}, or {"scope_there/": "scope_here/"} for all variables below a scope ("/" is
        the root).
    Raises ValueError for variables or tensors that don't exist, and for shapes that differ.
    """
    reader = load_checkpoint(ckpt_dir_or_file)
    prefix, shapes = checkpoint_prefix(ckpt_dir_or_file), reader.get_variable_to_shape_map()
    for there, here in sorted(assignment_map.items(), key=lambda pair: pair[0]):
        variable = _find_variable(here)
        if variable is None:
            _init_scope(prefix, shapes, there, here)
            continue
        if there not in shapes:
            raise ValueError(f"Tensor {there} is not found in {ckpt_dir_or_file} checkpoint {shapes}")
        if isinstance(variable, Variable) and not variable.get_shape().is_compatible_with(shapes[there]):
            raise ValueError(
                f"Shape of variable {variable.name} ({variable.get_shape()}) doesn't match with "
                "shape of "
                f"tensor {there} ({shapes[there]}) from checkpoint reader."
            )
        _set_initializers(variable, prefix, there)


def _find_variable(item):
    """The variable, or list of slices, that an assignment map means; None for the name of a scope."""
    if isinstance(item, Variable):
        return item
    if isinstance(item, (list, tuple)) and all(isinstance(v, Variable) for v in item):
        return list(item)
    if not isinstance(item, str):
        return list(item)
    known = default_store().variables
    return known.get(item) or _slices(item, known)


def _slices(name, known):
    found = []
    while f"{name}/part_{len(found)}" in known:
        found.append(known[f"{name}/part_{len(found)}"])
    return found or None


def _init_scope(prefix, shapes, there, here):
    """Initialises all variables of a scope."""
    scope = here.rpartition("/")[0]
    if not there.endswith("/"):
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to scope only {there}. Should "
            "be "
            "'scope/': 'other_scope/'."
        )
    names = {
        name.partition("/part_")[0] for name in default_store().variables if not scope or name.startswith(scope + "/")
    }
    for name in sorted(names):
        inner = name[len(scope) :].lstrip("/") if here != "/" else name
        full = inner if there == "/" else there + inner
        if full not in shapes:
            raise ValueError(f"Tensor {full} ({inner} in {there}) is not found in {prefix} checkpoint")
        _set_initializers(_find_variable(name), prefix, full)


def _set_initializers(variable, prefix, tensor_name):
    if not isinstance(variable, list):
        _set_initializer(variable, prefix, tensor_name, "")
        return
    names = {v._save_slice_info.full_name if v._save_slice_info else None for v in variable}
    if len(names) != 1 or None in names:
        raise ValueError(f"Slices must all be from the same tensor: {sorted(map(str, names))}")
    for part in variable:
        _set_initializer(part, prefix, tensor_name, part._save_slice_info.spec)


def _set_initializer(variable, prefix, tensor_name, slice_spec):
    """Replaces the initialiser of a variable by one that reads a tensor of a checkpoint."""
    with on_device(variable.device), on_device("/cpu:0"):
        restored = raw_ops.RestoreV2(
            prefix, [tensor_name], [slice_spec], dtypes=[variable.dtype.base_dtype], name="checkpoint_initializer"
        )[0]
        set_initial_value(variable, restored)


def set_initial_value(variable, value):
    """Replaces the initialiser of a variable (or slice of one) by one that assigns the tensor `value`."""
    ((name, op),) = op_list_to_dict([variable]).items()
    (saveable,) = saveable_objects_for_op(op, name)
    variable._initializer_op = saveable.restore([value], restored_shapes=None)
    value.set_shape(variable.shape)
    variable._initial_value = value
