"""Elementwise functions of one tensor, and the ops of their gradients.

The gradients are TensorFlow 1.15's, including those of the gradient ops (TanhGrad, ...), so that
second derivatives work. Other families: `trigonometry`, `complex_math`, `special_math`. Holds no
state.
"""

import functools

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.sparse_tensor import SparseTensor

_REAL = "{bfloat16, half, float, double}"
_COMPLEX = "{bfloat16, half, float, double, complex64, complex128}"
_NUMBER = "{bfloat16, half, float, double, int32, int64, complex64, complex128}"
_ABS = "{bfloat16, half, float, double, int8, int16, int32, int64}"


def keeps_sparsity(function):
    """Lets a function of one tensor that is 0 at 0 take a SparseTensor: it then works on the values."""

    @functools.wraps(function)
    def applied(x, name=None):
        if isinstance(x, SparseTensor):
            return SparseTensor(x.indices, function(x.values, name=name), x.dense_shape)
        return function(x, name)

    return applied


def _register(names, allowed):
    for name in names:
        register_op(
            name, inputs="x: T", outputs="y: T", attrs=f"T: {allowed}", shape=shapes.unchanged
        )


def _register_gradient_ops(names):
    """Ops that take the function's output `y` and the gradient `dy`."""
    for name in names:
        register_op(name, inputs="y: T, dy: T", outputs="z: T", attrs=f"T: {_COMPLEX}",
                    shape=shapes.unchanged)


def _conj(x):
    return lookup("math.conj")(x)


def _gradient_at_input(op_type, derivative):
    """The gradient is `grad` times `derivative(conj(x))`."""

    @RegisterGradient(op_type)
    def gradient(op, grad):
        with control_dependencies([grad]):
            return grad * derivative(_conj(op.inputs[0]))


def _gradient_op_at_output(op_type, gradient_op):
    """The gradient is `gradient_op(y, grad)`."""
    RegisterGradient(op_type)(lambda op, grad: getattr(raw_ops, gradient_op)(op.outputs[0], grad))


# ---------------------------------------------------------------- sign and size

_register(("Neg", "Sign", "Square", "Reciprocal", "Inv", "Round"), _NUMBER)
_register(("Abs",), _ABS)
RegisterGradient("Neg")(lambda op, grad: -grad)
RegisterGradient("Abs")(lambda op, grad: grad * raw_ops.Sign(op.inputs[0]))


@tf_export("math.negative", "negative", legacy=("neg",))
@keeps_sparsity
def negative(x, name=None):
    """`-x` element by element."""
    return raw_ops.Neg(x, name=name)


@tf_export("math.abs", "abs", legacy=("complex_abs",))
@keeps_sparsity
def abs(x, name=None):  # noqa: A001 - TensorFlow's name
    """The absolute value; of complex numbers the magnitude, as a real tensor.

    Example:
      >>> import graphflow as tf
      >>> tf.abs(tf.constant([3 + 4j])).dtype
      tf.float64
    """
    with name_scope(name, "Abs", [x]) as name:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex:
            return raw_ops.ComplexAbs(x, Tout=x.dtype.real_dtype, name=name)
        return raw_ops.Abs(x, name=name)


@RegisterGradient("Sign")
def _sign_grad(op, grad):
    x = op.inputs[0]
    return lookup("zeros")(lookup("shape")(x), dtype=x.dtype)


@tf_export("math.sign", "sign")
@keeps_sparsity
def sign(x, name=None):
    """-1, 0 or 1 by the sign of `x`; of complex numbers `x / |x|`, or 0."""
    return raw_ops.Sign(x, name=name)


@RegisterGradient("Square")
def _square_grad(op, grad):
    with control_dependencies([grad]):
        x = _conj(op.inputs[0])
        two = lookup("constant")(2.0, dtype=x.dtype)
        return raw_ops.Mul(grad, raw_ops.Mul(x, two))


@tf_export("math.square", "square")
@keeps_sparsity
def square(x, name=None):
    """`x * x` element by element."""
    return raw_ops.Square(x, name=name)


# ---------------------------------------------------------------- roots and reciprocals

_register(
    ("Sqrt", "Rsqrt", "Exp", "Expm1", "Log", "Log1p", "Tanh", "Sigmoid", "Sin", "Cos"), _COMPLEX
)
_register_gradient_ops(
    ("SqrtGrad", "RsqrtGrad", "InvGrad", "ReciprocalGrad", "TanhGrad", "SigmoidGrad")
)
_gradient_op_at_output("Sqrt", "SqrtGrad")
_gradient_op_at_output("Rsqrt", "RsqrtGrad")
_gradient_op_at_output("Inv", "ReciprocalGrad")
_gradient_op_at_output("Reciprocal", "ReciprocalGrad")


@RegisterGradient("SqrtGrad")
def _sqrt_grad_grad(op, grad):
    with control_dependencies([grad]):
        scaled = grad / op.inputs[0]
        return -_conj(scaled) * op.outputs[0], 0.5 * scaled


@RegisterGradient("RsqrtGrad")
def _rsqrt_grad_grad(op, grad):
    with control_dependencies([grad]):
        y, dy = _conj(op.inputs[0]), op.inputs[1]
        grad_y = -1.5 * _conj(grad) * dy * raw_ops.Square(y)
        return grad_y, raw_ops.RsqrtGrad(y, grad)


