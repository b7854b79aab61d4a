"""Constants, placeholders and the ops that only pass values on.

Holds no state; values of constants live in their nodes.
"""

from graphflow.framework import apply_op, dtypes, raw_ops, shapes, tensor_util
from graphflow.framework.api import tf_export
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor_shape import as_shape

register_op("Const", outputs="output: dtype", attrs="value: tensor; dtype: type",
            shape=lambda c: [c.attr("value").shape])
NotDifferentiable("Const")


@tf_export("constant")
def constant(value, dtype=None, shape=None, name="Const", verify_shape=False):
    """A constant tensor.

    Args:
      value: number, string, nested list or array. dtype: its DType, inferred if None.
      shape: if given, `value` is filled up to it with its last element; with `verify_shape`, it
        must already have that shape.
    Raises TypeError if `value` is not of `dtype` or doesn't have the shape it must have, ValueError
    for more elements than fit.

    Example:
      >>> import graphflow as tf
      >>> tf.constant([1, 2, 3], dtype=tf.float32).shape
      TensorShape([Dimension(3)])
    """
    dtype = None if dtype is None else dtypes.as_dtype(dtype)
    array = tensor_util.to_ndarray(value, dtype, shape, verify_shape=verify_shape)
    return apply_op.constant_node(array, name)


register_op("Placeholder", outputs="output: dtype", attrs="dtype: type; shape: shape = unknown",
            shape=lambda c: [c.attr("shape")])
NotDifferentiable("Placeholder")


@tf_export("placeholder")
def placeholder(dtype, shape=None, name=None):
    """A tensor whose value is given to every run through `feed_dict`.

    Args: dtype: DType or its name ("float"). shape: None for any shape, entries None for any size.
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype._is_ref_dtype:
        raise TypeError(f"A placeholder cannot have the reference dtype {dtype.name}")
    return raw_ops.Placeholder(dtype=dtype, shape=as_shape(shape).as_tuple(), name=name)


def _placeholder_with_default_shape(c):
    shapes.merge_shapes(c.shape(0), c.attr("shape"))
    return [c.attr("shape")]


register_op("PlaceholderWithDefault", inputs="input: dtype", outputs="output: dtype",
            attrs="dtype: type; shape: shape", shape=_placeholder_with_default_shape)
RegisterGradient("PlaceholderWithDefault")(lambda op, grad: grad)


@tf_export("placeholder_with_default")
def placeholder_with_default(input, shape, name=None):  # noqa: A002 - TensorFlow's name
    """A tensor that has the value of `input` unless it is fed."""
    return raw_ops.PlaceholderWithDefault(input, shape=as_shape(shape).as_tuple(), name=name)


register_op("Identity", inputs="input: T", outputs="output: T", attrs="T: type", shape=shapes.unchanged)
RegisterGradient("Identity")(lambda op, grad: grad)


@tf_export("identity")
def identity(input, name=None):  # noqa: A002 - TensorFlow's name
    """A tensor with the value of `input`, made when all its control inputs have run."""
    return raw_ops.Identity(input, name=name)


register_op("RefIdentity", inputs="input: Ref(T)", outputs="output: Ref(T)", attrs="T: type",
            shape=shapes.unchanged, writes=())
RegisterGradient("RefIdentity")(lambda op, grad: grad)

register_op("IdentityN", inputs="input: T", outputs="output: T", attrs="T: list(type) >= 1",
            shape=lambda c: c.shapes)
RegisterGradient("IdentityN")(lambda op, *grads: list(grads))


@tf_export("identity_n")
def identity_n(input, name=None):  # noqa: A002 - TensorFlow's name
    """Tensors with the values of the list `input`, made together."""
    return raw_ops.IdentityN(input, name=name)


register_op("StopGradient", inputs="input: T", outputs="output: T", attrs="T: type", shape=shapes.unchanged)
NotDifferentiable("StopGradient")


@tf_export("stop_gradient")
def stop_gradient(input, name=None):  # noqa: A002 - TensorFlow's name
    """`input`, which `gradients` treats as a constant."""
    return raw_ops.StopGradient(input, name=name)


register_op("PreventGradient", inputs="input: T", outputs="output: T", attrs="T: type; message: string = ''",
            shape=shapes.unchanged)


@RegisterGradient("PreventGradient")
def _prevent_gradient_grad(op, grad):
    raise LookupError(f"Gradient explicitly disabled. Reason: {op.get_attr('message').decode()!r}")


register_op("NoOp", shape=shapes.no_outputs)
NotDifferentiable("NoOp")


@tf_export("no_op")
def no_op(name=None):
    """An operation that does nothing; useful with control dependencies."""
    return raw_ops.NoOp(name=name)


register_op("GuaranteeConst", inputs="input: T", outputs="output: T", attrs="T: type", shape=shapes.unchanged,
            stateful=True)
RegisterGradient("GuaranteeConst")(lambda op, grad: grad)


@tf_export("guarantee_const")
def guarantee_const(input, name=None):  # noqa: A002 - TensorFlow's name
    """`input`, of which the caller says that it never changes; it may be a variable's value."""
    return raw_ops.GuaranteeConst(input, name=name)
