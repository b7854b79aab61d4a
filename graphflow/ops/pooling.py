"""Pooling: the maximum or the mean of windows, in 1 to 3 dimensions, with gradients. Holds no state."""

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes, windows
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import either_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.ops.space_batch import checked_strides_and_rates, with_space_to_batch

_FLOATS = "{half, bfloat16, float, double}"
_WINDOW = "ksize: list(int) >= 4; strides: list(int) >= 4; padding: {'SAME', 'VALID'}"
_WINDOW_3D = "ksize: list(int) >= 5; strides: list(int) >= 5; padding: {'SAME', 'VALID'}"
_FORMAT = "data_format: {'NHWC', 'NCHW'} = 'NHWC'"
_FORMAT_3D = "data_format: {'NDHWC', 'NCDHW'} = 'NDHWC'"


def _pooled(c, shape):
    ksize = c.attr("ksize")
    if len(ksize) != len(c.attr("strides")):
        raise ValueError(f"ksize and strides must have equal lengths, but are {ksize} and {c.attr('strides')}")
    return windows.pooled_shape(shape, ksize, c.attr("strides"), c.attr("padding"))


def _pool_shape(c):
    return [_pooled(c, c.shape(0))] * c.num_outputs


def _input_shape(c):
    return [shapes.with_rank(c.shape(0), len(c.attr("ksize")))]


def _like_output(c):
    return [shapes.merge_shapes(_pooled(c, c.shape(0)), c.shape(1))]


def _sizes_shape(c):
    return [shapes.with_rank(c.shape_value(0), len(c.attr("ksize")))]


# ---------------------------------------------------------------- ops

register_op("MaxPool", inputs="input: T", outputs="output: T",
            attrs="T: {half, bfloat16, float, double, int32, int64, uint8, int16, int8, uint16, qint8} = float; "
                  f"{_WINDOW}; data_format: {{'NHWC', 'NCHW', 'NCHW_VECT_C'}} = 'NHWC'", shape=_pool_shape)
register_op("MaxPoolGrad", inputs="orig_input: T, orig_output: T, grad: T", outputs="output: T",
            attrs=f"{_WINDOW}; {_FORMAT}; T: realnumbertype = float", shape=_input_shape)
register_op("MaxPoolGradGrad", inputs="orig_input: T, orig_output: T, grad: T", outputs="output: T",
            attrs=f"{_WINDOW}; {_FORMAT}; T: realnumbertype", shape=_like_output)
register_op("AvgPool", inputs="value: T", outputs="output: T",
            attrs=f"{_WINDOW}; {_FORMAT}; T: {_FLOATS}", shape=_pool_shape)
register_op("AvgPoolGrad", inputs="orig_input_shape: int32, grad: T", outputs="output: T",
            attrs=f"{_WINDOW}; {_FORMAT}; T: {_FLOATS}", shape=_sizes_shape)
register_op("MaxPool3D", inputs="input: T", outputs="output: T",
            attrs=f"{_WINDOW_3D}; {_FORMAT_3D}; T: {{half, bfloat16, float}}", shape=_pool_shape)
register_op("MaxPool3DGrad", inputs="orig_input: TInput, orig_output: TInput, grad: T", outputs="output: T",
            attrs=f"{_WINDOW_3D}; {_FORMAT_3D}; T: {{half, bfloat16, float}} = float; "
                  "TInput: {half, bfloat16, float} = float", shape=_input_shape)
register_op("MaxPool3DGradGrad", inputs="orig_input: T, orig_output: T, grad: T", outputs="output: T",
            attrs=f"{_WINDOW_3D}; {_FORMAT_3D}; T: realnumbertype", shape=_like_output)
register_op("AvgPool3D", inputs="input: T", outputs="output: T",
            attrs=f"{_WINDOW_3D}; {_FORMAT_3D}; T: {_FLOATS}", shape=_pool_shape)
register_op("AvgPool3DGrad", inputs="orig_input_shape: int32, grad: T", outputs="output: T",
            attrs=f"{_WINDOW_3D}; {_FORMAT_3D}; T: {_FLOATS}", shape=_sizes_shape)
