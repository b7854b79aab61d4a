"""Convolution layers in 1, 2 and 3 dimensions. State: see `base`.

Shared arguments:
  filters: number of output channels. kernel_size, strides, dilation_rate: an integer or one per spatial dimension;
  strides and dilation may not both be above 1. padding: "valid" or "same". data_format: "channels_last" or
  "channels_first". activation: function or None. use_bias: whether there is a bias. The initializers, regularizers
  and constraints are those of the variables `kernel` [window..., in, out] and `bias` [out].
ValueError is raised for others, and where the number of channels is unknown.
"""

import functools

import numpy as np

from graphflow.framework import public as tf
from graphflow.framework import raw_ops
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.tensor_shape import TensorShape
from graphflow.layers import utils
from graphflow.layers.base import InputSpec, Layer, input_channels
from graphflow.ops.init_ops import Zeros


class Conv(Layer):
    """What convolutions share; `rank` is the number of spatial dimensions."""

    rank = None

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format="channels_last",
                 dilation_rate=1, activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(trainable=trainable, name=name, activity_regularizer=activity_regularizer, **kwargs)
        self.filters = filters
        self.kernel_size = utils.normalize_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = utils.normalize_tuple(strides, self.rank, "strides")
        self.padding = utils.normalize_padding(padding)
        if self.padding == "causal" and self.rank != 1:
            raise ValueError("Causal padding is only supported for `Conv1D`and ``SeparableConv1D`.")
        self.data_format = utils.normalize_data_format(data_format)
        self.dilation_rate = utils.normalize_tuple(dilation_rate, self.rank, "dilation_rate")
        self.activation = utils.activation_function(activation)
        self.use_bias = use_bias
        self.kernel_initializer = utils.initializer(kernel_initializer)
        self.bias_initializer = utils.initializer(bias_initializer)
        self.kernel_regularizer = utils.function_or_none(kernel_regularizer, "regularizer")
        self.bias_regularizer = utils.function_or_none(bias_regularizer, "regularizer")
        self.kernel_constraint = utils.function_or_none(kernel_constraint, "constraint")
        self.bias_constraint = utils.function_or_none(bias_constraint, "constraint")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    # ---- variables

    def _channels(self, input_shape):
        """Channels of the input, which the input spec then asks for."""
        axis = 1 if self.data_format == "channels_first" else -1
        channels = input_channels(input_shape, axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def _add_kernel(self, shape):
        self.kernel = self.add_weight(
            "kernel", shape, initializer=self.kernel_initializer, regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint)

    def _add_bias(self):
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                "bias", (self.filters,), initializer=self.bias_initializer, regularizer=self.bias_regularizer,
                constraint=self.bias_constraint)

    def build(self, input_shape):
        self._add_kernel((*self.kernel_size, self._channels(input_shape), self.filters))
        self._add_bias()

    # ---- calls

    def _format(self):
        return utils.convert_data_format(self.data_format, self.rank + 2)

    def _windows(self, values):
        """`values` with 1 for batch and channels."""
        return [1, 1, *values] if self.data_format == "channels_first" else [1, *values, 1]

    def _causally_padded(self, inputs):
        left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        return tf.pad(inputs, [[left if i == self._windows(["w"]).index("w") and j == 0 else 0 for j in (0, 1)]
                               for i in range(3)])

    def _convolved(self, inputs, padding):
        if self.rank == 1:
            op = functools.partial(lookup("nn.conv1d"), stride=list(self.strides))
        else:
            op = functools.partial(raw_ops.Conv2D if self.rank == 2 else raw_ops.Conv3D,
                                   strides=self._windows(self.strides))
        return op(inputs, self.kernel, padding=padding, data_format=self._format())

    def call(self, inputs):
        padding = self.padding.upper()
        if self.padding == "causal":
            inputs, padding = self._causally_padded(inputs), "VALID"
        if any(rate > 1 for rate in self.dilation_rate):
            if any(stride > 1 for stride in self.strides):
                raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
            first = 2 if self.data_format == "channels_first" else 1
            outputs = lookup("nn.with_space_to_batch")(
                inputs, np.array(self.dilation_rate, np.int32), padding,
                lambda moved, _, padding: self._convolved(moved, padding), filter_shape=self.kernel.get_shape(),
                spatial_dims=range(first, first + self.rank), data_format=self._format())
        else:
            outputs = self._convolved(inputs, padding)
        return self._finished(outputs)

    def _finished(self, outputs):
        """`outputs` with bias and activation."""
        if self.use_bias:
            first = self.data_format == "channels_first"
            if first and self.rank == 1:
                outputs += tf.reshape(self.bias, (1, self.filters, 1))
            else:
                outputs = lookup("nn.bias_add")(outputs, self.bias, data_format="NCHW" if first else "NHWC")
        return outputs if self.activation is None else self.activation(outputs)

    def _output_length(self, length, i):
        padding = "same" if self.padding == "causal" else self.padding
        return utils.conv_output_length(length, self.kernel_size[i], padding, self.strides[i], self.dilation_rate[i])

    def compute_output_shape(self, input_shape):
        sizes = TensorShape(input_shape).as_list()
        first = self.data_format == "channels_first"
        space = sizes[2:] if first else sizes[1:-1]
        space = [self._output_length(length, i) for i, length in enumerate(space)]
        return TensorShape([sizes[0], self.filters, *space] if first else [sizes[0], *space, self.filters])


