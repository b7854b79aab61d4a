"""Rename: what only passes its input on, maybe under another shape, need not run.

Holds no state.
"""

from graphflow.framework import shapes

# Outputs that are the first input under another shape.
_RENAMING = {"Identity", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "PreventGradient",
             "PlaceholderWithDefault", "EnsureShape"}
# Reductions are the identity where no axis is named, as in most gradients of broadcasts.
_REDUCTIONS = {"Sum", "Mean", "Prod", "Max", "Min"}


def rename(shaped):
    """`shaped` with aliases in place of such nodes."""
    shaped.nodes = [node for node in shaped.nodes if not (_passes_on(shaped, node) and _renamed(shaped, node))]
    return shaped


def _passes_on(shaped, node):
    if len(node.outputs) != 1:
        return False
    return node.type in _RENAMING or (node.type in _REDUCTIONS and shaped.shape[node.inputs[1]] == (0,))


def _renamed(shaped, node):
    source, value = node.inputs[0], node.outputs[0]
    if shaped.shape[source] is None or shaped.shape[value] is None:
        return False
    if shapes.size(shaped.shape[source]) != shapes.size(shaped.shape[value]):
        return False  # the kernel reports it
    return shaped.rename(value, source)
