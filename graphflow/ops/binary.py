"""Arithmetic on two tensors, with broadcasting, and sums of many.

The operators of Tensor (`a + b`) stand in `operators.py`. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_n_to_tensor_or_indexed_slices, convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor import IndexedSlices, Tensor
from graphflow.framework.tensor_shape import TensorShape, as_shape
from graphflow.ops.broadcasting import dynamic_axes, gradient_axes, same_full_shapes, sum_to

_MORE = ("{bfloat16, half, float, double, uint8, int8, uint16, int16, int32, int64, complex64, "
         "complex128}")
_FEWER = "{bfloat16, half, float, double, int32, int64, complex64, complex128}"


def _register(name, allowed, inputs="x: T, y: T", output="z: T"):
    register_op(name, inputs=inputs, outputs=output, attrs=f"T: {allowed}", shape=shapes.broadcast)


def _conj(x):
    return lookup("math.conj")(x)


# ---------------------------------------------------------------- sums and differences

_register("Add", "{bfloat16, half, float, double, uint8, int8, int16, int32, int64, complex64, "
                 "complex128, string}")
_register("AddV2", "{bfloat16, half, float, double, uint8, int8, int16, int32, int64, complex64, "
                   "complex128}")


@RegisterGradient("Add")
@RegisterGradient("AddV2")
def _add_grad(op, grad):
    x, y = op.inputs
    if same_full_shapes(x, y, grad):
        return grad, grad
    (sx, rx, sum_x), (sy, ry, sum_y) = gradient_axes(x, y, grad)
    gx = sum_to(grad, rx, sx) if sum_x else grad
    gy = sum_to(grad, ry, sy) if sum_y else grad
    return gx, gy


@tf_export("math.add", "add")
def add(x, y, name=None):
    """`x + y` element by element, with broadcasting. Strings are concatenated.

    Args: x, y: tensors of one numeric dtype, or strings; shapes broadcast.

    Example:
      >>> import graphflow as tf
      >>> tf.add([1, 2], [[3], [4]]).shape
      TensorShape([Dimension(2), Dimension(2)])
    """
    return raw_ops.Add(x, y, name=name)


_register("Sub", _MORE)


@RegisterGradient("Sub")
def _sub_grad(op, grad):
    x, y = op.inputs
    if same_full_shapes(x, y, grad):
        return grad, -grad
    (sx, rx, sum_x), (sy, ry, sum_y) = gradient_axes(x, y, grad)
    gx = sum_to(grad, rx, sx) if sum_x else grad
    gy = sum_to(-grad, ry, sy) if sum_y else -grad
    return gx, gy


@tf_export("math.subtract", "subtract", legacy=("sub",))
def subtract(x, y, name=None):
    """`x - y` element by element, with broadcasting."""
    return raw_ops.Sub(x, y, name=name)


def _same_shapes(c):
    merged = None
    for index, shape in enumerate(c.shapes):
        try:
            merged = shapes.merge_shapes(merged, shape)
        except ValueError as error:
            raise ValueError(f"{error}\n\tFrom merging shape {index} with other shapes.") from None
    return [merged]


register_op("AddN", inputs="inputs: N * T", outputs="sum: T",
            attrs="N: int >= 1; T: {numbertype, variant}", shape=_same_shapes)
RegisterGradient("AddN")(lambda op, grad: [grad] * len(op.inputs))


@tf_export("math.add_n", "add_n")
def add_n(inputs, name=None):
    """The sum of a list of tensors (or IndexedSlices) of one shape and dtype; no broadcasting.

    Raises ValueError for an empty list or shapes that differ.
    """
    inputs = _tensor_list(inputs, "Tensor/IndexedSlices", (Tensor, IndexedSlices))
    if len(inputs) == 1:
        values = convert_to_tensor(inputs[0])
        return raw_ops.Identity(values, name=name) if name else values
    return raw_ops.AddN([convert_to_tensor(x) for x in inputs], name=name)


def _tensor_list(inputs, what, types):
    message = f"inputs must be a list of at least one {what} with the same dtype and shape"
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(message)
    inputs = convert_n_to_tensor_or_indexed_slices(inputs)
    if not all(isinstance(x, types) for x in inputs):
        raise ValueError(message)
    return inputs


register_op("AccumulateNV2", inputs="inputs: N * T", outputs="sum: T",
            attrs="N: int >= 1; T: numbertype; shape: shape", shape=lambda c: [c.attr("shape")])
RegisterGradient("AccumulateNV2")(lambda op, grad: [grad] * len(op.inputs))


@tf_export("math.accumulate_n", "accumulate_n")
def accumulate_n(inputs, shape=None, tensor_dtype=None, name=None):
    """The sum of a list of tensors of one shape and dtype, which may be given."""
    inputs = _tensor_list(inputs, "Tensor", Tensor)
    if any(x.dtype.base_dtype != inputs[0].dtype.base_dtype for x in inputs):
        raise ValueError(
            "inputs must be a list of at least one Tensor with the same dtype and shape"
        )
    shape = TensorShape(None) if shape is None else as_shape(shape)
    for tensor in inputs:
        shape = shape.merge_with(tensor.get_shape())
    if tensor_dtype is not None and tensor_dtype != inputs[0].dtype:
        raise TypeError(f"tensor_dtype is {tensor_dtype}, but input is of type {inputs[0].dtype}")
    if len(inputs) == 1:
        return inputs[0] if name is None else raw_ops.Identity(inputs[0], name=name)
    return raw_ops.AccumulateNV2(inputs, shape=shape.as_tuple(), name=name)


# ---------------------------------------------------------------- products

_register("Mul", _MORE)


@RegisterGradient("Mul")
def _mul_grad(op, grad):
    x, y = op.inputs
    if same_full_shapes(x, y, grad) and grad.dtype in (dtypes.int32, dtypes.float32):
        return raw_ops.Mul(grad, y), raw_ops.Mul(grad, x)
    (sx, rx, sum_x), (sy, ry, sum_y) = gradient_axes(x, y, grad)
    x, y = _conj(x), _conj(y)
    gx = raw_ops.Mul(grad, y)
    gx = sum_to(gx, rx, sx) if sum_x else gx
    gy = raw_ops.Mul(x, grad)
    gy = sum_to(gy, ry, sy) if sum_y else gy
    return gx, gy


@tf_export("math.multiply", "multiply", legacy=("mul",))
def multiply(x, y, name=None):
    """`x * y` element by element, with broadcasting."""
    return raw_ops.Mul(x, y, name=name)


@tf_export("math.scalar_mul", "scalar_mul")
def scalar_mul(scalar, x, name=None):
    """A scalar times a tensor or IndexedSlices. Raises ValueError unless `scalar` is a scalar."""
    scalar = convert_to_tensor(scalar, dtype=x.dtype.base_dtype, name="scalar")
    if scalar._shape != ():
        raise ValueError(f"Only scalar multiply works, got shape {scalar.get_shape()}")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(raw_ops.Mul(scalar, x.values, name=name), x.indices, x.dense_shape)
    return raw_ops.Mul(scalar, x, name=name)


_register("SquaredDifference", _FEWER)


@RegisterGradient("SquaredDifference")
def _squared_difference_grad(op, grad):
    x, y = op.inputs
    with control_dependencies([grad]):
        gx = scalar_mul(2.0, grad) * (x - y)
    if same_full_shapes(x, y, grad):
        return gx, -gx
    (sx, rx, sum_x), (sy, ry, sum_y) = gradient_axes(x, y, grad)
    return (sum_to(gx, rx, sx) if sum_x else gx, -sum_to(gx, ry, sy) if sum_y else -gx)


@tf_export("math.squared_difference", "squared_difference")
def squared_difference(x, y, name=None):
    """`(x - y)(x - y)` element by element, with broadcasting."""
    return raw_ops.SquaredDifference(x, y, name=name)


_register("Pow", "{bfloat16, float, half, double, int32, int64, complex64, complex128}")


@RegisterGradient("Pow")
def _pow_grad(op, grad):
    x, y = op.inputs
    (sx, rx, sum_x), (sy, ry, sum_y) = gradient_axes(x, y, grad)
    x, y, z = _conj(x), _conj(y), _conj(op.outputs[0])
    gx = grad * y * raw_ops.Pow(x, y - 1)
    gx = sum_to(gx, rx, sx) if sum_x else gx
    # log(x) only where it is defined; elsewhere the gradient in y is taken to be 0.
    mask = raw_ops.NotEqual(x, 0) if x.dtype.is_complex else x > 0
    safe_x = raw_ops.Select(mask, x, lookup("ones_like")(x))
    log_x = raw_ops.Select(mask, raw_ops.Log(safe_x), lookup("zeros_like")(x))
    gy = grad * z * log_x
    return gx, sum_to(gy, ry, sy) if sum_y else gy


@tf_export("math.pow", "pow")
def pow(x, y, name=None):  # noqa: A001 - TensorFlow's name
    """`x` to the power of `y`. Integers with a negative power raise InvalidArgumentError."""
    with name_scope(name, "Pow", [x]) as name:
        return raw_ops.Pow(x, y, name=name)


# ---------------------------------------------------------------- quotients and remainders

for _name in ("Div", "RealDiv", "FloorDiv", "TruncateDiv"):
    _register(_name, _MORE)


def _quotient_grad(op, grad, divide):
    x, y = op.inputs
    (sx, rx), (sy, ry) = dynamic_axes(x, y)
    x, y = _conj(x), _conj(y)
    gx = sum_to(divide(grad, y), rx, sx)
    return gx, sum_to(grad * divide(divide(-x, y), y), ry, sy)


RegisterGradient("RealDiv")(lambda op, grad: _quotient_grad(op, grad, raw_ops.RealDiv))
RegisterGradient("Div")(lambda op, grad: _quotient_grad(op, grad, lambda a, b: a / b))
RegisterGradient("FloorDiv")(lambda op, grad: (None, None))
RegisterGradient("TruncateDiv")(lambda op, grad: (None, None))

_register("Mod", "{int32, int64, half, bfloat16, float, double}")
_register("FloorMod", "{int32, int64, bfloat16, half, float, double}")
_register("TruncateMod", "{int32, int64, bfloat16, half, float, double}")
NotDifferentiable("Mod")
NotDifferentiable("TruncateMod")


@RegisterGradient("FloorMod")
def _floor_mod_grad(op, grad):
    x, y = op.inputs
    (sx, rx), (sy, ry) = dynamic_axes(x, y)
    quotient = raw_ops.FloorDiv(x, y)
    gx = sum_to(grad, rx, sx)
    return gx, sum_to(grad * raw_ops.Neg(quotient), ry, sy)


@tf_export("realdiv")
def realdiv(x, y, name=None):
    """`x / y` for floating-point and complex tensors."""
    return raw_ops.RealDiv(x, y, name=name)


@tf_export("truncatediv")
def truncatediv(x, y, name=None):
    """`x / y` cut towards zero. Raises InvalidArgumentError when an integer is divided by 0."""
    return raw_ops.TruncateDiv(x, y, name=name)


@tf_export("floor_div")
def floor_div(x, y, name=None):
    """`x / y` rounded down. Raises InvalidArgumentError when an integer is divided by 0."""
    return raw_ops.FloorDiv(x, y, name=name)


@tf_export("math.floordiv", "floordiv")
def floordiv(x, y, name=None):
    """`x // y`: the quotient rounded down, in the inputs' dtype."""
    with name_scope(name, "floordiv", [x, y]) as name:
        return raw_ops.FloorDiv(x, y, name=name)


