"""Separable convolution layers: each channel by itself, then across channels. State: see `base`.

Arguments are those of `convolutional`, and: `depth_multiplier`, outputs of each channel by itself. Variables:
`depthwise_kernel` [window..., in, multiplier], `pointwise_kernel` [1..., in * multiplier, out] and `bias`.
"""

from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.layers import utils
from graphflow.layers.convolutional import Conv, applied
from graphflow.ops.init_ops import Zeros


class _Separable(Conv):
    """What both share."""

    def __init__(self, filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier,
                 activation, use_bias, depthwise_initializer, pointwise_initializer, bias_initializer,
                 depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer,
                 depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name, **kwargs):
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, trainable=trainable,
            name=name, **kwargs)
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = utils.initializer(depthwise_initializer)
        self.pointwise_initializer = utils.initializer(pointwise_initializer)
        self.depthwise_regularizer = utils.function_or_none(depthwise_regularizer, "regularizer")
        self.pointwise_regularizer = utils.function_or_none(pointwise_regularizer, "regularizer")
        self.depthwise_constraint = utils.function_or_none(depthwise_constraint, "constraint")
        self.pointwise_constraint = utils.function_or_none(pointwise_constraint, "constraint")

    def build(self, input_shape):
        channels = self._channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer, regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint)
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel", (1,) * self.rank + (self.depth_multiplier * channels, self.filters),
            initializer=self.pointwise_initializer, regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint)
        self._add_bias()

    def _separable(self, inputs, depthwise, pointwise, strides, padding, rate):
        strides = (1, *strides, 1) if self.data_format == "channels_last" else (1, 1, *strides)
        return lookup("nn.separable_conv2d")(
            inputs, depthwise, pointwise, strides=strides, padding=padding, rate=rate,
            data_format=utils.convert_data_format(self.data_format, 4))

    def _with_bias(self, outputs):
        """The 4-D `outputs` with the bias."""
        if not self.use_bias:
            return outputs
        return lookup("nn.bias_add")(outputs, self.bias, data_format=utils.convert_data_format(self.data_format, 4))

    def _activated(self, outputs):
        return outputs if self.activation is None else self.activation(outputs)


@tf_export("layers.SeparableConv1D")
class SeparableConv1D(_Separable):
    """Separable convolution of [batch, length, channels]."""

    rank = 1

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format="channels_last",
                 dilation_rate=1, depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer=None,
                 pointwise_initializer=None, bias_initializer=Zeros(), depthwise_regularizer=None,
                 pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, trainable=True,
                 name=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier,
                         activation, use_bias, depthwise_initializer, pointwise_initializer, bias_initializer,
                         depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer,
                         depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name, **kwargs)

    def call(self, inputs):
        padding = self.padding.upper()
        if self.padding == "causal":
            inputs, padding = self._causally_padded(inputs), "VALID"
        axis = 1 if self.data_format == "channels_last" else 2
        outputs = self._separable(
            tf.expand_dims(inputs, axis), tf.expand_dims(self.depthwise_kernel, 0),
            tf.expand_dims(self.pointwise_kernel, 0), self.strides * 2, padding, (1, *self.dilation_rate))
        return self._activated(tf.squeeze(self._with_bias(outputs), [axis]))


@tf_export("layers.SeparableConv2D")
class SeparableConv2D(_Separable):
    """Separable convolution of [batch, height, width, channels]."""

    rank = 2

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format="channels_last",
                 dilation_rate=(1, 1), depth_multiplier=1, activation=None, use_bias=True,
                 depthwise_initializer=None, pointwise_initializer=None, bias_initializer=Zeros(),
                 depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, depthwise_constraint=None, pointwise_constraint=None,
                 bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier,
                         activation, use_bias, depthwise_initializer, pointwise_initializer, bias_initializer,
                         depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer,
                         depthwise_constraint, pointwise_constraint, bias_constraint, trainable, name, **kwargs)

    def call(self, inputs):
        outputs = self._separable(inputs, self.depthwise_kernel, self.pointwise_kernel, self.strides,
                                  self.padding.upper(), self.dilation_rate)
        return self._activated(self._with_bias(outputs))


@tf_export("layers.separable_conv1d")
def separable_conv1d(inputs, filters, kernel_size, strides=1, padding="valid", data_format="channels_last",
                     dilation_rate=1, depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer=None,
                     pointwise_initializer=None, bias_initializer=Zeros(), depthwise_regularizer=None,
                     pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                     depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, trainable=True,
                     name=None, reuse=None):
    """Separable convolution of [batch, length, channels]; arguments as of `tf.layers.separable_conv2d`."""
    return applied(SeparableConv1D, inputs, name, reuse, filters, kernel_size, strides, padding, data_format,
                   dilation_rate, depth_multiplier, activation, use_bias, depthwise_initializer,
                   pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                   bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint,
                   bias_constraint, trainable)


@tf_export("layers.separable_conv2d")
def separable_conv2d(inputs, filters, kernel_size, strides=(1, 1), padding="valid", data_format="channels_last",
                     dilation_rate=(1, 1), depth_multiplier=1, activation=None, use_bias=True,
                     depthwise_initializer=None, pointwise_initializer=None, bias_initializer=Zeros(),
                     depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None,
                     activity_regularizer=None, depthwise_constraint=None, pointwise_constraint=None,
                     bias_constraint=None, trainable=True, name=None, reuse=None):
    """Separable convolution of [batch, height, width, channels].

    Args: depth_multiplier: outputs of each channel by itself. Others: as of `tf.layers.conv2d`.
    """
    return applied(SeparableConv2D, inputs, name, reuse, filters, kernel_size, strides, padding, data_format,
                   dilation_rate, depth_multiplier, activation, use_bias, depthwise_initializer,
                   pointwise_initializer, bias_initializer, depthwise_regularizer, pointwise_regularizer,
                   bias_regularizer, activity_regularizer, depthwise_constraint, pointwise_constraint,
                   bias_constraint, trainable)
