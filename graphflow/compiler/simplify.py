"""Simplify: arithmetic that gives back what it was given, and cheaper ops for the same result.

Results keep their bits, NaN and the sign of zero included: `x + 0.0` is not `x` where `x` is -0.0, but
`x - 0.0` is. The exceptions are `x ** 2`, which becomes `x * x`, correctly rounded where `pow` need not
be (TensorFlow rewrites it too), and products with ones, which are rounded like sums. Holds no state.
"""

import numpy as np

from graphflow.compiler.plan import Value
from graphflow.framework import dtypes
from graphflow.framework.op_def import get_op_def

_INVOLUTIONS = {"Neg", "LogicalNot", "Invert", "Conj"}
# Numbers of bits that hold any value of a type exactly: (sign, digits).
_EXACT_IN = {"bool": (0, 1), "uint8": (0, 8), "uint16": (0, 16), "uint32": (0, 32), "uint64": (0, 64), "int8": (1, 7),
             "int16": (1, 15), "int32": (1, 31), "int64": (1, 63), "bfloat16": (1, 8), "float16": (1, 11),
             "float32": (1, 24), "float64": (1, 53)}


def _same_shape(shaped, first, second):
    """Whether two values are known to have one shape: what depends on data may be repeated to another."""
    return shaped.shape[first] is not None and shaped.shape[first] == shaped.shape[second]


def simplify(shaped):
    """`shaped` with such nodes replaced or gone."""
    nodes, maker = [], {}
    for node in shaped.nodes:
        rule = _RULES.get(node.type)
        found = rule(shaped, node, maker) if rule is not None else None
        if found is not None and found.__class__ is not node.__class__:
            if _same_shape(shaped, found, node.outputs[0]) and shaped.rename(node.outputs[0], found):
                continue
            found = None
        node = found or node
        nodes.append(node)
        for value in node.outputs:
            maker[value] = node
    shaped.nodes = nodes
    return shaped


def _constant(shaped, value):
    """The number that all elements of `value` are, or None."""
    array = shaped.constants.get(value)
    if array is None or not array.size or array.dtype.kind not in "iuf":
        return None
    first = array.reshape(-1)[0]
    if array.size > 1 and not (array == first).all():
        return None
    if first == 0 and array.dtype.kind == "f" and np.signbit(array).any() != np.signbit(array).all():
        return None
    return first


def _is_zero(number, negative):
    """Whether `number` is the 0 that adding or subtracting leaves no trace of."""
    if number is None or number != 0:
        return False
    return number.dtype.kind != "f" or bool(np.signbit(number)) == negative


def _add(shaped, node, maker):
    for value, other in (node.inputs, node.inputs[::-1]):
        if _is_zero(_constant(shaped, other), negative=True):
            return value
    return None


def _subtract(shaped, node, maker):
    return node.inputs[0] if _is_zero(_constant(shaped, node.inputs[1]), negative=False) else None


def _multiply(shaped, node, maker):
    for value, other in (node.inputs, node.inputs[::-1]):
        if _constant(shaped, other) == 1:
            return value
    return None


def _divide(shaped, node, maker):
    return node.inputs[0] if _constant(shaped, node.inputs[1]) == 1 else None


def _power(shaped, node, maker):
    exponent = _constant(shaped, node.inputs[1])
    if exponent == 1:
        return node.inputs[0]
    if exponent == 2 and _same_shape(shaped, node.inputs[0], node.outputs[0]):
        return node.rewritten(node.inputs[:1], get_op_def("Square"))
    return None


def _product(shaped, node, maker):
    """A product with ones is a sum or a repetition; one without a sum (over one element) is elementwise."""
    (left, right), shape = node.inputs, shaped.shape[node.outputs[0]]
    if left.dtype.name not in ("float32", "float64") or node in shaped.refusals or not shape or 0 in shape:
        return None
    (rows, columns), kind = shape, {"T": left.dtype}
    depth = shaped.shape[left][0 if node.attrs["transpose_a"] else 1]
    if depth == 1:
        column, row = _reshaped(shaped, left, (rows, 1)), _reshaped(shaped, right, (1, columns))
        if column is None or row is None:
            return None
        if _constant(shaped, row) == 1:
            multiples = shaped.constant(np.array([1, columns], np.int32), f"{node.name}/multiples")
            return node.rewritten([column, multiples], get_op_def("Tile"), {**kind, "Tmultiples": dtypes.int32})
        return node.rewritten([column, row], get_op_def("Mul"), kind)
    if depth and columns == 1 and not node.attrs["transpose_a"] and _constant(shaped, right) == 1:
        axis = shaped.constant(np.array([1], np.int32), f"{node.name}/axis")
        return node.rewritten([left, axis], get_op_def("Sum"), {**kind, "Tidx": dtypes.int32, "keep_dims": True})
    return None


def _reshaped(shaped, value, shape):
    """`value` as it is or, a vector either way, as of another shape; None if its memory is overwritten."""
    if shaped.shape[value] == shape:
        return value
    name = Value(value.dtype, shape, f"{value.name}/turned")
    shaped.shape[name] = shape
    if value in shaped.constants:
        shaped.constants[name] = shaped.constants[value].reshape(shape)
        return name
    return name if shaped.rename(name, value) else None


def _undo(shaped, node, maker):
    before = maker.get(shaped.root(node.inputs[0]))
    return before.inputs[0] if before is not None and before.type == node.type else None


def _cast(shaped, node, maker):
    """A cast to the own type; a cast back from a type that held every value."""
    target = node.outputs[0].dtype
    if node.inputs[0].dtype == target:
        return node.inputs[0]
    before = maker.get(shaped.root(node.inputs[0]))
    if before is None or before.type != "Cast":
        return None
    source = before.inputs[0]
    return source if source.dtype == target and _holds(node.inputs[0].dtype, source.dtype) else None


def _holds(wide, narrow):
    """Whether a cast to `wide` keeps every value of `narrow`."""
    if wide.name not in _EXACT_IN or narrow.name not in _EXACT_IN or wide.is_bool:
        return False
    if narrow.is_floating and (not wide.is_floating or {wide.name, narrow.name} == {"bfloat16", "float16"}):
        return False
    (signed, digits), (given_sign, given_digits) = _EXACT_IN[wide.name], _EXACT_IN[narrow.name]
    return signed >= given_sign and digits >= given_digits


_RULES = {
    "Add": _add, "AddV2": _add, "Sub": _subtract, "Mul": _multiply, "RealDiv": _divide, "Div": _divide,
    "TruncateDiv": _divide, "Pow": _power, "Cast": _cast, "MatMul": _product, **dict.fromkeys(_INVOLUTIONS, _undo),
}
