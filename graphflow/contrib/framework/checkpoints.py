"""Giving variables values: from arrays, and from checkpoints. Holds no state."""

import graphflow as tf
from graphflow.contrib.framework.model_variables import get_variable_full_name
from graphflow.framework.api import tf_export


@tf_export("contrib.framework.load_checkpoint")
def load_checkpoint(filepattern):
    """A reader of the checkpoint, as `tf.train.load_checkpoint`."""
    return tf.train.load_checkpoint(filepattern)


@tf_export("contrib.framework.list_variables")
def list_variables(checkpoint_dir):
    """List of (name, shape) of the variables in a checkpoint."""
    return tf.train.list_variables(checkpoint_dir)


@tf_export("contrib.framework.load_variable")
def load_variable(checkpoint_dir, name):
    """The array of a variable in a checkpoint."""
    return tf.train.load_variable(checkpoint_dir, name)


@tf_export("contrib.framework.assign_from_values", "contrib.slim.assign_from_values")
def assign_from_values(var_names_to_values):
    """(operation, feed dict) that give variables, by name, the arrays in a dict.

    Raises ValueError if there is no such variable, or a shape does not fit.
    """
    feeds, assigns = {}, []
    for name, value in var_names_to_values.items():
        variables = [v for v in tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, name) if v.op.name == name]
        if not variables:
            raise ValueError(f"Variable {name} wasn't found")
        _assign(variables[0], value, feeds, assigns)
    return tf.group(*assigns), feeds


def _assign(variable, value, feeds, assigns):
    """Adds an assignment of the array `value` and its feed."""
    if not variable.get_shape().is_compatible_with(value.shape):
        raise ValueError(f"Variable {variable.op.name} has shape {variable.get_shape()}, the value has {value.shape}")
    placeholder = tf.placeholder(variable.dtype.base_dtype, value.shape, name=f"placeholder/{variable.op.name}")
    feeds[placeholder] = value
    assigns.append(variable.assign(placeholder))


@tf_export("contrib.framework.assign_from_values_fn", "contrib.slim.assign_from_values_fn")
def assign_from_values_fn(var_names_to_values):
    """Function of a session that gives variables, by name, the arrays in a dict."""
    operation, feeds = assign_from_values(var_names_to_values)
    return lambda session: session.run(operation, feeds)


def _by_name(var_list):
    """Dict from names in a checkpoint to a variable or a list of its slices."""
    if isinstance(var_list, dict):
        return var_list
    grouped = {}
    for variable in var_list:
        grouped.setdefault(get_variable_full_name(variable), []).append(variable)
    return grouped


def _reader(model_path):
    """A reader of the checkpoint with this prefix, even where a folder is called so, else of a folder's latest one."""
    if tf.gfile.IsDirectory(model_path) and not tf.gfile.Exists(model_path + ".index"):
        return tf.train.load_checkpoint(model_path)
    return tf.train.NewCheckpointReader(model_path)


@tf_export("contrib.framework.assign_from_checkpoint", "contrib.slim.assign_from_checkpoint")
def assign_from_checkpoint(model_path, var_list, ignore_missing_vars=False):
    """(operation, feed dict) that give variables their values in a checkpoint.

    Args: var_list: list of variables, or dict from names in the checkpoint to them.
    Raises ValueError if the checkpoint lacks one, unless `ignore_missing_vars`.
    """
    reader = _reader(model_path)
    feeds, assigns = {}, []
    for name, variables in _by_name(var_list).items():
        if not reader.has_tensor(name):
            if not ignore_missing_vars:
                raise ValueError(f"Checkpoint is missing variable [{name}]")
            tf.logging.warning("Checkpoint is missing variable [%s]", name)
            continue
        value = reader.get_tensor(name)
        for variable in variables if isinstance(variables, (list, tuple)) else [variables]:
            info = variable._save_slice_info
            part = value if info is None else value[tuple(
                slice(start, start + size) for start, size in zip(info.var_offset, info.var_shape))]
            _assign(variable, part, feeds, assigns)
    return tf.group(*assigns), feeds


@tf_export("contrib.framework.assign_from_checkpoint_fn", "contrib.slim.assign_from_checkpoint_fn")
def assign_from_checkpoint_fn(model_path, var_list, ignore_missing_vars=False, reshape_variables=False):
    """Function of a session that restores variables from a checkpoint; None if none of them is in it.

    Raises ValueError for an empty `var_list`.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        reader = _reader(model_path)
        pairs = var_list if isinstance(var_list, dict) else {var.op.name: var for var in var_list}
        var_list = {name: var for name, var in pairs.items() if reader.has_tensor(name)}
        for name in set(pairs) - set(var_list):
            tf.logging.warning("Variable %s missing in checkpoint %s", name, model_path)
    if not var_list:
        tf.logging.warning("No Variables to restore")
        return None
    saver = tf.train.Saver(var_list, reshape=reshape_variables)
    return lambda session: saver.restore(session, model_path)