@tf_export("math.floormod", "floormod", "math.mod", "mod")
def floormod(x, y, name=None):
    """`x % y`: the remainder with the sign of `y`, as in Python."""
    return raw_ops.FloorMod(x, y, name=name)


@tf_export("truncatemod")
def truncatemod(x, y, name=None):
    """The remainder with the sign of `x`, as in C."""
    return raw_ops.TruncateMod(x, y, name=name)


# What `/` converts integers to; None keeps the dtype.
_TRUE_DIVISION = {
    dtypes.uint8: dtypes.float32, dtypes.int8: dtypes.float32, dtypes.uint16: dtypes.float32,
    dtypes.int16: dtypes.float32, dtypes.int32: dtypes.float64, dtypes.int64: dtypes.float64,
    **dict.fromkeys((dtypes.bfloat16, dtypes.float16, dtypes.float32, dtypes.float64,
                     dtypes.complex64, dtypes.complex128)),
}


@tf_export("math.truediv", "truediv")
def truediv(x, y, name=None):
    """`x / y` as Python 3 divides: integers become float32 (8, 16 bits) or float64 first.

    Raises TypeError if the dtypes differ or cannot be divided.
    """
    with name_scope(name, "truediv", [x, y]) as name:
        x, y = convert_to_tensor(x, name="x"), convert_to_tensor(y, name="y")
        dtype = _same_dtype(x, y)
        if dtype not in _TRUE_DIVISION:
            raise TypeError(f"Invalid dtype {dtype!r} in __truediv__")
        wider = _TRUE_DIVISION[dtype]
        if wider is not None:
            x, y = lookup("cast")(x, wider), lookup("cast")(y, wider)
        return raw_ops.RealDiv(x, y, name=name)