register_op("MaxPoolWithArgmax", inputs="input: T", outputs="output: T, argmax: Targmax",
            attrs="ksize: list(int) >= 4; strides: list(int) >= 4; Targmax: {int32, int64} = int64; "
                  "padding: {'SAME', 'VALID'}; include_batch_in_index: bool = false; T: realnumbertype",
            shape=_pool_shape)
for _name, _shape in (("MaxPoolGradWithArgmax", _input_shape),
                      ("MaxPoolGradGradWithArgmax", lambda c: [_pooled(c, c.shape(0))])):
    register_op(_name, inputs="input: T, grad: T, argmax: Targmax", outputs="output: T",
                attrs=f"{_WINDOW}; include_batch_in_index: bool = false; Targmax: {{int32, int64}}; "
                      "T: realnumbertype", shape=_shape)


def _attrs(op):
    """The attributes that say which windows there are."""
    names = ("ksize", "strides", "padding", "data_format", "include_batch_in_index")
    return {name: op.get_attr(name) for name in names if name in op.op_def.attrs}


def _zeros_of(x):
    return tf.zeros(shape=tf.shape(x), dtype=x.dtype)


def _register_gradients(maximum, average):
    grad_op, grad_grad_op = maximum + "Grad", maximum + "GradGrad"

    @RegisterGradient(maximum)
    def _max_pool_grad(op, grad):
        return getattr(raw_ops, grad_op)(op.inputs[0], op.outputs[0], grad, **_attrs(op))

    @RegisterGradient(grad_op)
    def _max_pool_grad_grad(op, grad):
        x, y, _ = op.inputs
        return _zeros_of(x), _zeros_of(y), getattr(raw_ops, grad_grad_op)(x, y, grad, **_attrs(op))

    @RegisterGradient(grad_grad_op)
    def _max_pool_grad_grad_grad(op, grad):
        x, y, _ = op.inputs
        return _zeros_of(x), _zeros_of(y), getattr(raw_ops, grad_op)(x, y, grad, **_attrs(op))

    @RegisterGradient(average)
    def _avg_pool_grad(op, grad):
        return getattr(raw_ops, average + "Grad")(tf.shape(op.inputs[0]), grad, **_attrs(op))

    @RegisterGradient(average + "Grad")
    def _avg_pool_grad_grad(op, grad):
        return None, getattr(raw_ops, average)(grad, **_attrs(op))


_register_gradients("MaxPool", "AvgPool")
_register_gradients("MaxPool3D", "AvgPool3D")


@RegisterGradient("MaxPoolWithArgmax")
def _max_pool_with_argmax_grad(op, grad, _):
    return raw_ops.MaxPoolGradWithArgmax(op.inputs[0], grad, op.outputs[1], **_attrs(op))


@RegisterGradient("MaxPoolGradWithArgmax")
def _max_pool_grad_with_argmax_grad(op, grad):
    return _zeros_of(op.inputs[0]), raw_ops.MaxPoolGradGradWithArgmax(
        op.inputs[0], grad, op.inputs[2], **_attrs(op)), None


@RegisterGradient("MaxPoolGradGradWithArgmax")
def _max_pool_grad_grad_with_argmax_grad(op, grad):
    return _zeros_of(op.inputs[0]), raw_ops.MaxPoolGradWithArgmax(
        op.inputs[0], grad, op.inputs[2], **_attrs(op)), None


# ---------------------------------------------------------------- functions


def _windows_of(ksize, strides, data_format, count):
    index = 1 if data_format.startswith("NC") else count + 1
    return (windows.sequence(ksize, count, index, "ksize"), windows.sequence(strides, count, index, "strides"))