@tf_export("layers.Conv1D")
class Conv1D(Conv):
    """Convolution of [batch, length, channels]; arguments as in this module's description."""

    rank = 1

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format="channels_last",
                 dilation_rate=1, activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs)


@tf_export("layers.Conv2D")
class Conv2D(Conv):
    """Convolution of [batch, height, width, channels]; arguments as in this module's description."""

    rank = 2

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format="channels_last",
                 dilation_rate=(1, 1), activation=None, use_bias=True, kernel_initializer=None,
                 bias_initializer=Zeros(), kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs)


@tf_export("layers.Conv3D")
class Conv3D(Conv):
    """Convolution of [batch, depth, height, width, channels]; arguments as in this module's description."""

    rank = 3

    def __init__(self, filters, kernel_size, strides=(1, 1, 1), padding="valid", data_format="channels_last",
                 dilation_rate=(1, 1, 1), activation=None, use_bias=True, kernel_initializer=None,
                 bias_initializer=Zeros(), kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 kernel_constraint=None, bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs)


def applied(layer_class, inputs, name, reuse, *arguments):
    """The layer made with positional `arguments` up to `trainable`, called with `inputs`."""
    return layer_class(*arguments, name=name, _reuse=reuse, _scope=name).apply(inputs)


@tf_export("layers.conv1d")
def conv1d(inputs, filters, kernel_size, strides=1, padding="valid", data_format="channels_last", dilation_rate=1,
           activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(), kernel_regularizer=None,
           bias_regularizer=None, activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
           trainable=True, name=None, reuse=None):
    """Convolution of [batch, length, channels]; arguments as of `tf.layers.conv2d`."""
    return applied(Conv1D, inputs, name, reuse, filters, kernel_size, strides, padding, data_format, dilation_rate,
                    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                    activity_regularizer, kernel_constraint, bias_constraint, trainable)


@tf_export("layers.conv2d")
def conv2d(inputs, filters, kernel_size, strides=(1, 1), padding="valid", data_format="channels_last",
           dilation_rate=(1, 1), activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
           kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
           bias_constraint=None, trainable=True, name=None, reuse=None):
    """Convolution of [batch, height, width, channels].

    Args:
      filters: number of output channels. kernel_size, strides, dilation_rate: an integer or two; strides and
        dilation may not both be above 1. padding: "valid" or "same". data_format: "channels_last" or
        "channels_first". activation: function or None. kernel_initializer, bias_initializer: None for the variable
        scope's. kernel_regularizer, bias_regularizer, activity_regularizer: functions whose results become losses.
        name: variable scope. reuse: whether it shares the variables of a layer of that name.
    Raises ValueError for others, and if the number of channels is unknown.

    Example:
      >>> import graphflow as tf
      >>> images = tf.placeholder(tf.float32, [None, 8, 8, 3])
      >>> tf.layers.conv2d(images, 16, 3, padding="same", name="first")
      <tf.Tensor 'first/BiasAdd:0' shape=(?, 8, 8, 16) dtype=float32>
    """
    return applied(Conv2D, inputs, name, reuse, filters, kernel_size, strides, padding, data_format, dilation_rate,
                    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                    activity_regularizer, kernel_constraint, bias_constraint, trainable)


@tf_export("layers.conv3d")
def conv3d(inputs, filters, kernel_size, strides=(1, 1, 1), padding="valid", data_format="channels_last",
           dilation_rate=(1, 1, 1), activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
           kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
           bias_constraint=None, trainable=True, name=None, reuse=None):
    """Convolution of [batch, depth, height, width, channels]; arguments as of `tf.layers.conv2d`."""
    return applied(Conv3D, inputs, name, reuse, filters, kernel_size, strides, padding, data_format, dilation_rate,
                    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                    activity_regularizer, kernel_constraint, bias_constraint, trainable)