def _same_dtype(x, y):
    first, second = x.dtype.base_dtype, y.dtype.base_dtype
    if first != second:
        raise TypeError(f"x and y must have the same dtype, got {first!r} != {second!r}")
    return first


@tf_export("div")
def div(x, y, name=None):
    """`x / y` as Python 2 divides: integers are rounded down."""
    with name_scope(name, "div", [x, y]) as name:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
        dtype = _same_dtype(x, y)
        op = raw_ops.RealDiv if dtype.is_floating or dtype.is_complex else raw_ops.FloorDiv
        return op(x, y, name=name)


@tf_export("math.divide", "divide")
def divide(x, y, name=None):
    """`x / y` as Python divides them."""
    return x / y if name is None else truediv(x, y, name)


# ---------------------------------------------------------------- extremes

_EXTREME = "{bfloat16, half, float, double, int32, int64}"
_register("Maximum", _EXTREME)
_register("Minimum", _EXTREME)


def _extreme_grad(op, grad, chosen):
    x, y = op.inputs
    shape = lookup("shape")
    sx, sy, shape_grad = shape(x), shape(y), shape(grad)
    zeros = lookup("zeros")(shape_grad, grad.dtype)
    from_x = chosen(x, y)
    rx, ry = raw_ops.BroadcastGradientArgs(sx, sy)
    gx = raw_ops.Select(from_x, grad, zeros)
    gy = raw_ops.Select(from_x, zeros, grad)
    return sum_to(gx, rx, sx), sum_to(gy, ry, sy)


RegisterGradient("Maximum")(lambda op, grad: _extreme_grad(op, grad, raw_ops.GreaterEqual))
RegisterGradient("Minimum")(lambda op, grad: _extreme_grad(op, grad, raw_ops.LessEqual))


@tf_export("math.maximum", "maximum")
def maximum(x, y, name=None):
    """The larger of `x` and `y`, element by element, with broadcasting; NaN if either is."""
    return raw_ops.Maximum(x, y, name=name)


@tf_export("math.minimum", "minimum")
def minimum(x, y, name=None):
    """The smaller of `x` and `y`, element by element, with broadcasting; NaN if either is."""
    return raw_ops.Minimum(x, y, name=name)
