"""Tangent, inverse trigonometric and hyperbolic functions. Sine, cosine and tanh are in `unary.py`.

Holds no state.
"""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.framework.op_def import RegisterGradient, register_op

for _name in ("Sinh", "Cosh", "Asinh", "Acosh", "Atanh"):
    register_op(_name, inputs="x: T", outputs="y: T", shape=shapes.unchanged,
                attrs="T: {bfloat16, half, float, double, complex64, complex128}")
for _name in ("Tan", "Asin", "Acos", "Atan"):
    register_op(_name, inputs="x: T", outputs="y: T", shape=shapes.unchanged,
                attrs="T: {bfloat16, half, float, double, int32, int64, complex64, complex128}")


def _conj(x):
    return lookup("math.conj")(x)


def _one(grad):
    return lookup("constant")(1, dtype=grad.dtype)


@RegisterGradient("Sinh")
def _sinh_grad(op, grad):
    with control_dependencies([grad]):
        return grad * raw_ops.Cosh(_conj(op.inputs[0]))


@RegisterGradient("Cosh")
def _cosh_grad(op, grad):
    with control_dependencies([grad]):
        return grad * raw_ops.Sinh(_conj(op.inputs[0]))


@RegisterGradient("Asinh")
def _asinh_grad(op, grad):
    with control_dependencies([grad]):
        return grad / raw_ops.Cosh(_conj(op.outputs[0]))


@RegisterGradient("Acosh")
def _acosh_grad(op, grad):
    with control_dependencies([grad]):
        return grad / raw_ops.Sinh(_conj(op.outputs[0]))


@RegisterGradient("Atanh")
def _atanh_grad(op, grad):
    with control_dependencies([grad]):
        square = raw_ops.Square(_conj(op.inputs[0]))
        return grad * raw_ops.Reciprocal(raw_ops.Sub(_one(grad), square))


@tf_export("math.sinh", "sinh")
def sinh(x, name=None):
    """The hyperbolic sine."""
    return raw_ops.Sinh(x, name=name)


@tf_export("math.cosh", "cosh")
def cosh(x, name=None):
    """The hyperbolic cosine."""
    return raw_ops.Cosh(x, name=name)


@tf_export("math.asinh", "asinh")
def asinh(x, name=None):
    """The inverse hyperbolic sine."""
    return raw_ops.Asinh(x, name=name)


@tf_export("math.acosh", "acosh")
def acosh(x, name=None):
    """The inverse hyperbolic cosine; NaN below 1."""
    return raw_ops.Acosh(x, name=name)


@tf_export("math.atanh", "atanh")
def atanh(x, name=None):
    """The inverse hyperbolic tangent; NaN outside [-1, 1]."""
    return raw_ops.Atanh(x, name=name)


@RegisterGradient("Tan")
def _tan_grad(op, grad):
    with control_dependencies([grad]):
        secant = raw_ops.Reciprocal(raw_ops.Cos(_conj(op.inputs[0])))
        return raw_ops.Square(secant) * grad


def _inverse_sine_slope(op, grad):
    """1 / sqrt(1 - x^2)."""
    square = raw_ops.Square(_conj(op.inputs[0]))
    return raw_ops.Reciprocal(raw_ops.Sqrt(raw_ops.Sub(_one(grad), square)))


@RegisterGradient("Asin")
def _asin_grad(op, grad):
    with control_dependencies([grad]):
        return grad * _inverse_sine_slope(op, grad)


@RegisterGradient("Acos")
def _acos_grad(op, grad):
    with control_dependencies([grad]):
        return -grad * _inverse_sine_slope(op, grad)


@RegisterGradient("Atan")
def _atan_grad(op, grad):
    with control_dependencies([grad]):
        square = raw_ops.Square(_conj(op.inputs[0]))
        return grad * raw_ops.Reciprocal(raw_ops.Add(_one(grad), square))


@tf_export("math.tan", "tan")
def tan(x, name=None):
    """The tangent of angles in radians."""
    return raw_ops.Tan(x, name=name)


@tf_export("math.asin", "asin")
def asin(x, name=None):
    """The angle whose sine is `x`; NaN outside [-1, 1]."""
    return raw_ops.Asin(x, name=name)


@tf_export("math.acos", "acos")
def acos(x, name=None):
    """The angle whose cosine is `x`; NaN outside [-1, 1]."""
    return raw_ops.Acos(x, name=name)


@tf_export("math.atan", "atan")
def atan(x, name=None):
    """The angle whose tangent is `x`."""
    return raw_ops.Atan(x, name=name)
