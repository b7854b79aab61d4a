"""The convolution functions of `tf.nn`, built on the ops in `conv`.

Op types, names and helper ops are TensorFlow 1.15's. Holds no state.
"""

import functools

import numpy as np

from graphflow.framework import public as tf
from graphflow.framework import raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import either_argument, warn_once
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.tensor import Tensor
from graphflow.framework.windows import sequence
from graphflow.ops.space_batch import checked_strides_and_rates, with_space_to_batch


def _padding(padding):
    """(padding attribute, explicit_paddings attribute) of a name or a list of 4 pairs."""
    if padding == "EXPLICIT":
        raise ValueError('"EXPLICIT" is not a valid value for the padding parameter. To use explicit padding, the '
                         "padding parameter must be a list.")
    if not isinstance(padding, (list, tuple)):
        return padding, []
    for i, pair in enumerate(padding):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError("When padding is a list, each element of padding must be a list/tuple of size 2. "
                             f"Element with index {i} of padding is {pair!r}")
    if len(padding) != 4:
        raise ValueError(f"When padding is a list, it must be of size 4. Got padding of size: {len(padding)}")
    return "EXPLICIT", [value for pair in padding for value in pair]


def _channel_index(data_format, count):
    return 1 if data_format is not None and data_format.startswith("NC") else count + 1


# ---------------------------------------------------------------- two dimensions


@tf_export("nn.conv2d")
def conv2d(input, filter=None, strides=None, padding=None, use_cudnn_on_gpu=True, data_format="NHWC",
           dilations=[1, 1, 1, 1], name=None, filters=None):  # noqa: B006 - TensorFlow's default, never changed
    """Convolution of images.

    Args:
      input: 4-D float tensor. filter: [height, width, in_channels, out_channels]. strides, dilations: a
        number, 2 numbers (height, width), or one per dimension. padding: "SAME", "VALID", or a list of
        4 pairs (before, after). data_format: "NHWC" or "NCHW". filters: another name of `filter`.
    Raises ValueError if shapes don't fit.

    Example:
      >>> import graphflow as tf
      >>> images, filters = tf.zeros([2, 28, 28, 3]), tf.zeros([5, 5, 3, 8])
      >>> tf.nn.conv2d(images, filters, strides=[1, 1, 1, 1], padding="SAME").shape.as_list()
      [2, 28, 28, 8]
    """
    filter = either_argument("filters", filters, "filter", filter)
    padding, explicit = _padding(padding)
    data_format = data_format or "NHWC"
    index = _channel_index(data_format, 2)
    return raw_ops.Conv2D(
        input, filter, strides=sequence(strides, 2, index, "strides"), padding=padding,
        use_cudnn_on_gpu=use_cudnn_on_gpu, explicit_paddings=explicit, data_format=data_format,
        dilations=sequence(dilations, 2, index, "dilations"), name=name)


@tf_export("nn.conv2d_backprop_filter")
def conv2d_backprop_filter(input, filter_sizes, out_backprop, strides, padding, use_cudnn_on_gpu=True,
                           data_format="NHWC", dilations=[1, 1, 1, 1], name=None):  # noqa: B006
    """Gradient of `conv2d` to its filter, whose shape is `filter_sizes`."""
    padding, explicit = _padding(padding)
    return raw_ops.Conv2DBackpropFilter(
        input, filter_sizes, out_backprop, strides=strides, padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit, data_format=data_format, dilations=dilations, name=name)


@tf_export("nn.conv2d_backprop_input")
def conv2d_backprop_input(input_sizes, filter=None, out_backprop=None, strides=None, padding=None,
                          use_cudnn_on_gpu=True, data_format="NHWC", dilations=[1, 1, 1, 1], name=None,  # noqa: B006
                          filters=None):
    """Gradient of `conv2d` to its input, whose shape is `input_sizes`."""
    filter = either_argument("filters", filters, "filter", filter)
    padding, explicit = _padding(padding)
    return raw_ops.Conv2DBackpropInput(
        input_sizes, filter, out_backprop, strides=strides, padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
        explicit_paddings=explicit, data_format=data_format, dilations=dilations, name=name)


@tf_export("nn.conv2d_transpose", legacy=("nn.deconv2d",))
def conv2d_transpose(value=None, filter=None, output_shape=None, strides=None, padding="SAME",
                     data_format="NHWC", name=None, input=None, filters=None, dilations=None):
    """The transpose of `conv2d` ("deconvolution").

    Args: filter: [height, width, out_channels, in_channels]. output_shape: 1-D, of 4 sizes.
    """
    value = either_argument("input", input, "value", value)
    filter = either_argument("filters", filters, "filter", filter)
    with name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as scope:
        data_format = data_format or "NHWC"
        index = _channel_index(data_format, 2)
        return raw_ops.Conv2DBackpropInput(
            output_shape, filter, value, strides=sequence(strides, 2, index, "strides"), padding=padding,
            data_format=data_format, dilations=sequence(dilations, 2, index, "dilations"), name=scope)


