"""Reference kernels of `graphflow/ops/unary.py`: NumPy; narrow types are rounded only once."""

import numpy as np

from ..registry import reference
from .elementwise import in_single, is_integer, quiet


def sign(x):
    """The sign; of complex numbers the number divided by its magnitude."""
    if x.dtype.kind != "c":
        return np.where(x == 0, np.zeros((), x.dtype), np.sign(x))
    size = np.abs(x)
    return np.where(size == 0, 0, x / np.where(size == 0, 1, size))


def square(x):
    """`x * x`."""
    return x * x


def reciprocal(x):
    """`1 / x`; integers are cut towards zero, and 1 / 0 is 0."""
    if not is_integer(x):
        return np.divide(np.ones((), x.dtype), x)
    return np.where(np.abs(x) == 1, x, np.zeros((), x.dtype))


def rsqrt(x):
    """`1 / sqrt(x)`."""
    return 1 / np.sqrt(x)


def sigmoid(x):
    """The logistic function, without overflow on either side."""
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    small = np.exp(-np.abs(x))
    return np.where(x < 0, small, 1) / (1 + small)


def round_half_even(x):
    """The nearest whole number, of complex numbers in both parts; halves go to the even one."""
    return x if is_integer(x) else np.rint(x)


for _op, _function in {
    "Neg": np.negative, "Abs": np.abs, "Sign": sign, "Square": square,
    "Reciprocal": reciprocal, "Inv": reciprocal, "Sqrt": np.sqrt, "Rsqrt": in_single(rsqrt),
    "Exp": np.exp, "Expm1": np.expm1, "Log": np.log, "Log1p": np.log1p,
    "Sin": np.sin, "Cos": np.cos, "Tanh": np.tanh, "Sigmoid": in_single(sigmoid),
    "Floor": np.floor, "Ceil": np.ceil, "Rint": np.rint, "Round": round_half_even,
}.items():
    reference.kernel(_op)(quiet(_function))


# Gradient ops, of the output `y` and the gradient `dy`. Those of roots and reciprocals conjugate `y`
# and are 0 where `dy` is, whatever `y`; the others do neither (their callers conjugate).

def _zero_without(dy, gradient):
    return np.where(dy == 0, np.zeros((), gradient.dtype), gradient)


def sqrt_grad(y, dy):
    """`dy / (2 y)`."""
    return _zero_without(dy, dy * np.asarray(0.5, y.dtype) / np.conj(y))


def rsqrt_grad(y, dy):
    """`-dy y^3 / 2`."""
    out = np.conj(y)
    return _zero_without(dy, np.asarray(-0.5, y.dtype) * (dy * out) * (out * out))


def reciprocal_grad(y, dy):
    """`-dy y^2`."""
    out = np.conj(y)
    return _zero_without(dy, -out * dy * out)


def tanh_grad(y, dy):
    """`dy (1 - y^2)`."""
    return dy * (1 - y * y)


def sigmoid_grad(y, dy):
    """`dy y (1 - y)`."""
    return dy * y * (1 - y)


for _op, _function in {
    "SqrtGrad": sqrt_grad, "RsqrtGrad": rsqrt_grad, "InvGrad": reciprocal_grad,
    "ReciprocalGrad": reciprocal_grad, "TanhGrad": tanh_grad, "SigmoidGrad": sigmoid_grad,
}.items():
    reference.kernel(_op)(quiet(in_single(_function)))
