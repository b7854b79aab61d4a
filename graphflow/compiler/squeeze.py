"""Squeeze: elementwise ops on matrices that programs gave axes of size one work on the matrices themselves.

`expand_dims(x, 1) * expand_dims(y, 1)`, reshaped back: loops fuse where shapes are equal, and a row that a
product repeats need not be written where its readers see that it is one. Holds no state.
"""

from graphflow.compiler.plan import Value

_ELEMENTWISE = {
    "Abs", "Add", "AddN", "AddV2", "Div", "Exp", "Log", "Maximum", "Minimum", "Mul", "Neg", "RealDiv", "Relu",
    "ReluGrad", "Sigmoid", "SigmoidGrad", "Sqrt", "Square", "SquaredDifference", "Sub", "Tanh", "TanhGrad",
}


def squeeze(shaped):
    """`shaped` with such ops on fewer axes."""
    shaped.nodes = [_squeezed(shaped, node) or node for node in shaped.nodes]
    return shaped


def _squeezed(shaped, node):
    """`node` without the axes of size one of its result; None where its inputs are not known without them."""
    if node.type not in _ELEMENTWISE or node in shaped.refusals:
        return None
    (value,) = node.outputs
    shape = shaped.shape[value]
    if shape is None or 1 not in shape or shape.count(1) == len(shape) or not shaped.is_stable(value):
        return None
    inputs = [_without_ones(shaped, given, shape) for given in node.inputs]
    if None in inputs or all(shaped.shape[given] == () for given in inputs):
        return None
    step = node.rewritten(inputs)
    small = Value(value.dtype, tuple(size for size in shape if size != 1), f"{value.name}/squeezed", step)
    shaped.shape[small] = small.shape
    step.outputs = [small]
    shaped.rename(value, small)
    return step


def _without_ones(shaped, value, shape):
    """The value, of no axis that `shape` has of size one, behind an operand of an op of that shape; None if there
    is none."""
    given, root = shaped.shape[value], shaped.root(value)
    if given == ():
        return value
    if given is None or len(given) > len(shape):
        return None
    wanted = tuple(size for size, whole in zip(given, shape[len(shape) - len(given):]) if whole != 1)
    if given == wanted:
        return value
    return root if shaped.shape[root] == wanted and shaped.is_stable(root) else None
