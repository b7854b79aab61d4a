"""Special functions: error function, gamma function and its relatives, Bessel functions.

Holds no state.
"""

import numpy as np

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.ops.broadcasting import dynamic_axes, same_full_shapes, sum_to
from graphflow.ops.unary import keeps_sparsity

_REAL = "T: {bfloat16, half, float, double}"
_WIDE = "T: {float, double}"

for _name in ("Erf", "Erfc", "Lgamma", "Digamma", "BesselI0e", "BesselI1e"):
    register_op(_name, inputs="x: T", outputs="y: T", attrs=_REAL, shape=shapes.unchanged)


def _constant(value, like):
    return lookup("constant")(value, dtype=like.dtype)


def _error_function_grad(op, grad, sign):
    scale = _constant(sign * 2 / np.sqrt(np.pi), grad)
    with control_dependencies([grad]):
        return grad * scale * raw_ops.Exp(-raw_ops.Square(op.inputs[0]))


RegisterGradient("Erf")(lambda op, grad: _error_function_grad(op, grad, 1))
RegisterGradient("Erfc")(lambda op, grad: _error_function_grad(op, grad, -1))


@tf_export("math.erf", "erf")
@keeps_sparsity
def erf(x, name=None):
    """The error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to `x`."""
    return raw_ops.Erf(x, name=name)


@tf_export("math.erfc", "erfc")
def erfc(x, name=None):
    """`1 - erf(x)`, exact also for large `x`."""
    return raw_ops.Erfc(x, name=name)


@RegisterGradient("Lgamma")
def _lgamma_grad(op, grad):
    with control_dependencies([grad]):
        return grad * raw_ops.Digamma(op.inputs[0])


@tf_export("math.lgamma", "lgamma")
def lgamma(x, name=None):
    """The logarithm of the absolute value of the gamma function."""
    return raw_ops.Lgamma(x, name=name)


@RegisterGradient("Digamma")
def _digamma_grad(op, grad):
    x = op.inputs[0]
    with control_dependencies([grad]):
        return grad * raw_ops.Polygamma(_constant(1, x), x)


@tf_export("math.digamma", "digamma")
def digamma(x, name=None):
    """The derivative of `lgamma`."""
    return raw_ops.Digamma(x, name=name)


@tf_export("math.lbeta", "lbeta")
def lbeta(x, name=None):
    """The logarithm of the beta function of the numbers along the last axis."""
    with name_scope(name, "lbeta", [x]):
        x = convert_to_tensor(x, name="x")
        total = lookup("reduce_sum")
        parts = total(raw_ops.Lgamma(x), axis=[-1])
        return parts - raw_ops.Lgamma(total(x, axis=[-1]))


@RegisterGradient("BesselI0e")
def _bessel_i0e_grad(op, grad):
    x, y = op.inputs[0], op.outputs[0]
    with control_dependencies([grad]):
        return grad * (raw_ops.BesselI1e(x) - raw_ops.Sign(x) * y)


@RegisterGradient("BesselI1e")
def _bessel_i1e_grad(op, grad):
    x, y = op.inputs[0], op.outputs[0]
    with control_dependencies([grad]):
        # At zero the formula divides by zero; the derivative there is 1/2.
        smallest = np.finfo(np.float32 if x.dtype.size == 4 else np.float64).eps
        zeros = lookup("zeros_like")(x)
        regular = raw_ops.Greater(raw_ops.Abs(x), smallest)
        safe = raw_ops.Select(regular, x, smallest + zeros)
        slope = raw_ops.BesselI0e(safe) - y * (raw_ops.Sign(safe) + raw_ops.Reciprocal(safe))
        return grad * raw_ops.Select(regular, slope, 0.5 + zeros)


@tf_export("math.bessel_i0e")
def bessel_i0e(x, name=None):
    """`exp(-|x|)` times the modified Bessel function of order 0."""
    return raw_ops.BesselI0e(x, name=name)


@tf_export("math.bessel_i1e")
def bessel_i1e(x, name=None):
    """`exp(-|x|)` times the modified Bessel function of order 1."""
    return raw_ops.BesselI1e(x, name=name)


@tf_export("math.bessel_i0")
def bessel_i0(x, name=None):
    """The modified Bessel function of order 0."""
    with name_scope(name, "bessel_i0", [x]):
        x = convert_to_tensor(x, name="x")
        return raw_ops.Exp(raw_ops.Abs(x)) * raw_ops.BesselI0e(x)


@tf_export("math.bessel_i1")
def bessel_i1(x, name=None):
    """The modified Bessel function of order 1."""
    with name_scope(name, "bessel_i1", [x]):
        x = convert_to_tensor(x, name="x")
        return raw_ops.Exp(raw_ops.Abs(x)) * raw_ops.BesselI1e(x)


@tf_export("math.log_sigmoid", "log_sigmoid")
def log_sigmoid(x, name=None):
    """`log(sigmoid(x))`, exact also for large negative `x`."""
    with name_scope(name, "LogSigmoid", [x]) as name:
        x = convert_to_tensor(x, name="x")
        return raw_ops.Neg(raw_ops.Softplus(-x), name=name)


# ---------------------------------------------------------------- functions of two numbers

for _name, _inputs in (("Igamma", "a: T, x: T"), ("Igammac", "a: T, x: T"),
                       ("IgammaGradA", "a: T, x: T"), ("Polygamma", "a: T, x: T"),
                       ("Zeta", "x: T, q: T")):
    register_op(_name, inputs=_inputs, outputs="z: T", attrs=_WIDE, shape=shapes.broadcast)
