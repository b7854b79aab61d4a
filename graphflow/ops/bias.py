"""Adding a vector of biases to the channels of a tensor. Holds no state."""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op

_FORMAT = "data_format: {'NHWC', 'NCHW'} = 'NHWC'"


def _channel_axis(c):
    return 1 if c.attrs.get("data_format") == b"NCHW" else -1


def _bias_add_shape(c):
    axis = _channel_axis(c)
    value = shapes.with_rank_at_least(c.shape(0), 3 if axis == 1 else 2)
    (size,) = shapes.with_rank(c.shape(1), 1)
    if value is None:
        return [None]
    value = list(value)
    value[axis] = shapes.merge_dim(value[axis], size)
    return [tuple(value)]


def _bias_add_grad_shape(c):
    axis = _channel_axis(c)
    value = shapes.with_rank_at_least(c.shape(0), 3 if axis == 1 else 2)
    return [(None if value is None else value[axis],)]


register_op("BiasAdd", inputs="value: T, bias: T", outputs="output: T",
            attrs=f"T: numbertype; {_FORMAT}", shape=_bias_add_shape)
register_op("BiasAddV1", inputs="value: T, bias: T", outputs="output: T",
            attrs="T: numbertype", shape=_bias_add_shape)
register_op("BiasAddGrad", inputs="out_backprop: T", outputs="output: T",
            attrs=f"T: numbertype; {_FORMAT}", shape=_bias_add_grad_shape)


@RegisterGradient("BiasAdd")
def _bias_add_grad(op, grad):
    return grad, raw_ops.BiasAddGrad(grad, data_format=op.get_attr("data_format"))


@RegisterGradient("BiasAddV1")
def _bias_add_v1_grad(op, grad):
    axes = tf.range(tf.rank(grad) - 1)
    return grad, tf.reduce_sum(grad, axes)


@RegisterGradient("BiasAddGrad")
def _bias_add_grad_grad(op, grad):
    shape, bias_shape = tf.shape(op.inputs[0]), tf.shape(grad)
    if op.get_attr("data_format") == b"NCHW":
        expanded = tf.concat([tf.ones_like(shape[:1]), bias_shape, tf.ones_like(shape[2:])], 0)
        multiples = tf.concat([shape[:1], [1], shape[2:]], 0)
    else:
        expanded = tf.concat([tf.ones_like(shape[:-1]), bias_shape], 0)
        multiples = tf.concat([shape[:-1], [1]], 0)
    return tf.tile(tf.reshape(grad, expanded), multiples)


@tf_export("nn.bias_add")
def bias_add(value, bias, data_format=None, name=None):
    """`value + bias`, `bias` being a vector along the channel dimension of `value`.

    Args:
      value: tensor of at least 2 dimensions. bias: vector of the channels' size, same dtype.
      data_format: "N...C" (the default: channels last) or "NC..." (channels are dimension 1).
    Raises ValueError for another format, or sizes that differ.

    Example:
      >>> import graphflow as tf
      >>> tf.nn.bias_add(tf.zeros([4, 3]), [1.0, 2.0, 3.0]).shape
      TensorShape([Dimension(4), Dimension(3)])
    """
    with name_scope(name, "BiasAdd", [value, bias]) as scope:
        if data_format is not None:
            if data_format.startswith("NC"):
                data_format = "NCHW"
            elif data_format.startswith("N") and data_format.endswith("C"):
                data_format = "NHWC"
            else:
                raise ValueError("data_format must be of the form `N...C` or `NC...`")
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, dtype=value.dtype.base_dtype, name="bias")
        return raw_ops.BiasAdd(value, bias, data_format=data_format, name=scope)
