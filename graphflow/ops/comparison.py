"""Comparisons, logic on booleans, and selection by them. Holds no state."""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.ops.broadcasting import sum_to

for _name in ("Less", "LessEqual", "Greater", "GreaterEqual"):
    register_op(_name, inputs="x: T, y: T", outputs="z: bool", attrs="T: realnumbertype",
                shape=shapes.broadcast)
    NotDifferentiable(_name)


@tf_export("math.less", "less")
def less(x, y, name=None):
    """`x < y` element by element, with broadcasting."""
    return raw_ops.Less(x, y, name=name)


@tf_export("math.less_equal", "less_equal")
def less_equal(x, y, name=None):
    """`x <= y` element by element, with broadcasting."""
    return raw_ops.LessEqual(x, y, name=name)


@tf_export("math.greater", "greater")
def greater(x, y, name=None):
    """`x > y` element by element, with broadcasting."""
    return raw_ops.Greater(x, y, name=name)


@tf_export("math.greater_equal", "greater_equal")
def greater_equal(x, y, name=None):
    """`x >= y` element by element, with broadcasting."""
    return raw_ops.GreaterEqual(x, y, name=name)


def _equality_shape(c):
    try:
        return shapes.broadcast(c)
    except ValueError:
        # Shapes that don't fit are simply unequal if the node says so.
        if c.attr("incompatible_shape_error"):
            raise
        return [()]


for _name in ("Equal", "NotEqual"):
    register_op(
        _name,
        inputs="x: T, y: T",
        outputs="z: bool",
        attrs="T: {bfloat16, half, float, double, uint8, int8, uint16, int16, int32, "
        "uint32, uint64, int64, complex64, quint8, qint8, qint32, string, bool, complex128}; "
        "incompatible_shape_error: bool = true",
        shape=_equality_shape,
    )
    NotDifferentiable(_name)


@tf_export("math.equal", "equal")
def equal(x, y, name=None):
    """Where `x` and `y` are equal, element by element, with broadcasting. NaN equals nothing.

    `==` on tensors compares whether they are the same tensor; this compares their values.
    """
    return raw_ops.Equal(x, y, name=name)


@tf_export("math.not_equal", "not_equal")
def not_equal(x, y, name=None):
    """Where `x` and `y` differ, element by element, with broadcasting."""
    return raw_ops.NotEqual(x, y, name=name)


register_op("ApproximateEqual", inputs="x: T, y: T", outputs="z: bool",
            attrs="T: numbertype; tolerance: float = 0.00001",
            shape=lambda c: [shapes.merge_shapes(c.shape(0), c.shape(1))])
NotDifferentiable("ApproximateEqual")

for _name in ("IsNan", "IsInf", "IsFinite"):
    register_op(_name, inputs="x: T", outputs="y: bool", attrs="T: {bfloat16, half, float, double}",
                shape=shapes.unchanged)
    NotDifferentiable(_name)


@tf_export("math.is_nan", "debugging.is_nan", "is_nan")
def is_nan(x, name=None):
    """Where `x` is NaN."""
    return raw_ops.IsNan(x, name=name)


@tf_export("math.is_inf", "debugging.is_inf", "is_inf")
def is_inf(x, name=None):
    """Where `x` is infinite."""
    return raw_ops.IsInf(x, name=name)


@tf_export("math.is_finite", "debugging.is_finite", "is_finite")
def is_finite(x, name=None):
    """Where `x` is neither infinite nor NaN."""
    return raw_ops.IsFinite(x, name=name)


# ---------------------------------------------------------------- logic

for _name in ("LogicalAnd", "LogicalOr"):
    register_op(_name, inputs="x: bool, y: bool", outputs="z: bool", shape=shapes.broadcast)
    NotDifferentiable(_name)
register_op("LogicalNot", inputs="x: bool", outputs="y: bool", shape=shapes.unchanged)
NotDifferentiable("LogicalNot")


