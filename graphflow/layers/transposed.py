"""Transposed convolution layers ("deconvolution"). State: see `base`; arguments: see `convolutional`.

Their variable `kernel` is [window..., out, in].
"""

from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.tensor_shape import TensorShape
from graphflow.layers import utils
from graphflow.layers.convolutional import Conv, applied
from graphflow.ops.init_ops import Zeros


class _Transposed(Conv):
    """What both share. Subclasses set `rank`, and `op`, the public path of the op."""

    def build(self, input_shape):
        channels = self._channels(input_shape)
        self._add_kernel((*self.kernel_size, self.filters, channels))
        self._add_bias()

    def _output_length(self, length, i):
        return utils.deconv_output_length(length, self.kernel_size[i], self.padding, self.strides[i])

    def _transposed(self, inputs, data_format):
        """The op for `inputs` of "channels_last" or "channels_first"."""
        shape = tf.shape(inputs)
        first = data_format == "channels_first"
        axes = range(2, self.rank + 2) if first else range(1, self.rank + 1)
        space = [self._output_length(shape[axis], i) for i, axis in enumerate(axes)]
        sizes = [shape[0], self.filters, *space] if first else [shape[0], *space, self.filters]
        strides = (1, 1, *self.strides) if first else (1, *self.strides, 1)
        return lookup(self.op)(inputs, self.kernel, tf.stack(sizes), strides, padding=self.padding.upper(),
                               data_format=utils.convert_data_format(data_format, self.rank + 2))

    def call(self, inputs):
        outputs = self._transposed(inputs, self.data_format)
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return self._finished(outputs)


@tf_export("layers.Conv2DTranspose")
class Conv2DTranspose(_Transposed):
    """Transposed convolution of [batch, height, width, channels]."""

    rank = 2
    op = "nn.conv2d_transpose"

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format="channels_last",
                 activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, data_format, 1, activation, use_bias,
                         kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs)

    def call(self, inputs):
        if self.data_format == "channels_last":
            return super().call(inputs)
        # TensorFlow on a CPU, too, computes these with channels last.
        moved = self._transposed(tf.transpose(inputs, (0, 2, 3, 1)), "channels_last")
        outputs = tf.transpose(moved, (0, 3, 1, 2))
        outputs.set_shape(self.compute_output_shape(TensorShape(inputs.shape)))
        return self._finished(outputs)


@tf_export("layers.Conv3DTranspose")
class Conv3DTranspose(_Transposed):
    """Transposed convolution of [batch, depth, height, width, channels]."""

    rank = 3
    op = "nn.conv3d_transpose"

    def __init__(self, filters, kernel_size, strides=(1, 1, 1), padding="valid", data_format="channels_last",
                 activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, trainable=True, name=None, **kwargs):
        super().__init__(filters, kernel_size, strides, padding, data_format, 1, activation, use_bias,
                         kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                         activity_regularizer, kernel_constraint, bias_constraint, trainable, name, **kwargs)


@tf_export("layers.conv2d_transpose")
def conv2d_transpose(inputs, filters, kernel_size, strides=(1, 1), padding="valid", data_format="channels_last",
                     activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
                     kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                     kernel_constraint=None, bias_constraint=None, trainable=True, name=None, reuse=None):
    """Transposed convolution of [batch, height, width, channels]; arguments as of `tf.layers.conv2d`.

    Example:
      >>> import graphflow as tf
      >>> tf.layers.conv2d_transpose(tf.ones([1, 4, 4, 3]), 8, 3, strides=2, padding="same").shape
      TensorShape([Dimension(1), Dimension(8), Dimension(8), Dimension(8)])
    """
    return applied(Conv2DTranspose, inputs, name, reuse, filters, kernel_size, strides, padding, data_format,
                    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                    activity_regularizer, kernel_constraint, bias_constraint, trainable)


@tf_export("layers.conv3d_transpose")
def conv3d_transpose(inputs, filters, kernel_size, strides=(1, 1, 1), padding="valid", data_format="channels_last",
                     activation=None, use_bias=True, kernel_initializer=None, bias_initializer=Zeros(),
                     kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                     kernel_constraint=None, bias_constraint=None, trainable=True, name=None, reuse=None):
    """Transposed convolution of [batch, depth, height, width, channels]; arguments as of `tf.layers.conv2d`."""
    return applied(Conv3DTranspose, inputs, name, reuse, filters, kernel_size, strides, padding, data_format,
                    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
                    activity_regularizer, kernel_constraint, bias_constraint, trainable)
