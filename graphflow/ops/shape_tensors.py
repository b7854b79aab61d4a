"""Shapes, sizes and ranks as tensors, and arithmetic on shapes.

Where static shapes tell the answer, constants are made instead of ops. Holds no state.
"""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.dtypes import int32
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.tensor_shape import TensorShape, as_shape
from graphflow.ops.constant import constant


def _is_sparse(value):
    return (
        hasattr(value, "dense_shape")
        and hasattr(value, "indices")
        and not hasattr(value, "_as_graph_element")
    )


register_op(
    "Shape",
    inputs="input: T",
    outputs="output: out_type",
    attrs="T: type; out_type: {int32, int64} = int32",
    shape=lambda c: [(None if c.shape(0) is None else len(c.shape(0)),)],
)
NotDifferentiable("Shape")


@tf_export("shape")
def shape(input, name=None, out_type=int32):  # noqa: A002 - TensorFlow's name
    """The shape of `input` as a 1-D integer tensor.

    A fully known static shape becomes a constant, so that nothing is computed at run time.

    Example:
      >>> import graphflow as tf
      >>> tf.shape(tf.placeholder(tf.float32, [None, 3])).shape
      TensorShape([Dimension(2)])
    """
    return shape_internal(input, name, out_type=out_type)


def shape_internal(input, name=None, optimize=True, out_type=int32):  # noqa: A002
    """`tf.shape`; without `optimize`, always a Shape op."""
    with name_scope(name, "Shape", [input]) as scope:
        if _is_sparse(input):
            return raw_ops.Cast(input.dense_shape, DstT=out_type)
        tensor = convert_to_tensor(input)
        if optimize and shapes.is_full(tensor._shape):
            return constant(list(tensor._shape), out_type, name=scope)
        return raw_ops.Shape(tensor, out_type=out_type, name=scope)


register_op(
    "ShapeN",
    inputs="input: N * T",
    outputs="output: N * out_type",
    attrs="N: int >= 1; T: type; out_type: {int32, int64} = int32",
    shape=lambda c: [(None if s is None else len(s),) for s in c.shapes],
)
NotDifferentiable("ShapeN")


@tf_export("shape_n")
def shape_n(input, out_type=int32, name=None):  # noqa: A002
    """The shapes of the tensors in the list `input`, computed together."""
    return raw_ops.ShapeN(input, out_type=out_type, name=name)


register_op(
    "Size",
    inputs="input: T",
    outputs="output: out_type",
    attrs="T: type; out_type: {int32, int64} = int32",
    shape=shapes.scalar,
)
NotDifferentiable("Size")


@tf_export("size")
def size(input, name=None, out_type=int32):  # noqa: A002
    """The number of elements of `input`, a scalar; a constant if the static shape tells."""
    with name_scope(name, "Size", [input]) as scope:
        if _is_sparse(input):
            return raw_ops.Prod(raw_ops.Cast(input.dense_shape, DstT=out_type), 0, name=scope)
        tensor = convert_to_tensor(input)
        known = (
            0 if tensor._shape is not None and 0 in tensor._shape else shapes.size(tensor._shape)
        )
        if known is not None:
            return constant(known, out_type, name=scope)
        return raw_ops.Size(tensor, out_type=out_type, name=scope)


register_op(
    "Rank", inputs="input: T", outputs="output: int32", attrs="T: type", shape=shapes.scalar
)
NotDifferentiable("Rank")


@tf_export("rank")
def rank(input, name=None):  # noqa: A002
    """The number of dimensions of `input`, an int32 scalar; a constant if it is known."""
    with name_scope(name, "Rank", [input]) as scope:
        if _is_sparse(input):
            return raw_ops.Size(input.dense_shape, name=scope)
        tensor = convert_to_tensor(input)
        if tensor._shape is not None:
            return constant(len(tensor._shape), int32, name=scope)
        return raw_ops.Rank(tensor, name=scope)


def _broadcast_args_shape(c):
    a, b = (shapes.with_rank(s, 1)[0] for s in c.shapes)
    return [(None if a is None or b is None else max(a, b),)]


register_op(
    "BroadcastArgs",
    inputs="s0: T, s1: T",
    outputs="r0: T",
    attrs="T: {int32, int64} = int32",
    shape=_broadcast_args_shape,
)
NotDifferentiable("BroadcastArgs")


@tf_export("broadcast_dynamic_shape")
def broadcast_dynamic_shape(shape_x, shape_y):
    """The shape that broadcasting tensors of two shapes gives, computed at run time."""
    return raw_ops.BroadcastArgs(shape_x, shape_y)


@tf_export("broadcast_static_shape")
def broadcast_static_shape(shape_x, shape_y):
    """The TensorShape that broadcasting two TensorShapes gives; ValueError if they don't fit."""
    shape_x, shape_y = as_shape(shape_x), as_shape(shape_y)
    try:
        return TensorShape.from_tuple(
            shapes.broadcast_shapes(shape_x.as_tuple(), shape_y.as_tuple())
        )
    except ValueError:
        raise ValueError(f"Incompatible shapes for broadcasting: {shape_x} and {shape_y}") from None
