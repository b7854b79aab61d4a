"""LSTMs whose products are convolutions: `tf.contrib.rnn.ConvLSTMCell`. State: their weights."""

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import RNNCell
from graphflow.nn.rnn_cell.lstm import LSTMStateTuple


@tf_export("contrib.rnn.ConvLSTMCell")
class ConvLSTMCell(RNNCell):
    """LSTM over sequences of lines, images or volumes (arXiv 1506.04214).

    Args: conv_ndims: 1, 2 or 3. input_shape: sizes of an input without the batch, channels last. output_channels:
      channels of c and h. kernel_shape: sizes of the kernel. use_bias: whether there is a bias. skip_connection:
      whether the output is h and the input, side by side. forget_bias: added to the forget gate. initializers: not
      used.
    Raises ValueError if `input_shape` has another number of dimensions.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.contrib.rnn.Conv2DLSTMCell(input_shape=[8, 8, 3], output_channels=4, kernel_shape=[3, 3])
      >>> images = tf.zeros([2, 5, 8, 8, 3])
      >>> outputs, state = tf.nn.dynamic_rnn(cell, images, dtype=tf.float32)
      >>> outputs.shape.as_list(), state.c.shape.as_list()
      ([2, 5, 8, 8, 4], [2, 8, 8, 4])
    """

    def __init__(self, conv_ndims, input_shape, output_channels, kernel_shape, use_bias=True, skip_connection=False,
                 forget_bias=1.0, initializers=None, name="conv_lstm_cell"):
        super().__init__(name=name)
        if conv_ndims not in (1, 2, 3) or conv_ndims != len(input_shape) - 1:
            raise ValueError(f"Invalid input_shape {input_shape} for conv_ndims={conv_ndims}.")
        self._conv_ndims = conv_ndims
        self._input_shape = list(input_shape)
        self._output_channels = output_channels
        self._kernel_shape = list(kernel_shape)
        self._use_bias = use_bias
        self._skip_connection = skip_connection
        self._forget_bias = forget_bias

    @property
    def state_size(self):
        """LSTMStateTuple of shapes."""
        return LSTMStateTuple(*[tf.TensorShape([*self._input_shape[:-1], self._output_channels])] * 2)

    @property
    def output_size(self):
        """Shape of the output."""
        more = self._input_shape[-1] if self._skip_connection else 0
        return tf.TensorShape([*self._input_shape[:-1], self._output_channels + more])

    def _convolved(self, value):
        channels = 4 * self._output_channels
        kernel = tf.get_variable("kernel", [*self._kernel_shape, value.shape[-1], channels], dtype=value.dtype)
        convolve = (tf.nn.conv1d, tf.nn.conv2d, tf.nn.conv3d)[self._conv_ndims - 1]
        strides = 1 if self._conv_ndims == 1 else [1] * (self._conv_ndims + 2)
        result = convolve(value, kernel, strides, padding="SAME")
        if not self._use_bias:
            return result
        return result + tf.get_variable("biases", [channels], dtype=value.dtype, initializer=tf.zeros_initializer())

    def call(self, inputs, state):
        """One step: (output, new state)."""
        c, h = state
        gates = self._convolved(tf.concat([inputs, h], axis=-1))
        i, j, f, o = tf.split(gates, 4, axis=self._conv_ndims + 1)
        new_c = tf.sigmoid(f + self._forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
        new_h = tf.tanh(new_c) * tf.sigmoid(o)
        output = tf.concat([new_h, inputs], axis=-1) if self._skip_connection else new_h
        return output, LSTMStateTuple(new_c, new_h)


@tf_export("contrib.rnn.Conv1DLSTMCell")
class Conv1DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of lines: takes its arguments but for `conv_ndims`."""

    def __init__(self, name="conv_1d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=1, name=name, **kwargs)


@tf_export("contrib.rnn.Conv2DLSTMCell")
class Conv2DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of images: takes its arguments but for `conv_ndims`."""

    def __init__(self, name="conv_2d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=2, name=name, **kwargs)


@tf_export("contrib.rnn.Conv3DLSTMCell")
class Conv3DLSTMCell(ConvLSTMCell):
    """`ConvLSTMCell` of volumes: takes its arguments but for `conv_ndims`."""

    def __init__(self, name="conv_3d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=3, name=name, **kwargs)
