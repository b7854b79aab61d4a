"""Rename: what only passes its input on, maybe under another shape, need not run.

Ops that pick, repeat or pad elements pass on all of them, in order, where they make as many as they are
given. Holds no state.
"""

from graphflow.framework import shapes

# Outputs that are the first input under another shape.
_RENAMING = {"Identity", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "PreventGradient",
             "PlaceholderWithDefault", "EnsureShape"}
# The same where the result is as large as the input.
_PICKING = {"Slice", "Unpack", "Pack", "ConcatV2", "AddN", "Tile", "BroadcastTo", "Pad", "PadV2", "MirrorPad"}
# Those of which the second input says where: they fail, if it says so, though the result is as large.
_PLACED = {"Slice", "Pad", "PadV2", "MirrorPad"}
# Reductions are the identity where no axis is named, as in most gradients of broadcasts.
_REDUCTIONS = {"Sum", "Mean", "Prod", "Max", "Min"}


def rename(shaped):
    """`shaped` with aliases in place of such nodes."""
    shaped.nodes = [node for node in shaped.nodes if not _is_renamed(shaped, node)]
    return shaped


def _is_renamed(shaped, node):
    if node.type == "IdentityN":
        return _are_renamed(shaped, [(value, node.inputs[value.index]) for value in node.outputs])
    if len(node.outputs) != 1 or not node.inputs:
        return False
    source = _source(shaped, node)
    if source is None:
        return False
    value = node.outputs[0]
    if shaped.shape[source] is None or shaped.shape[value] is None:
        return False
    if shapes.size(shaped.shape[source]) != shapes.size(shaped.shape[value]):
        return False  # for what renames shapes, the kernel reports it
    return shaped.rename(value, source)


def _are_renamed(shaped, pairs):
    """Makes all (value, source) one another's names, or none."""
    if any(shaped.shape[source] is None or not shaped.is_stable(source) for _, source in pairs):
        return False
    for value, source in pairs:
        shaped.share(value, source)
    return True


def _source(shaped, node):
    """The input that `node` passes on if the sizes agree, or None."""
    kind = node.type
    if kind in _RENAMING or (kind in _REDUCTIONS and shaped.shape[node.inputs[1]] == (0,)):
        return node.inputs[0]
    if kind in _PLACED and node.inputs[1] not in shaped.constants:
        return None
    if kind in _PICKING or (kind == "StridedSlice" and _goes_forward(shaped, node)):
        tensors = [v for v in node.inputs if v.dtype == node.outputs[0].dtype]
        return _only(tensors) if kind in ("Pack", "ConcatV2", "AddN") else node.inputs[0]
    if kind == "Transpose" and _moves_nothing(shaped, node):
        return node.inputs[0]
    return None


def _only(values):
    return values[0] if len(values) == 1 else None


def _goes_forward(shaped, node):
    """Whether a slice takes what it does in order, and can't fail: one index may lie outside."""
    strides = shaped.constants.get(node.inputs[3])
    is_placed = not node.attrs["shrink_axis_mask"] or node.inputs[1] in shaped.constants
    return is_placed and strides is not None and bool((strides > 0).all())


def _moves_nothing(shaped, node):
    """Whether a transpose only moves axes of size 1."""
    perm, shape = shaped.constants.get(node.inputs[1]), shaped.shape[node.inputs[0]]
    if perm is None or shape is None:
        return False
    moved = [axis for axis in perm.tolist() if shape[axis] != 1]
    return moved == sorted(moved)
