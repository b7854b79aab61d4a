"""The operators of Tensor: `a + b`, `-a`, `a < b`, `a @ b`.

Op types and names are TensorFlow 1.15's: `a + b` is an AddV2 named "add", whereas `tf.add(a, b)` is
an Add named "Add". A Python number on either side becomes a constant of the tensor's dtype. `==`
compares identity. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tensor_operator
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.framework.tensor import Tensor
from graphflow.ops import binary, comparison, matmul, unary


def _operands(x, y, method):
    """`y` as a tensor of the dtype of `x` if it can be one; None to let `y` try."""
    if isinstance(y, Tensor):
        return y
    try:
        return convert_to_tensor(y, dtype_hint=x.dtype.base_dtype, name="y")
    except TypeError:
        if hasattr(type(y), f"__r{method}__"):
            return None
        raise


def _apply(function, method, x, y):
    with name_scope(None, method, [x, y]) as scope:
        y = _operands(x, y, method)
        return NotImplemented if y is None else function(x, y, name=scope)


def _apply_reflected(function, method, tensor, other):
    with name_scope(None, method, [other, tensor]) as scope:
        other = convert_to_tensor(other, dtype=tensor.dtype.base_dtype, name="x")
        return function(other, tensor, name=scope)


def _add(x, y, name):
    return (raw_ops.Add if x.dtype.base_dtype is dtypes.string else raw_ops.AddV2)(x, y, name=name)


@tensor_operator("__add__")
def add(x, y):
    """`x + y`."""
    return _apply(_add, "add", x, y)


@tensor_operator("__radd__")
def radd(x, y):
    """`y + x`."""
    return _apply_reflected(_add, "add", x, y)


@tensor_operator("__sub__")
def sub(x, y):
    """`x - y`."""
    return _apply(raw_ops.Sub, "sub", x, y)


@tensor_operator("__rsub__")
def rsub(x, y):
    """`y - x`."""
    return _apply_reflected(raw_ops.Sub, "sub", x, y)


@tensor_operator("__mul__")
def mul(x, y):
    """`x * y`; a SparseTensor `y` answers itself."""
    return NotImplemented if isinstance(y, SparseTensor) else _apply(raw_ops.Mul, "mul", x, y)


@tensor_operator("__rmul__")
def rmul(x, y):
    """`y * x`."""
    return _apply_reflected(raw_ops.Mul, "mul", x, y)


@tensor_operator("__truediv__")
def truediv(x, y):
    """`x / y`; integers become floating-point numbers."""
    return _apply(binary.truediv, "truediv", x, y)


@tensor_operator("__rtruediv__")
def rtruediv(x, y):
    """`y / x`."""
    return _apply_reflected(binary.truediv, "truediv", x, y)


@tensor_operator("__div__")
def div(x, y):
    """Python 2's `x / y`."""
    return _apply(binary.div, "div", x, y)


@tensor_operator("__rdiv__")
def rdiv(x, y):
    """Python 2's `y / x`."""
    return _apply_reflected(binary.div, "div", x, y)


@tensor_operator("__floordiv__")
def floordiv(x, y):
    """`x // y`."""
    return _apply(binary.floordiv, "floordiv", x, y)


@tensor_operator("__rfloordiv__")
def rfloordiv(x, y):
    """`y // x`."""
    return _apply_reflected(binary.floordiv, "floordiv", x, y)


@tensor_operator("__mod__")
def mod(x, y):
    """`x % y`."""
    return _apply(raw_ops.FloorMod, "mod", x, y)


@tensor_operator("__rmod__")
def rmod(x, y):
    """`y % x`."""
    return _apply_reflected(raw_ops.FloorMod, "mod", x, y)


@tensor_operator("__pow__")
def pow(x, y):  # noqa: A001 - the operator's name
    """`x ** y`."""
    return _apply(binary.pow, "pow", x, y)


@tensor_operator("__rpow__")
def rpow(x, y):
    """`y ** x`."""
    return _apply_reflected(binary.pow, "pow", x, y)


@tensor_operator("__matmul__")
def matmul_(x, y):
    """`x @ y`."""
    return _apply(matmul.matmul, "matmul", x, y)


@tensor_operator("__rmatmul__")
def rmatmul(x, y):
    """`y @ x`."""
    return _apply_reflected(matmul.matmul, "matmul", x, y)


@tensor_operator("__and__")
def and_(x, y):
    """`x & y` of booleans."""
    return _apply(raw_ops.LogicalAnd, "and", x, y)


@tensor_operator("__rand__")
def rand(x, y):
    """`y & x` of booleans."""
    return _apply_reflected(raw_ops.LogicalAnd, "and", x, y)


@tensor_operator("__or__")
def or_(x, y):
    """`x | y` of booleans."""
    return _apply(raw_ops.LogicalOr, "or", x, y)


@tensor_operator("__ror__")
def ror(x, y):
    """`y | x` of booleans."""
    return _apply_reflected(raw_ops.LogicalOr, "or", x, y)


@tensor_operator("__xor__")
def xor(x, y):
    """`x ^ y` of booleans."""
    return _apply(comparison.logical_xor, "xor", x, y)


@tensor_operator("__rxor__")
def rxor(x, y):
    """`y ^ x` of booleans."""
    return _apply_reflected(comparison.logical_xor, "xor", x, y)


@tensor_operator("__lt__")
def lt(x, y):
    """`x < y`."""
    return raw_ops.Less(x, y)


@tensor_operator("__le__")
def le(x, y):
    """`x <= y`."""
    return raw_ops.LessEqual(x, y)


@tensor_operator("__gt__")
def gt(x, y):
    """`x > y`."""
    return raw_ops.Greater(x, y)


@tensor_operator("__ge__")
def ge(x, y):
    """`x >= y`."""
    return raw_ops.GreaterEqual(x, y)


@tensor_operator("__neg__")
def neg(x):
    """`-x`."""
    return raw_ops.Neg(x)


@tensor_operator("__invert__")
def invert(x):
    """`~x` of booleans."""
    return raw_ops.LogicalNot(x)


@tensor_operator("__abs__")
def abs_(x):
    """`abs(x)`."""
    return unary.abs(x)