@RegisterGradient("InvGrad")
@RegisterGradient("ReciprocalGrad")
def _reciprocal_grad_grad(op, grad):
    with control_dependencies([grad]):
        y = _conj(op.inputs[0])
        grad_y = _conj(grad) * -2.0 * op.inputs[1] * y
        return grad_y, raw_ops.ReciprocalGrad(y, grad)


@tf_export("math.sqrt", "sqrt")
@keeps_sparsity
def sqrt(x, name=None):
    """The square root; NaN for negative numbers."""
    return raw_ops.Sqrt(x, name=name)


@tf_export("math.rsqrt", "rsqrt")
def rsqrt(x, name=None):
    """`1 / sqrt(x)`."""
    return raw_ops.Rsqrt(x, name=name)


@tf_export("math.reciprocal", "reciprocal", legacy=("inv",))
def reciprocal(x, name=None):
    """`1 / x` element by element."""
    return raw_ops.Reciprocal(x, name=name)


# ---------------------------------------------------------------- exponentials and logarithms

@RegisterGradient("Exp")
def _exp_grad(op, grad):
    with control_dependencies([grad]):
        return grad * _conj(op.outputs[0])


_gradient_at_input("Expm1", lambda x: raw_ops.Exp(x))
_gradient_at_input("Log", lambda x: raw_ops.Reciprocal(x))
_gradient_at_input("Log1p", lambda x: raw_ops.Reciprocal(1 + x))


@tf_export("math.exp", "exp")
def exp(x, name=None):
    """e to the power of `x`."""
    return raw_ops.Exp(x, name=name)


@tf_export("math.expm1", "expm1")
def expm1(x, name=None):
    """`exp(x) - 1`, exact also for small `x`."""
    return raw_ops.Expm1(x, name=name)


@tf_export("math.log", "log")
def log(x, name=None):
    """The natural logarithm; NaN for negative numbers."""
    return raw_ops.Log(x, name=name)


@tf_export("math.log1p", "log1p")
def log1p(x, name=None):
    """`log(1 + x)`, exact also for small `x`."""
    return raw_ops.Log1p(x, name=name)


# ---------------------------------------------------------------- tanh and sigmoid

@RegisterGradient("Tanh")
def _tanh_grad(op, grad):
    with control_dependencies([grad]):
        return raw_ops.TanhGrad(_conj(op.outputs[0]), grad)


@RegisterGradient("TanhGrad")
def _tanh_grad_grad(op, grad):
    with control_dependencies([grad]):
        y, dy = _conj(op.inputs[0]), _conj(op.inputs[1])
        return grad * -2.0 * dy * y, raw_ops.TanhGrad(y, grad)


@RegisterGradient("Sigmoid")
def _sigmoid_grad(op, grad):
    with control_dependencies([grad]):
        return raw_ops.SigmoidGrad(_conj(op.outputs[0]), grad)


@RegisterGradient("SigmoidGrad")
def _sigmoid_grad_grad(op, grad):
    with control_dependencies([grad]):
        y, dy = _conj(op.inputs[0]), _conj(op.inputs[1])
        scaled = grad * dy
        return scaled - 2.0 * scaled * y, raw_ops.SigmoidGrad(y, grad)


@tf_export("math.tanh", "nn.tanh", "tanh")
@keeps_sparsity
def tanh(x, name=None):
    """The hyperbolic tangent."""
    return raw_ops.Tanh(x, name=name)


@tf_export("math.sigmoid", "nn.sigmoid", "sigmoid")
def sigmoid(x, name=None):
    """`1 / (1 + exp(-x))`."""
    with name_scope(name, "Sigmoid", [x]) as name:
        return raw_ops.Sigmoid(convert_to_tensor(x, name="x"), name=name)


# ---------------------------------------------------------------- sine and cosine

_gradient_at_input("Sin", lambda x: raw_ops.Cos(x))


@RegisterGradient("Cos")
def _cos_grad(op, grad):
    with control_dependencies([grad]):
        return -grad * raw_ops.Sin(_conj(op.inputs[0]))


@tf_export("math.sin", "sin")
def sin(x, name=None):
    """The sine of angles in radians."""
    return raw_ops.Sin(x, name=name)


@tf_export("math.cos", "cos")
def cos(x, name=None):
    """The cosine of angles in radians."""
    return raw_ops.Cos(x, name=name)


# ---------------------------------------------------------------- rounding

_register(("Floor", "Ceil", "Rint"), _REAL)
for _name in ("Floor", "Ceil", "Rint", "Round"):
    RegisterGradient(_name)(lambda op, grad: [None])


@tf_export("math.floor", "floor")
def floor(x, name=None):
    """The largest whole number that is not above `x`."""
    return raw_ops.Floor(x, name=name)


@tf_export("math.ceil", "ceil")
def ceil(x, name=None):
    """The smallest whole number that is not below `x`."""
    return raw_ops.Ceil(x, name=name)


@tf_export("math.rint", "rint")
def rint(x, name=None):
    """The nearest whole number; halves go to the even one."""
    return raw_ops.Rint(x, name=name)


@tf_export("math.round", "round")
def round(x, name=None):  # noqa: A001 - TensorFlow's name
    """The nearest whole number; halves go to the even one. Integers are returned as they are."""
    x = convert_to_tensor(x, name="x")
    return x if x.dtype.is_integer else raw_ops.Round(x, name=name)
