"""What a Saver says when a checkpoint does not fit the graph. Holds no state."""

import os

from graphflow.framework import errors, shapes
from graphflow.framework.static_value import constant_value
from graphflow.io.tensor_bundle import BundleReader

# The key by which checkpoints of tf.train.Checkpoint are known.
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


def explained(error, cause):
    """An error of a restoring run, with what is most likely the cause."""
    message = (
        f"{error.message}\nRestoring from checkpoint failed. This is most likely due to {cause} from the checkpoint. "
        "Please ensure that you have not altered the graph expected based on the checkpoint."
    )
    return type(error)(error.node_def, error.op, message)


def is_object_based(save_path):
    """Whether a checkpoint was written by tf.train.Checkpoint, which has other names for variables."""
    return os.path.exists(save_path + ".index") and _OBJECT_GRAPH in BundleReader(save_path)


def check_shapes(restore_op, save_path):
    """Raises InvalidArgumentError, listing all, for variables of other shapes than in the checkpoint."""
    reader, wrong, first = BundleReader(save_path), [], None
    for op, name, shape in _restored_variables(restore_op):
        if name not in reader or shapes.compatible(shape, reader.shape(name)):
            continue
        first = first or op
        there = shapes.format_shape(reader.shape(name))
        wrong.append(
            f"lhs shape= {shapes.format_shape(shape)} rhs shape= {there}: variable '{op.inputs[0].op.name}' and "
            f"'{name}' in the checkpoint"
        )
    if wrong:
        text = "Assign requires shapes of both tensors to match. " + "\n  ".join(wrong)
        raise errors.InvalidArgumentError(first.node_def, first, text)


def _restored_variables(restore_op):
    """Yields (assigning op, name in the checkpoint, static shape) of whole variables a restore sets."""
    todo = [restore_op]
    while todo:
        op = todo.pop()
        if op.type == "NoOp":
            todo.extend(reversed(op.control_inputs))
            continue
        if op.type not in ("Assign", "AssignVariableOp") or not op.attrs.get("validate_shape", True):
            continue
        source = op.inputs[1]
        while source.op.type == "Identity":
            source = source.op.inputs[0]
        if source.op.type != "RestoreV2":
            continue
        names, slices = constant_value(source.op.inputs[1]), constant_value(source.op.inputs[2])
        if names is not None and slices is not None and not slices[source.value_index]:
            shape = op.inputs[0]._shape if op.type == "Assign" else op.inputs[0].op.attrs.get("shape")
            yield op, names[source.value_index].decode(), shape