NotDifferentiable("IgammaGradA")
register_op("Atan2", inputs="y: T, x: T", outputs="z: T", attrs=_REAL, shape=shapes.broadcast)
register_op("NextAfter", inputs="x1: T, x2: T", outputs="output: T",
            attrs="T: {double, float} = DT_FLOAT", shape=shapes.broadcast)


@RegisterGradient("Igamma")
def _igamma_grad(op, grad):
    a, x = op.inputs
    (sa, ra), (sx, rx) = dynamic_axes(a, x)
    with control_dependencies([grad]):
        by_a = raw_ops.IgammaGradA(a, x)
        by_x = raw_ops.Exp(-x + (a - 1) * raw_ops.Log(x) - raw_ops.Lgamma(a))
        return sum_to(by_a * grad, ra, sa), sum_to(by_x * grad, rx, sx)


@RegisterGradient("Igammac")
def _igammac_grad(op, grad):
    by_a, by_x = _igamma_grad(op, grad)
    return -by_a, -by_x


@tf_export("math.igamma", "igamma")
def igamma(a, x, name=None):
    """The lower regularised incomplete gamma function."""
    return raw_ops.Igamma(a, x, name=name)


@tf_export("math.igammac", "igammac")
def igammac(a, x, name=None):
    """The upper regularised incomplete gamma function, `1 - igamma(a, x)`."""
    return raw_ops.Igammac(a, x, name=name)


@RegisterGradient("Polygamma")
def _polygamma_grad(op, grad):
    n, x = op.inputs
    _, (sx, rx) = dynamic_axes(n, x)
    with control_dependencies([grad]):
        return None, sum_to(raw_ops.Polygamma(n + 1, x) * grad, rx, sx)


@tf_export("math.polygamma", "polygamma")
def polygamma(a, x, name=None):
    """The derivative of order `a` (a whole number) of `digamma`."""
    return raw_ops.Polygamma(a, x, name=name)


@RegisterGradient("Zeta")
def _zeta_grad(op, grad):
    x, q = op.inputs
    _, (sq, rq) = dynamic_axes(x, q)
    with control_dependencies([grad]):
        return None, sum_to(-x * raw_ops.Zeta(x + 1, q) * grad, rq, sq)


@tf_export("math.zeta", "zeta")
def zeta(x, q, name=None):
    """The Hurwitz zeta function, the sum of `(q + n)^-x` over n >= 0."""
    return raw_ops.Zeta(x, q, name=name)


@RegisterGradient("Atan2")
def _atan2_grad(op, grad):
    y, x = op.inputs
    with control_dependencies([grad]):
        scaled = grad / (raw_ops.Square(x) + raw_ops.Square(y))
        gy, gx = x * scaled, -y * scaled
    if same_full_shapes(y, x, grad):
        return gy, gx
    (sy, ry), (sx, rx) = dynamic_axes(y, x)
    return sum_to(gy, ry, sy), sum_to(gx, rx, sx)


@tf_export("math.atan2", "atan2")
def atan2(y, x, name=None):
    """The angle of the point (`x`, `y`) in (-pi, pi]."""
    return raw_ops.Atan2(y, x, name=name)


@RegisterGradient("NextAfter")
def _next_after_grad(op, grad):
    (s1, r1), (s2, r2) = dynamic_axes(*op.inputs)
    with control_dependencies([grad]):
        return sum_to(grad, r1, s1), sum_to(lookup("zeros_like")(grad), r2, s2)


@tf_export("math.nextafter")
def nextafter(x1, x2, name=None):
    """The floating-point number next to `x1` in the direction of `x2`."""
    return raw_ops.NextAfter(x1, x2, name=name)


# ---------------------------------------------------------------- incomplete beta function

def _betainc_shape(c):
    known = [shape for shape in c.shapes if shape != ()]
    if not known:
        return [()]
    if len(known) == 1 or None in known and len(known) < 3:
        return [known[0] if len(known) == 1 else None]
    merged = None
    for shape in known:
        merged = shapes.merge_shapes(merged, shape)
    return [merged]


register_op("Betainc", inputs="a: T, b: T, x: T", outputs="z: T", attrs=_WIDE, shape=_betainc_shape)


@RegisterGradient("Betainc")
def _betainc_grad(op, grad):
    a, b, x = op.inputs
    _, (sx, rx) = dynamic_axes(a, x)
    log_beta = raw_ops.Lgamma(a) + raw_ops.Lgamma(b) - raw_ops.Lgamma(a + b)
    by_x = raw_ops.Exp((b - 1) * raw_ops.Log(1 - x) + (a - 1) * raw_ops.Log(x) - log_beta)
    return None, None, sum_to(by_x * grad, rx, sx)


@tf_export("math.betainc", "betainc")
def betainc(a, b, x, name=None):
    """The regularised incomplete beta function; arguments have one shape or are scalars."""
    return raw_ops.Betainc(a, b, x, name=name)


@tf_export("math.polyval")
def polyval(coeffs, x, name=None):
    """The polynomial with the list of coefficients `coeffs`, highest power first, at `x`.

    Example:
      >>> import graphflow as tf
      >>> float(tf.Session().run(tf.math.polyval([1.0, 2.0, 3.0], 2.0)))
      11.0
    """
    with name_scope(name, "polyval", [*coeffs, x]) as name:
        x = convert_to_tensor(x, name="x")
        if not coeffs:
            return lookup("zeros_like")(x, name=name)
        coeffs = [convert_to_tensor(c, name=f"coeff_{i}") for i, c in enumerate(coeffs)]
        result = coeffs[0]
        for coefficient in coeffs[1:]:
            result = coefficient + result * x
        return result
