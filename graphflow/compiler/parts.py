"""Parts: of a matrix product of which only some rows, or columns, are read, only these are computed.

The gradient of `concat([x, h], 1) @ kernel` is a product whose columns for `x` nobody asked for where `x` is data.
The part of the operand is copied instead, mostly once for many steps (`merge` sees to that). Holds no state.
"""

import numpy as np

from graphflow.compiler.plan import Value
from graphflow.compiler.uses import Uses

# A row (or column) left out must save so many operations for each number of the operand that is copied.
_WORTH_IT = 16


def multiply_parts(shaped):
    """`shaped` with slices of products turned into products of slices."""
    if not any(node.type == "MatMul" for node in shaped.nodes):
        return shaped
    uses = Uses(shaped)
    replaced, gone = {}, set()
    for node in shaped.nodes:
        root = shaped.root(node.inputs[0]) if node.type == "Slice" else None
        product = uses.maker.get(root)
        if (product is not None and product.type == "MatMul" and uses.is_only_for(root, node)
                and shaped.shape[root] == shaped.shape[node.inputs[0]]):
            steps = _product_of_part(shaped, node, product)
            if steps is not None:
                replaced[product] = steps
                gone.add(node)
    if replaced:
        shaped.nodes = [step for node in shaped.nodes if node not in gone for step in replaced.get(node, (node,))]
    return shaped


def _product_of_part(shaped, node, product):
    """The steps that make what the Slice `node` makes of `product`; None if that would not pay."""
    begin, whole, size = (shaped.constants.get(node.inputs[1]), shaped.shape[product.outputs[0]],
                          shaped.shape[node.outputs[0]])
    if begin is None or whole is None or size is None:
        return None
    cut = [axis for axis in (0, 1) if size[axis] < whole[axis]]
    if len(cut) != 1:
        return None
    (axis,) = cut       # 0: rows, of the first operand; 1: columns, of the second
    if whole[1 - axis] * (whole[axis] - size[axis]) < _WORTH_IT * size[axis]:
        return None
    inputs = list(product.inputs)
    transposed = product.attrs[("transpose_a", "transpose_b")[axis]]
    part = _slice(shaped, node, inputs[axis], axis ^ bool(transposed), int(begin[axis]), size[axis])
    inputs[axis] = part.outputs[0]
    step = product.rewritten(inputs)
    step.outputs = node.outputs
    return part, step


def _slice(shaped, node, operand, axis, begin, size):
    """The Slice, in the name of `node`, of an operand along one axis."""
    begins, sizes = [0, 0], list(shaped.shape[operand])
    begins[axis], sizes[axis] = begin, size
    given = []
    for like, numbers in zip(node.inputs[1:], (begins, sizes)):
        value = Value(like.dtype, (2,), f"{node.name}/part")
        shaped.constants[value] = np.array(numbers, like.dtype.as_numpy_dtype)
        shaped.shape[value] = (2,)
        given.append(value)
    step = node.rewritten([operand, *given])
    step.outputs = [Value(operand.dtype, tuple(sizes), f"{node.name}/operand", step)]
    shaped.shape[step.outputs[0]] = tuple(sizes)
    return step
