"""Prune: the operations that the fetches need, given what is fed.

Holds no state; does not order anything.
"""

from graphflow.framework import errors, shapes

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
# Run-time messages spell these the way TensorFlow's do.
_DTYPE_WORDS = {"float16": "half", "float32": "float", "float64": "double"}


def needed_operations(fetches, targets, feeds):
    """The set of operations behind `fetches` (Tensors) and `targets` (Operations).

    Walks data and control edges back to `feeds` (Tensors). A control dependency on a fed
    placeholder is met by the feed. Raises InvalidArgumentError for a placeholder left unfed.
    """
    fed = set(feeds)
    fed_placeholders = {t.op for t in feeds if t.op.type in _PLACEHOLDERS}
    stack = [t.op for t in fetches if t not in fed] + list(targets)
    needed = set()
    while stack:
        op = stack.pop()
        if op in needed or op in fed_placeholders:
            continue
        if op.type in _PLACEHOLDERS:
            _raise_unfed(op)
        needed.add(op)
        stack.extend([t.op for t in op.inputs if t not in fed])
        stack.extend(op._control_inputs)
    return needed


def _raise_unfed(op):
    shape, dtype = op.outputs[0]._shape, op.outputs[0].dtype.name
    text = "" if shape is None else f" and shape {shapes.format_shape(shape)}"
    raise errors.InvalidArgumentError(
        op.node_def, op,
        f"You must feed a value for placeholder tensor '{op.name}' with dtype "
        f"{_DTYPE_WORDS.get(dtype, dtype)}{text}",
    )