@tf_export("nn.max_pool")
def max_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):
    """The largest entry of each window.

    Args:
      value: 4-D tensor. ksize, strides: a number, 2 numbers (height, width), or one per dimension.
      padding: "SAME" (as many windows as `ceil(size / stride)`) or "VALID" (windows inside only).
      data_format: "NHWC" or "NCHW". input: another name of `value`.

    Example:
      >>> import graphflow as tf
      >>> tf.nn.max_pool(tf.zeros([1, 8, 8, 3]), [1, 2, 2, 1], [1, 2, 2, 1], "SAME").shape
      TensorShape([Dimension(1), Dimension(4), Dimension(4), Dimension(3)])
    """
    value = either_argument("input", input, "value", value)
    with name_scope(name, "MaxPool", [value]) as scope:
        ksize, strides = _windows_of(ksize, strides, data_format or "NHWC", 2)
        if 0 in ksize:
            raise ValueError("ksize cannot be zero.")
        return raw_ops.MaxPool(value, ksize=ksize, strides=strides, padding=padding,
                               data_format=data_format or "NHWC", name=scope)


@tf_export("nn.avg_pool", "nn.avg_pool2d")
def avg_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):
    """The mean of each window; padding does not count. Arguments as `max_pool`."""
    with name_scope(name, "AvgPool", [value]) as scope:
        value = either_argument("input", input, "value", value)
        ksize, strides = _windows_of(ksize, strides, data_format or "NHWC", 2)
        return raw_ops.AvgPool(value, ksize=ksize, strides=strides, padding=padding,
                               data_format=data_format or "NHWC", name=scope)


@tf_export("nn.max_pool2d")
def max_pool2d(input, ksize, strides, padding, data_format="NHWC", name=None):
    """`max_pool` of images."""
    with name_scope(name, "MaxPool2d", [input]) as scope:
        ksize, strides = _windows_of(ksize, strides, data_format or "NHWC", 2)
        return raw_ops.MaxPool(input, ksize=ksize, strides=strides, padding=padding,
                               data_format=data_format or "NHWC", name=scope)


def _pool_1d(op, default_name, input, ksize, strides, padding, data_format, name):
    with name_scope(name, default_name, [input]) as scope:
        data_format = data_format or "NWC"
        ksize, strides = ([1, *v] for v in _windows_of(ksize, strides, data_format, 1))
        axis = 1 if data_format == "NWC" else 2
        wide = tf.expand_dims(input, axis)
        result = op(wide, ksize=ksize, strides=strides, padding=padding,
                    data_format="NHWC" if axis == 1 else "NCHW", name=scope)
        return tf.squeeze(result, axis)


@tf_export("nn.max_pool1d")
def max_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):
    """`max_pool` of a 3-D tensor, "NWC" or "NCW"."""
    return _pool_1d(raw_ops.MaxPool, "MaxPool1d", input, ksize, strides, padding, data_format, name)


@tf_export("nn.avg_pool1d")
def avg_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):
    """`avg_pool` of a 3-D tensor, "NWC" or "NCW"."""
    return _pool_1d(raw_ops.AvgPool, "AvgPool1D", input, ksize, strides, padding, data_format, name)


def _pool_3d(op, default_name, input, ksize, strides, padding, data_format, name):
    with name_scope(name, default_name, [input]) as scope:
        data_format = data_format or "NDHWC"
        ksize, strides = _windows_of(ksize, strides, data_format, 3)
        return op(input, ksize=ksize, strides=strides, padding=padding, data_format=data_format, name=scope)


@tf_export("nn.max_pool3d")
def max_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):
    """`max_pool` of a 5-D tensor, "NDHWC" or "NCDHW"."""
    return _pool_3d(raw_ops.MaxPool3D, "MaxPool3D", input, ksize, strides, padding, data_format, name)


@tf_export("nn.avg_pool3d")
def avg_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):
    """`avg_pool` of a 5-D tensor, "NDHWC" or "NCDHW"."""
    return _pool_3d(raw_ops.AvgPool3D, "AvgPool3D", input, ksize, strides, padding, data_format, name)


