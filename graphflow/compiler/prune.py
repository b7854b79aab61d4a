"""Prune: the operations that the fetches need, given what is fed.

Holds no state; does not order anything.
"""

from graphflow.compiler.bodies import analyse
from graphflow.framework import errors, shapes
from graphflow.framework.func_graph import INPUTS, WITH_BODIES

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
# Run-time messages spell these the way TensorFlow's do.
_DTYPE_WORDS = {"float16": "half", "float32": "float", "float64": "double"}


def needed_operations(fetches, targets, feeds, context):
    """The set of operations behind `fetches` (Tensors) and `targets` (Operations), and the Needs of those
    that have bodies.

    Walks data and control edges back to `feeds` (Tensors), and to the inputs of a body. A control
    dependency on a fed placeholder is met by the feed. Raises InvalidArgumentError for a placeholder
    left unfed.
    """
    fed = set(feeds)
    fed_placeholders = {t.op for t in feeds if t.op.type in _PLACEHOLDERS}
    stack = [t.op for t in fetches if t not in fed] + list(targets)
    needed, later, needs = set(), set(), {}
    while stack or later:
        if not stack:
            op = max(later, key=lambda op: op._id)
            later.discard(op)
            stack = _analysed(op, fetches, fed, needed, needs, context)
            continue
        op = stack.pop()
        if op in needed or op in fed_placeholders:
            continue
        if op.type in _PLACEHOLDERS:
            _raise_unfed(op)
        if op.type in WITH_BODIES:
            later.add(op)
            continue
        needed.add(op)
        if op.type not in INPUTS:
            stack.extend([t.op for t in op.inputs if t not in fed])
            stack.extend(op._control_inputs)
    for op in [op for op, need in needs.items() if not _outputs_read(op, fetches, needed, needs) <= {*need.outputs}]:
        # A control edge that was added later made it a need of something that came before it.
        more = _analysed(op, fetches, fed, needed, needs, context)
        found, inner = needed_operations([], more, feeds, context)
        needed |= found
        needs.update(inner)
    return needed, needs


def _analysed(op, fetches, fed, needed, needs, context):
    """Adds the Need of `op`; the operations that it needs in turn."""
    need = analyse(op, _outputs_read(op, fetches, needed, needs), context, needed_operations)
    needs[op] = need
    needed.add(op)
    return [*(op.inputs[i].op for i in need.inputs if op.inputs[i] not in fed), *op._control_inputs]


def _outputs_read(op, fetches, needed, needs):
    """Indices of the outputs of `op` that are fetched or read by operations in `needed`."""
    found = {tensor.value_index for tensor in fetches if tensor.op is op}
    for tensor in op.outputs:
        for user in tensor._consumers:
            if user in needs:
                if any(user.inputs[i] is tensor for i in needs[user].inputs):
                    found.add(tensor.value_index)
            elif user in needed:
                found.add(tensor.value_index)
    return found


def _raise_unfed(op):
    shape, dtype = op.outputs[0]._shape, op.outputs[0].dtype.name
    text = "" if shape is None else f" and shape {shapes.format_shape(shape)}"
    raise errors.InvalidArgumentError(
        op.node_def, op,
        f"You must feed a value for placeholder tensor '{op.name}' with dtype "
        f"{_DTYPE_WORDS.get(dtype, dtype)}{text}",
    )
