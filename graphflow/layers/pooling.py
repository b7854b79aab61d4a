"""Pooling layers: maxima and means of windows in 1, 2 or 3 dimensions. They hold no variables."""

from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.tensor_shape import TensorShape
from graphflow.layers import utils
from graphflow.layers.base import InputSpec, Layer


class _Pooling(Layer):
    """What all share. Subclasses set `rank` and `op`, the public path of the pooling op."""

    def __init__(self, pool_size, strides, padding="valid", data_format="channels_last", name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.pool_size = utils.normalize_tuple(pool_size, self.rank, "pool_size")
        if strides is None:
            raise ValueError("Argument `strides` must not be None.")
        self.strides = utils.normalize_tuple(strides, self.rank, "strides")
        self.padding = utils.normalize_padding(padding, ("valid", "same"))
        self.data_format = utils.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _pooled(self, inputs, pool_size, strides):
        """Pooling of channels-last `inputs`."""
        return lookup(self.op)(inputs, ksize=(1, *pool_size, 1), strides=(1, *strides, 1),
                               padding=self.padding.upper())

    def compute_output_shape(self, input_shape):
        sizes = TensorShape(input_shape).as_list()
        first = 2 if self.data_format == "channels_first" else 1
        for i in range(self.rank):
            sizes[first + i] = utils.conv_output_length(sizes[first + i], self.pool_size[i], self.padding,
                                                        self.strides[i])
        return TensorShape(sizes)


class _Pooling1D(_Pooling):
    rank = 1

    def call(self, inputs):
        first = self.data_format == "channels_first"
        axis = 3 if first else 2
        outputs = tf.expand_dims(inputs, axis)
        if first:
            outputs = tf.transpose(outputs, (0, 2, 3, 1))
        outputs = self._pooled(outputs, (*self.pool_size, 1), (*self.strides, 1))
        if first:
            outputs = tf.transpose(outputs, (0, 3, 1, 2))
        return tf.squeeze(outputs, axis)


class _Pooling2D(_Pooling):
    rank = 2

    def call(self, inputs):
        if self.data_format == "channels_last":
            return self._pooled(inputs, self.pool_size, self.strides)
        return lookup(self.op)(inputs, ksize=(1, 1, *self.pool_size), strides=(1, 1, *self.strides),
                               padding=self.padding.upper(), data_format="NCHW")


class _Pooling3D(_Pooling):
    rank = 3

    def call(self, inputs):
        if self.data_format == "channels_last":
            return self._pooled(inputs, self.pool_size, self.strides)
        outputs = self._pooled(tf.transpose(inputs, (0, 2, 3, 4, 1)), self.pool_size, self.strides)
        return tf.transpose(outputs, (0, 4, 1, 2, 3))


@tf_export("layers.MaxPooling1D")
class MaxPooling1D(_Pooling1D):
    """Maxima of windows of [batch, length, channels]."""

    op = "nn.max_pool"


@tf_export("layers.AveragePooling1D")
class AveragePooling1D(_Pooling1D):
    """Means of windows of [batch, length, channels]."""

    op = "nn.avg_pool"


@tf_export("layers.MaxPooling2D")
class MaxPooling2D(_Pooling2D):
    """Maxima of windows of [batch, height, width, channels]."""

    op = "nn.max_pool"


@tf_export("layers.AveragePooling2D")
class AveragePooling2D(_Pooling2D):
    """Means of windows of [batch, height, width, channels]."""

    op = "nn.avg_pool"


@tf_export("layers.MaxPooling3D")
class MaxPooling3D(_Pooling3D):
    """Maxima of windows of [batch, depth, height, width, channels]."""

    op = "nn.max_pool3d"


@tf_export("layers.AveragePooling3D")
class AveragePooling3D(_Pooling3D):
    """Means of windows of [batch, depth, height, width, channels]."""

    op = "nn.avg_pool3d"


@tf_export("layers.max_pooling1d")
def max_pooling1d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """Maxima of windows of [batch, length, channels]; arguments as of `tf.layers.max_pooling2d`."""
    return MaxPooling1D(pool_size, strides, padding, data_format, name).apply(inputs)


@tf_export("layers.average_pooling1d")
def average_pooling1d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """Means of windows of [batch, length, channels]; arguments as of `tf.layers.max_pooling2d`."""
    return AveragePooling1D(pool_size, strides, padding, data_format, name).apply(inputs)


@tf_export("layers.max_pooling2d")
def max_pooling2d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """Maxima of windows of [batch, height, width, channels].

    Args: pool_size, strides: an integer or one per spatial dimension. padding: "valid" or "same".
      data_format: "channels_last" or "channels_first".
    Raises ValueError for others.

    Example:
      >>> import graphflow as tf
      >>> tf.layers.max_pooling2d(tf.ones([1, 4, 4, 3]), 2, 2).shape
      TensorShape([Dimension(1), Dimension(2), Dimension(2), Dimension(3)])
    """
    return MaxPooling2D(pool_size, strides, padding, data_format, name).apply(inputs)


@tf_export("layers.average_pooling2d")
def average_pooling2d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """Means of windows of [batch, height, width, channels]; arguments as of `tf.layers.max_pooling2d`."""
    return AveragePooling2D(pool_size, strides, padding, data_format, name).apply(inputs)


@tf_export("layers.max_pooling3d")
def max_pooling3d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """Maxima of windows of [batch, depth, height, width, channels]; arguments as of `tf.layers.max_pooling2d`."""
    return MaxPooling3D(pool_size, strides, padding, data_format, name).apply(inputs)


@tf_export("layers.average_pooling3d")
def average_pooling3d(inputs, pool_size, strides, padding="valid", data_format="channels_last", name=None):
    """Means of windows of [batch, depth, height, width, channels]; arguments as of `tf.layers.max_pooling2d`."""
    return AveragePooling3D(pool_size, strides, padding, data_format, name).apply(inputs)
