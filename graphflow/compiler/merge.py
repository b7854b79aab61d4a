"""Merge: of nodes that compute the same from the same, one runs (common subexpressions).

Never stateful or random ones, nor checks; reads of different versions of a variable are different values
already. Control dependencies must agree: a program that recomputes to save memory says so by them. Holds
no state.
"""

from graphflow.framework import dtypes

# Larger constants are the same only if they are one.
_MAX_COMPARED_BYTES = 1 << 10
_PLAIN = (bool, int, float, str, bytes, dtypes.DType, type(None))


def merge_equal(shaped):
    """`shaped` with every node that repeats an earlier one replaced by its results."""
    nodes, seen = [], {}
    for node in shaped.nodes:
        key = _key(shaped, node)
        first = None if key is None else seen.setdefault(key, node)
        if first is None or first is node:
            nodes.append(node)
            continue
        for value, same in zip(node.outputs, first.outputs, strict=True):
            shaped.rename(value, same)
    shaped.nodes = nodes
    return shaped


def _key(shaped, node):
    """What nodes of equal results have in common, or None."""
    if node.has_effects or not node.outputs or node.op in shaped.plan.targets:
        return None
    if any(shaped.shape[v] is None for v in node.outputs):
        return None  # an alias needs a shape
    attrs = tuple((name, _frozen(value)) for name, value in sorted(node.attrs.items()) if name[0] != "_")
    if any(value is None for _, value in attrs):
        return None
    indices = tuple(v.index for v in node.outputs)
    return node.type, indices, attrs, tuple(_identity(shaped, v) for v in node.inputs), frozenset(node.controls)


def _frozen(value):
    """A hashable stand-in for an attribute, or None if it has none."""
    if isinstance(value, (list, tuple)):
        parts = tuple(map(_frozen, value))
        return None if any(part is None for part in parts) else ("list", parts)
    return (type(value), value) if isinstance(value, _PLAIN) else None


def _identity(shaped, value):
    """What tells `value` from others: its memory and shape, or its bytes where it is a small constant."""
    array = shaped.constants.get(value)
    if array is not None and array.nbytes <= _MAX_COMPARED_BYTES and array.dtype != object:
        return value.dtype, array.shape, array.tobytes()
    return shaped.root(value), shaped.shape[value]
