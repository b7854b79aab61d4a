"""Complex numbers: parts, magnitude, angle, conjugate. Holds no state."""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.tensor import Tensor
from graphflow.ops.broadcasting import dynamic_axes, sum_to

_ATTRS = "T: {complex64, complex128} = DT_COMPLEX64; Tout: {float, double} = DT_FLOAT"

register_op("ComplexAbs", inputs="x: T", outputs="y: Tout", attrs=_ATTRS, shape=shapes.unchanged)
for _name in ("Real", "Imag", "Angle"):
    register_op(
        _name, inputs="input: T", outputs="output: Tout", attrs=_ATTRS, shape=shapes.unchanged
    )


@RegisterGradient("ComplexAbs")
def _complex_abs_grad(op, grad):
    zeros_like = lookup("zeros_like")
    size = op.outputs[0]
    scaled = complex(grad, zeros_like(grad)) * op.inputs[0]
    return lookup("math.divide_no_nan")(scaled, complex(size, zeros_like(size)))


@RegisterGradient("Real")
def _real_grad(op, grad):
    return complex(grad, lookup("constant")(0, dtype=grad.dtype))


@tf_export("math.real", "real")
def real(input, name=None):  # noqa: A002 - TensorFlow's name
    """The real part; a real tensor is returned as it is."""
    with name_scope(name, "Real", [input]) as name:
        x = convert_to_tensor(input, name="input")
        return raw_ops.Real(x, Tout=x.dtype.real_dtype, name=name) if x.dtype.is_complex else x


@RegisterGradient("Imag")
def _imag_grad(op, grad):
    return complex(lookup("constant")(0, dtype=grad.dtype), grad)


@tf_export("math.imag", "imag")
def imag(input, name=None):  # noqa: A002 - TensorFlow's name
    """The imaginary part; zeros for a real tensor."""
    with name_scope(name, "Imag", [input]) as name:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return raw_ops.Imag(x, Tout=x.dtype.real_dtype, name=name)
        return lookup("zeros_like")(x)


@RegisterGradient("Angle")
def _angle_grad(op, grad):
    x = op.inputs[0]
    with control_dependencies([grad]):
        inverse = raw_ops.Reciprocal(complex(imag(x), real(x)))
        return -complex(grad, lookup("constant")(0, dtype=grad.dtype)) * inverse


@tf_export("math.angle", "angle")
def angle(input, name=None):  # noqa: A002 - TensorFlow's name
    """The angle of complex numbers in (-pi, pi]; zeros for a real tensor."""
    with name_scope(name, "Angle", [input]) as name:
        x = convert_to_tensor(input, name="input")
        if x.dtype.is_complex:
            return raw_ops.Angle(x, Tout=x.dtype.real_dtype, name=name)
        return lookup("zeros_like")(x)


register_op("Conj", inputs="input: T", outputs="output: T",
            attrs="T: {complex64, complex128, variant} = DT_COMPLEX64", shape=shapes.unchanged)
RegisterGradient("Conj")(lambda op, grad: conj(grad))


@tf_export("math.conj", "conj")
def conj(x, name=None):
    """The complex conjugate; a real tensor is returned as it is."""
    if isinstance(x, Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with name_scope(name, "Conj", [x]) as name:
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_complex or x.dtype == dtypes.variant:
            return raw_ops.Conj(x, name=name)
        if x.dtype.is_floating or x.dtype.is_integer:
            return x
        raise TypeError(f"Expected numeric or variant tensor, got dtype {x.dtype!r}")


register_op("Complex", inputs="real: T, imag: T", outputs="out: Tout",
            attrs="T: {float, double} = DT_FLOAT; Tout: {complex64, complex128} = DT_COMPLEX64",
            shape=shapes.broadcast)


@RegisterGradient("Complex")
def _complex_grad(op, grad):
    (sx, rx), (sy, ry) = dynamic_axes(*op.inputs)
    return sum_to(real(grad), rx, sx), sum_to(imag(grad), ry, sy)


@tf_export("dtypes.complex", "complex")
def complex(real, imag, name=None):  # noqa: A001 - TensorFlow's name
    """Complex numbers of their parts, which are both float32 or both float64 (else TypeError)."""
    real, imag = convert_to_tensor(real, name="real"), convert_to_tensor(imag, name="imag")
    with name_scope(name, "Complex", [real, imag]) as name:
        parts = (real.dtype.base_dtype, imag.dtype.base_dtype)
        wide = {(dtypes.float32,) * 2: dtypes.complex64, (dtypes.float64,) * 2: dtypes.complex128}
        if parts not in wide:
            raise TypeError(
                f"real and imag have incorrect types: {real.dtype.name} {imag.dtype.name}"
            )
        return raw_ops.Complex(real, imag, Tout=wide[parts], name=name)
