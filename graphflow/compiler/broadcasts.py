"""Broadcasts: elementwise ops read a small operand as it is, instead of a copy blown up to their size.

Gradients of means and sums repeat a row or a number (`Tile`, `BroadcastTo`, `Fill`) before they multiply
it with something of full size; elementwise kernels repeat by themselves. Holds no state.
"""

from graphflow.framework import shapes

_ELEMENTWISE = {
    "Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "DivNoNan", "FloorDiv", "Maximum", "Minimum", "SquaredDifference",
    "Pow", "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr",
}


def absorb(shaped):
    """`shaped` with elementwise ops reading what others repeat for them."""
    nodes, maker = [], {}
    for node in shaped.nodes:
        if node.type in _ELEMENTWISE:
            node = _absorbed(shaped, node, maker)
        nodes.append(node)
        for value in node.outputs:
            maker[value] = node
    shaped.nodes = nodes
    return shaped


def _absorbed(shaped, node, maker):
    inputs, wanted = list(node.inputs), shaped.shape[node.outputs[0]]
    if wanted is None:
        return node
    for i in (0, 1):
        small = _small(shaped, maker.get(_same(shaped, inputs[i])))
        if small is not None and _broadcast(shaped.shape[small], shaped.shape[inputs[1 - i]]) == wanted:
            inputs[i] = small
    return node if inputs == node.inputs else node.rewritten(inputs)


def _same(shaped, value):
    """The value that `value` is another name of, in the same shape."""
    root = shaped.root(value)
    return root if shaped.shape[root] == shaped.shape[value] else value


def _small(shaped, node):
    """What `node` only repeats, along axes of size 1, or None."""
    if node is None or node.type not in ("Tile", "BroadcastTo", "Fill"):
        return None
    small = node.inputs[1 if node.type == "Fill" else 0]
    given, made = shaped.shape[small], shaped.shape[node.outputs[0]]
    if given is None or made is None or not shaped.is_stable(small):
        return None
    return small if _broadcast(given, made) == made else None


def _broadcast(a, b):
    try:
        return shapes.broadcast_shapes(a, b)
    except ValueError:
        return None
