"""Grey-scale morphology of images: dilation and erosion by a filter. Holds no state."""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes, windows
from graphflow.framework.api import tf_export
from graphflow.framework.deprecation import either_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op

_ATTRS = "T: realnumbertype; strides: list(int) >= 4; rates: list(int) >= 4; padding: {'SAME', 'VALID'}"


def _dilation_shape(c):
    image, kernel = shapes.with_rank(c.shape(0), 4), shapes.with_rank(c.shape(1), 3)
    strides, rates = c.attr("strides"), c.attr("rates")
    for name, values in (("strides", strides), ("rates", rates)):
        if len(values) != 4 or values[0] != 1 or values[3] != 1 or min(values) < 1:
            raise ValueError(f"{name} must be four positive numbers, 1 for batch and channels, but are {values}")
    sizes = [None if size is None or window is None else
             windows.output_size(size, window, stride, c.attr("padding"), rate)
             for size, window, stride, rate in zip(image[1:3], kernel[:2], strides[1:3], rates[1:3])]
    return [(image[0], *sizes, shapes.merge_dim(image[3], kernel[2]))]


register_op("Dilation2D", inputs="input: T, filter: T", outputs="output: T", attrs=_ATTRS, shape=_dilation_shape)
register_op("Dilation2DBackpropInput", inputs="input: T, filter: T, out_backprop: T", outputs="in_backprop: T",
            attrs=_ATTRS, shape=lambda c: [c.shape(0)])
register_op("Dilation2DBackpropFilter", inputs="input: T, filter: T, out_backprop: T", outputs="filter_backprop: T",
            attrs=_ATTRS, shape=lambda c: [c.shape(1)])


@RegisterGradient("Dilation2D")
def _dilation_grad(op, grad):
    attrs = {name: op.get_attr(name) for name in ("strides", "rates", "padding")}
    return [raw_ops.Dilation2DBackpropInput(*op.inputs, grad, **attrs),
            raw_ops.Dilation2DBackpropFilter(*op.inputs, grad, **attrs)]


@RegisterGradient("Dilation2DBackpropInput")
@RegisterGradient("Dilation2DBackpropFilter")
def _no_second_gradient(op, grad):
    raise LookupError(f"No gradient defined for operation '{op.name}' (op type: {op.type})")


@tf_export("nn.dilation2d")
def dilation2d(input, filter=None, strides=None, rates=None, padding=None, name=None, filters=None,  # noqa: A002
               dilations=None):
    """The largest of the sums of an image's windows and a filter.

    Args:
      input: [batch, height, width, channels]. filter (or filters): [rows, columns, channels].
      strides, rates (or dilations): four numbers, 1 for batch and channels. padding: "SAME" or "VALID".
    Raises ValueError for others.
    """
    filter = either_argument("filters", filters, "filter", filter)
    rates = either_argument("dilations", dilations, "rates", rates)
    return raw_ops.Dilation2D(input, filter, strides=strides, rates=rates, padding=padding, name=name)


@tf_export("nn.erosion2d")
def erosion2d(value, kernel, strides, rates, padding, name=None):
    """The smallest of the differences of an image's windows and a filter; arguments as `tf.nn.dilation2d`."""
    with name_scope(name, "erosion2d", [value, kernel]) as scope:
        return tf.negative(raw_ops.Dilation2D(tf.negative(value), tf.reverse(kernel, [0, 1]), strides=strides,
                                              rates=rates, padding=padding), name=scope)