@tf_export("nn.atrous_conv2d")
def atrous_conv2d(value, filters, rate, padding, name=None):
    """`conv2d` with filters dilated by `rate`, "NHWC"."""
    return convolution(value, filters, padding, dilation_rate=np.broadcast_to(rate, (2,)), name=name)


@tf_export("nn.atrous_conv2d_transpose")
def atrous_conv2d_transpose(value, filters, output_shape, rate, padding, name=None):
    """The transpose of `atrous_conv2d`; arguments as `conv2d_transpose`."""
    with name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]):
        value, filters = convert_to_tensor(value, name="value"), convert_to_tensor(filters, name="filters")
        if rate < 1:
            raise ValueError(f"rate {rate} cannot be less than one")
        if rate == 1:
            return conv2d_transpose(value, filters, output_shape, strides=[1, 1, 1, 1], padding=padding)
        if padding not in ("SAME", "VALID"):
            raise ValueError(f"padding must be either VALID or SAME: {padding}")
        shape = filters.shape.as_list() if filters.shape.is_fully_defined() else tf.shape(filters)
        total = [(shape[i] - 1) * rate if padding == "SAME" else 0 for i in (0, 1)]
        before = [extra // 2 for extra in total]
        sizes = [output_shape[i + 1] + total[i] for i in (0, 1)]
        missing = [(rate - size % rate) % rate for size in sizes]
        value = tf.space_to_batch(input=value, paddings=[[0, missing[0]], [0, missing[1]]], block_size=rate)
        inner = [rate * rate * output_shape[0], *((s + m) // rate for s, m in zip(sizes, missing)), output_shape[3]]
        value = raw_ops.Conv2DBackpropInput(inner, filters, value, strides=[1, 1, 1, 1], padding="VALID")
        crops = [[b, t - b + m] for b, t, m in zip(before, total, missing)]
        return tf.batch_to_space(input=value, crops=crops, block_size=rate)


# ---------------------------------------------------------------- one dimension


def _format_1d(data_format, names):
    """(2-D format, position of the new dimension, index of channels)."""
    if data_format is None or data_format in names[0]:
        return "NHWC", 1, 2
    if data_format in names[1]:
        return "NCHW", 2, 1
    raise ValueError('data_format must be "NWC" or "NCW".')


@tf_export("nn.conv1d")
def conv1d(value=None, filters=None, stride=None, padding=None, use_cudnn_on_gpu=None, data_format=None,
           name=None, input=None, dilations=None):
    """Convolution of sequences.

    Args: value: 3-D tensor. filters: [width, in_channels, out_channels]. data_format: "NWC" or "NCW".
    """
    value = either_argument("input", input, "value", value)
    if data_format in ("NHWC", "NCHW"):
        warn_once(("conv1d", data_format), f"tf.nn.conv1d: data_format {data_format} is deprecated, use "
                  f"{data_format.replace('H', '')} instead.", 3)
    with name_scope(name, "conv1d", [value, filters]) as scope:
        data_format, axis, index = _format_1d(data_format, (("NHWC", "NWC"), ("NCHW", "NCW")))
        strides = [1, *sequence(stride, 1, index, "stride")]
        dilations = [1, *sequence(dilations, 1, index, "dilations")]
        value, filters = tf.expand_dims(value, axis), tf.expand_dims(filters, 0)
        result = raw_ops.Conv2D(value, filters, strides=strides, padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
                                data_format=data_format, dilations=dilations, name=scope)
        return tf.squeeze(result, [axis])


@tf_export("nn.conv1d_transpose")
def conv1d_transpose(input, filters, output_shape, strides, padding="SAME", data_format="NWC", dilations=None,
                     name=None):
    """The transpose of `conv1d`; `output_shape` has 3 sizes."""
    with name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as scope:
        data_format, axis, index = _format_1d(data_format, (("NWC",), ("NCW",)))
        strides = [1, *sequence(strides, 1, index, "stride")]
        dilations = [1, *sequence(dilations, 1, index, "dilations")]
        input, filters = tf.expand_dims(input, axis), tf.expand_dims(filters, 0)
        sizes = output_shape if isinstance(output_shape, Tensor) else list(output_shape)
        sizes = tf.concat([sizes[:axis], [1], sizes[axis:]], 0)
        result = raw_ops.Conv2DBackpropInput(sizes, filters, input, strides=strides, padding=padding,
                                             data_format=data_format, dilations=dilations, name=scope)
        return tf.squeeze(result, axis)


# ---------------------------------------------------------------- three dimensions


@tf_export("nn.conv3d")
def conv3d(input, filter=None, strides=None, padding=None, data_format="NDHWC", dilations=[1, 1, 1, 1, 1],  # noqa: B006
           name=None, filters=None):
    """Convolution of volumes: filters are [depth, height, width, in_channels, out_channels]."""
    filter = either_argument("filters", filters, "filter", filter)
    return raw_ops.Conv3D(input, filter, strides=strides, padding=padding, data_format=data_format,
                          dilations=dilations, name=name)


@tf_export("nn.conv3d_backprop_filter", "nn.conv3d_backprop_filter_v2")
def conv3d_backprop_filter(input, filter_sizes, out_backprop, strides, padding, data_format="NDHWC",
                           dilations=[1, 1, 1, 1, 1], name=None):  # noqa: B006
    """Gradient of `conv3d` to its filter, whose shape is `filter_sizes`."""
    return raw_ops.Conv3DBackpropFilterV2(input, filter_sizes, out_backprop, strides=strides, padding=padding,
                                          data_format=data_format, dilations=dilations, name=name)


@tf_export("nn.conv3d_transpose")
def conv3d_transpose(value, filter=None, output_shape=None, strides=None, padding="SAME", data_format="NDHWC",
                     name=None, input=None, filters=None, dilations=None):
    """The transpose of `conv3d`; `output_shape` has 5 sizes."""
    filter = either_argument("filters", filters, "filter", filter)
    value = either_argument("input", input, "value", value)
    with name_scope(name, "conv3d_transpose", [value, filter, output_shape]) as scope:
        data_format = data_format or "NDHWC"
        index = _channel_index(data_format, 3)
        return raw_ops.Conv3DBackpropInputV2(
            output_shape, filter, value, strides=sequence(strides, 3, index, "strides"), padding=padding,
            data_format=data_format, dilations=sequence(dilations, 3, index, "dilations"), name=scope)


# ---------------------------------------------------------------- any number of dimensions


@tf_export("nn.conv_transpose")
def conv_transpose(input, filters, output_shape, strides, padding="SAME", data_format=None, dilations=None,
                   name=None):
    """The transpose of a convolution with 1, 2 or 3 spatial dimensions, as many as `output_shape` says."""
    with name_scope(name, "conv_transpose", [input, filters, output_shape]) as scope:
        if not isinstance(output_shape, Tensor) and not hasattr(output_shape, "__len__"):
            raise ValueError("output_shape must be a tensor or sized collection.")
        count = (output_shape.shape[0].value if isinstance(output_shape, Tensor) else len(output_shape)) - 2
        if count == 1:
            return conv1d_transpose(input, filters, output_shape, strides, padding, data_format, dilations, scope)
        if count not in (2, 3):
            raise ValueError(f"output_shape must be of length 3, 4 or 5 but was {count + 2}.")
        function = conv2d_transpose if count == 2 else conv3d_transpose
        return function(input, filters, output_shape, strides, padding, data_format, scope, dilations=dilations)


@tf_export("nn.convolution")
def convolution(input, filter, padding, strides=None, dilation_rate=None, name=None, data_format=None,
                filters=None, dilations=None):
    """Convolution with 1, 2 or 3 spatial dimensions, as many as the ranks say.

    Args:
      filter: [spatial..., in_channels, out_channels]. strides, dilation_rate: a number or one per spatial
        dimension; only one of them may be above 1. data_format: "NWC", "NCHW", "NDHWC", ...
    Raises ValueError if ranks are unknown or don't fit.
    """
    filter = either_argument("filters", filters, "filter", filter)
    dilation_rate = either_argument("dilations", dilations, "dilation_rate", dilation_rate)
    count = _spatial_count(input, filter)
    index = _channel_index(data_format, count)
    strides = sequence(strides, count, index, "strides")
    rates = sequence(dilation_rate, count, index, "dilations")
    with name_scope(name, "convolution", [input, filter]) as scope:
        if all(rate == 1 for rate in rates):
            return _convolve(input, filter, strides, padding, data_format, scope)
        input, filter = convert_to_tensor(input, name="input"), convert_to_tensor(filter, name="filter")
        inner = slice(2, None) if index == 1 else slice(1, -1)
        checked_strides_and_rates(count, strides[inner], rates[inner])
        spatial = range(2, count + 2) if index == 1 else range(1, count + 1)
        result = with_space_to_batch(
            input, np.array(rates[inner], np.int32), padding,
            lambda moved, _, padding: _convolve(moved, filter, strides, padding, data_format, scope),
            filter_shape=filter.get_shape(), spatial_dims=spatial, data_format=data_format)
        if index == 1 and None not in (result.shape.ndims, filter.shape.ndims):
            # Moving blocks across the channels loses their number where other sizes are unknown.
            result.set_shape([None, filter.shape[-1], *[None] * count])
        return result


def _spatial_count(input, filter):
    for value in (input, filter):
        shape = getattr(value, "shape", None)
        rank = shape.ndims if hasattr(shape, "ndims") else None if shape is None else len(shape)
        if rank is not None:
            if not 3 <= rank <= 5:
                raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {rank}.")
            return rank - 2
    raise ValueError("rank of input or filter must be known")


def _convolve(input, filter, strides, padding, data_format, name):
    count = len(strides) - 2
    if count == 1:
        return conv1d(input, filter, strides, padding, data_format=data_format, name=name)
    function = functools.partial(raw_ops.Conv2D if count == 2 else raw_ops.Conv3D, strides=strides, padding=padding,
                                 name=name)
    return function(input, filter, data_format=data_format or ("NHWC" if count == 2 else "NDHWC"))


# ---------------------------------------------------------------- depthwise


@tf_export("nn.depthwise_conv2d_native")
def depthwise_conv2d_native(input, filter, strides, padding, data_format="NHWC", dilations=[1, 1, 1, 1],  # noqa: B006
                            name=None):
    """Each channel convolved with filters of its own: [height, width, channels, multiplier]."""
    return raw_ops.DepthwiseConv2dNative(input, filter, strides=strides, padding=padding,
                                         data_format=data_format or "NHWC", dilations=dilations, name=name)


@tf_export("nn.depthwise_conv2d_backprop_input", "nn.depthwise_conv2d_native_backprop_input")
def depthwise_conv2d_native_backprop_input(input_sizes, filter, out_backprop, strides, padding,
                                           data_format="NHWC", dilations=[1, 1, 1, 1], name=None):  # noqa: B006
    """Gradient of `depthwise_conv2d_native` to its input."""
    return raw_ops.DepthwiseConv2dNativeBackpropInput(
        input_sizes, filter, out_backprop, strides=strides, padding=padding, data_format=data_format,
        dilations=dilations, name=name)


@tf_export("nn.depthwise_conv2d_backprop_filter", "nn.depthwise_conv2d_native_backprop_filter")
def depthwise_conv2d_native_backprop_filter(input, filter_sizes, out_backprop, strides, padding,
                                            data_format="NHWC", dilations=[1, 1, 1, 1], name=None):  # noqa: B006
    """Gradient of `depthwise_conv2d_native` to its filter."""
    return raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input, filter_sizes, out_backprop, strides=strides, padding=padding, data_format=data_format,
        dilations=dilations, name=name)


@tf_export("nn.depthwise_conv2d")
def depthwise_conv2d(input, filter, strides, padding, rate=None, name=None, data_format=None, dilations=None):
    """`depthwise_conv2d_native` that can dilate its filters by `rate`, 2 numbers.

    Returns a tensor with `channels * multiplier` channels.
    """
    rate = either_argument("dilations", dilations, "rate", rate)
    with name_scope(name, "depthwise", [input, filter]) as scope:
        input, filter = convert_to_tensor(input, name="tensor_in"), convert_to_tensor(filter, name="filter_in")
        return _dilated_depthwise(input, filter, strides, padding, rate, data_format, scope)


def _dilated_depthwise(input, filter, strides, padding, rate, data_format, name):
    def op(moved, _, padding):
        return depthwise_conv2d_native(moved, filter, strides, padding, data_format, name=name)

    return with_space_to_batch(input, [1, 1] if rate is None else rate, padding, op,
                               filter_shape=tf.shape(filter), data_format=data_format)


@tf_export("nn.separable_conv2d")
def separable_conv2d(input, depthwise_filter, pointwise_filter, strides, padding, rate=None, name=None,
                     data_format=None, dilations=None):
    """`depthwise_conv2d`, then a convolution with the 1 x 1 filter [1, 1, channels * multiplier, out]."""
    rate = either_argument("dilations", dilations, "rate", rate)
    with name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as scope:
        input = convert_to_tensor(input, name="tensor_in")
        depthwise_filter = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        shape = pointwise_filter.get_shape().with_rank(4)
        shape[0].assert_is_compatible_with(1)
        shape[1].assert_is_compatible_with(1)
        depthwise = _dilated_depthwise(input, depthwise_filter, strides, padding, rate, data_format, "depthwise")
        return conv2d(depthwise, pointwise_filter, [1, 1, 1, 1], padding="VALID", data_format=data_format, name=scope)
