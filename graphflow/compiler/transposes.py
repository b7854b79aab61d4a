"""Transposes: matrix products read transposed operands where they lie; transposes of transposes are one.

BLAS takes either order, so a product of a transposed matrix needs no copy of it. Holds no state.
"""

import numpy as np

from graphflow.framework import dtypes

# Products -> their attributes for the first and the second operand. `adj` also conjugates.
_PRODUCTS = {"MatMul": ("transpose_a", "transpose_b"), "BatchMatMul": ("adj_x", "adj_y"),
             "BatchMatMulV2": ("adj_x", "adj_y")}


def fold_transposes(shaped):
    """`shaped` with transposes folded into what reads them."""
    nodes, maker = [], {}
    for node in shaped.nodes:
        if node.type in _PRODUCTS and not node.inputs[0].dtype.is_complex:
            node = _product(shaped, node, maker)
        elif node.type == "Transpose":
            node = _transpose(shaped, node, maker)
        if node is None:
            continue
        nodes.append(node)
        for value in node.outputs:
            maker[value] = node
    shaped.nodes = nodes
    return shaped


def _perm(shaped, node):
    perm = shaped.constants.get(node.inputs[1])
    return None if perm is None else perm.tolist()


def _behind(shaped, value, maker):
    """(transposing node, its permutation) that makes `value` under its own shape, or (None, None)."""
    root = shaped.root(value)
    node = maker.get(root)
    if node is None or node.type != "Transpose" or shaped.shape[root] != shaped.shape[value]:
        return None, None
    perm = _perm(shaped, node)
    return (node, perm) if perm is not None and shaped.is_stable(node.inputs[0]) else (None, None)


def _product(shaped, node, maker):
    inputs, attrs = list(node.inputs), dict(node.attrs)
    for i, name in enumerate(_PRODUCTS[node.type]):
        source, perm = _behind(shaped, inputs[i], maker)
        if source is not None and perm == [*range(len(perm) - 2), len(perm) - 1, len(perm) - 2]:
            inputs[i] = source.inputs[0]
            attrs[name] = not attrs[name]
    return node if inputs == node.inputs else node.rewritten(inputs, attrs=attrs)


def _transpose(shaped, node, maker):
    source, first = _behind(shaped, node.inputs[0], maker)
    second = _perm(shaped, node)
    if source is None or second is None:
        return node
    perm = [first[axis] for axis in second]
    if perm == sorted(perm):
        shaped.rename(node.outputs[0], source.inputs[0])
        return None
    value = shaped.constant(np.array(perm, np.int32), f"{node.name}/perm")
    return node.rewritten([source.inputs[0], value], attrs={**node.attrs, "Tperm": dtypes.int32})