@tf_export("math.logical_and", "logical_and")
def logical_and(x, y, name=None):
    """Whether both are true, with broadcasting."""
    return raw_ops.LogicalAnd(x, y, name=name)


@tf_export("math.logical_or", "logical_or")
def logical_or(x, y, name=None):
    """Whether at least one is true, with broadcasting."""
    return raw_ops.LogicalOr(x, y, name=name)


@tf_export("math.logical_not", "logical_not")
def logical_not(x, name=None):
    """Whether `x` is false."""
    return raw_ops.LogicalNot(x, name=name)


@tf_export("math.logical_xor", "logical_xor")
def logical_xor(x, y, name="LogicalXor"):
    """Whether exactly one is true, with broadcasting."""
    either = raw_ops.LogicalOr(x, y)
    return raw_ops.LogicalAnd(either, raw_ops.LogicalNot(raw_ops.LogicalAnd(x, y)), name=name)


# ---------------------------------------------------------------- selection

def _select_shape(c):
    condition = c.shape(0)
    data = shapes.merge_shapes(c.shape(1), c.shape(2))
    if condition is None or data is None or condition == ():
        return [data]
    if len(condition) == 1 and len(data) > 0:
        shapes.merge_dim(condition[0], data[0])
        return [data]
    return [shapes.merge_shapes(data, condition)]


register_op("Select", inputs="condition: bool, t: T, e: T", outputs="output: T", attrs="T: type",
            shape=_select_shape)


@RegisterGradient("Select")
def _select_grad(op, grad):
    condition, zeros = op.inputs[0], lookup("zeros_like")(op.inputs[1])
    return (None, raw_ops.Select(condition, grad, zeros), raw_ops.Select(condition, zeros, grad))


def _select_v2_shape(c):
    branches = shapes.broadcast_shapes(c.shape(1), c.shape(2))
    return [shapes.broadcast_shapes(c.shape(0), branches)]


register_op("SelectV2", inputs="condition: bool, t: T, e: T", outputs="output: T", attrs="T: type",
            shape=_select_v2_shape)


@RegisterGradient("SelectV2")
def _select_v2_grad(op, grad):
    condition = op.inputs[0]
    zero = lookup("zeros")([], dtype=grad.dtype.base_dtype)
    shape = lookup("shape")
    output_shape = shape(op.outputs[0])

    def to_input(tensor, selected):
        input_shape = shape(tensor)
        axes, _ = raw_ops.BroadcastGradientArgs(input_shape, output_shape)
        return sum_to(selected, axes, input_shape)

    return (None, to_input(op.inputs[1], raw_ops.SelectV2(condition, grad, zero)),
            to_input(op.inputs[2], raw_ops.SelectV2(condition, zero, grad)))


def _where(condition, x, y, name, select):
    if x is None and y is None:
        with name_scope(name, "Where", [condition]) as name:
            condition = convert_to_tensor(condition, preferred_dtype="bool", name="condition")
            return raw_ops.Where(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return select(condition, x, y, name=name)


@tf_export("where", legacy=("select",))
def where(condition, x=None, y=None, name=None):
    """Elements of `x` where `condition` is true, of `y` elsewhere; or the places where it is true.

    Args:
      condition: bool tensor of the shape of `x`, or a vector that chooses rows of `x`, or a scalar.
      x, y: tensors of the same shape and dtype. Without both, the result is an int64 matrix with
        one row of coordinates for each true element.
    Raises ValueError if only one of `x` and `y` is given or shapes don't fit.

    Example:
      >>> import graphflow as tf
      >>> tf.where([True, False], [1, 2], [3, 4]).shape
      TensorShape([Dimension(2)])
    """
    return _where(condition, x, y, name, raw_ops.Select)


@tf_export("where_v2")
def where_v2(condition, x=None, y=None, name=None):
    """`where` whose three arguments broadcast."""
    return _where(condition, x, y, name, raw_ops.SelectV2)
