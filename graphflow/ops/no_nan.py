"""Products and quotients that are zero where plain arithmetic would give NaN. Holds no state."""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.ops.broadcasting import dynamic_axes, same_full_shapes, sum_to

for _name in ("MulNoNan", "DivNoNan", "Xdivy", "Xlogy"):
    register_op(_name, inputs="x: T, y: T", outputs="z: T",
                attrs="T: {half, bfloat16, float, double, complex64, complex128}",
                shape=shapes.broadcast)


def _converted(x, y):
    x = convert_to_tensor(x, name="x")
    return x, convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")


@RegisterGradient("MulNoNan")
def _mul_no_nan_grad(op, grad):
    x, y = op.inputs
    if same_full_shapes(x, y, grad):
        return raw_ops.MulNoNan(grad, y), raw_ops.MulNoNan(x, grad)
    (sx, rx), (sy, ry) = dynamic_axes(x, y)
    gx = sum_to(raw_ops.MulNoNan(grad, y), rx, sx)
    return gx, sum_to(raw_ops.MulNoNan(x, grad), ry, sy)


@tf_export("math.multiply_no_nan")
def multiply_no_nan(x, y, name=None):
    """`x * y`, but 0 wherever `y` is 0, even if `x` is infinite or NaN."""
    with name_scope(name, "multiply_no_nan", [x, y]) as name:
        return raw_ops.MulNoNan(*_converted(x, y), name=name)


@RegisterGradient("DivNoNan")
def _div_no_nan_grad(op, grad):
    x, y = op.inputs
    (sx, rx), (sy, ry) = dynamic_axes(x, y)
    conj, divide = lookup("math.conj"), raw_ops.DivNoNan
    x, y = conj(x), conj(y)
    gx = sum_to(divide(grad, y), rx, sx)
    return gx, sum_to(grad * divide(divide(-x, y), y), ry, sy)


@tf_export("math.divide_no_nan", "div_no_nan")
def div_no_nan(x, y, name=None):
    """`x / y`, but 0 wherever `y` is 0."""
    with name_scope(name, "div_no_nan", [x, y]) as name:
        return raw_ops.DivNoNan(*_converted(x, y), name=name)


@tf_export("math.reciprocal_no_nan")
def reciprocal_no_nan(x, name=None):
    """`1 / x`, but 0 wherever `x` is 0."""
    with name_scope(name, "reciprocal_no_nan", [x]) as name:
        x = convert_to_tensor(x, name="x")
        one = lookup("constant")(1, dtype=x.dtype.base_dtype, name="one")
        return raw_ops.DivNoNan(one, x, name=name)


def _where_not_zero(x):
    cast = lookup("cast")
    return cast(raw_ops.NotEqual(x, cast(0.0, dtype=x.dtype)), dtype=x.dtype)


@RegisterGradient("Xdivy")
def _xdivy_grad(op, grad):
    x, y = op.inputs
    (sx, rx), (sy, ry) = dynamic_axes(x, y)
    with control_dependencies([grad]):
        partial_x = raw_ops.Xdivy(_where_not_zero(x), y)
        partial_y = raw_ops.Xdivy(raw_ops.Neg(x), y ** 2)
        return sum_to(partial_x * grad, rx, sx), sum_to(partial_y * grad, ry, sy)


@tf_export("math.xdivy")
def xdivy(x, y, name=None):
    """`x / y`, but 0 wherever `x` is 0."""
    return raw_ops.Xdivy(x, y, name=name)


@RegisterGradient("Xlogy")
def _xlogy_grad(op, grad):
    x, y = op.inputs
    (sx, rx), (sy, ry) = dynamic_axes(x, y)
    with control_dependencies([grad]):
        partial_x = raw_ops.Xlogy(_where_not_zero(x), y)
        partial_y = raw_ops.Xdivy(x, y)
        return sum_to(partial_x * grad, rx, sx), sum_to(partial_y * grad, ry, sy)


@tf_export("math.xlogy")
def xlogy(x, y, name=None):
    """`x * log(y)`, but 0 wherever `x` is 0."""
    return raw_ops.Xlogy(x, y, name=name)