def _any_rank(one, two, three, input, ksize, strides, padding, data_format, name):
    rank = convert_to_tensor(input).shape.ndims
    count = (len(data_format) if rank is None and data_format else rank or 0) - 2
    if not 1 <= count <= 3:
        raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {count + 2}.")
    if count == 2:
        data_format = data_format or "NHWC"
        ksize, strides = _windows_of(ksize, strides, data_format, 2)
        return two(input, ksize=ksize, strides=strides, padding=padding, data_format=data_format, name=name)
    return (one if count == 1 else three)(input, ksize, strides, padding, data_format, name)


@tf_export("nn.max_pool_v2")
def max_pool_v2(input, ksize, strides, padding, data_format=None, name=None):
    """`max_pool` of a tensor with 1 to 3 spatial dimensions."""
    return _any_rank(max_pool1d, raw_ops.MaxPool, max_pool3d, input, ksize, strides, padding, data_format, name)


@tf_export("nn.avg_pool_v2")
def avg_pool_v2(input, ksize, strides, padding, data_format=None, name=None):
    """`avg_pool` of a tensor with 1 to 3 spatial dimensions."""
    return _any_rank(avg_pool1d, raw_ops.AvgPool, avg_pool3d, input, ksize, strides, padding, data_format, name)


@tf_export("nn.max_pool_with_argmax")
def max_pool_with_argmax(input, ksize, strides, padding, data_format="NHWC", Targmax=None, name=None,
                         output_dtype=None, include_batch_in_index=False):
    """`max_pool`, and the flat position of each maximum: a namedtuple (output, argmax)."""
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    Targmax = either_argument("output_dtype", output_dtype, "Targmax", Targmax)
    return raw_ops.MaxPoolWithArgmax(input, ksize=ksize, strides=strides, padding=padding,
                                     Targmax=Targmax or dtypes.int64,
                                     include_batch_in_index=include_batch_in_index, name=name)


@tf_export("nn.pool")
def pool(input, window_shape, pooling_type, padding, dilation_rate=None, strides=None, name=None,
         data_format=None, dilations=None):
    """Pooling over `len(window_shape)` spatial dimensions; `pooling_type` is "MAX" or "AVG".

    Raises ValueError for strides above the window, and for strides or "SAME" together with dilations.
    """
    dilation_rate = either_argument("dilations", dilations, "dilation_rate", dilation_rate)
    with name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        input = convert_to_tensor(input, name="input")
        count = len(window_shape)
        if not 1 <= count <= 3:
            raise ValueError("It is required that 1 <= num_spatial_dims <= 3.")
        input.get_shape().with_rank(count + 2)
        strides, rates = checked_strides_and_rates(count, strides, dilation_rate)
        if padding == "SAME" and np.any(rates > 1):
            raise ValueError("pooling with SAME padding is not implemented for dilation_rate > 1")
        if np.any(strides > window_shape):
            raise ValueError("strides > window_shape not supported due to inconsistency between CPU and GPU "
                             "implementations")
        if pooling_type not in ("MAX", "AVG"):
            raise ValueError(f"{count}-D {pooling_type} pooling is not supported.")
        first = data_format is not None and data_format.startswith("NC")
        axes = range(2, count + 2) if first else range(1, count + 1)

        def op(converted, _, converted_padding):
            return _pool_once(pooling_type, converted, list(window_shape), list(strides), converted_padding,
                              data_format, axes[0], scope)

        return with_space_to_batch(input, rates, padding, op, filter_shape=window_shape, spatial_dims=axes)


def _pool_once(kind, value, window, strides, padding, data_format, axis, scope):
    count = len(window)
    if count == 3:
        return (max_pool3d if kind == "MAX" else avg_pool3d)(value, window, strides, padding, data_format, scope)
    function = max_pool if kind == "MAX" else avg_pool
    if count == 2:
        return function(value, window, strides, padding, data_format, scope)
    if data_format not in (None, "NWC", "NCW"):
        raise ValueError('data_format must be either "NWC" or "NCW".')
    wide = tf.expand_dims(value, axis)
    result = function(wide, [1, *window], [1, *strides], padding, "NCHW" if data_format == "NCW" else "NHWC", scope)
    return tf.squeeze(result, [axis])
