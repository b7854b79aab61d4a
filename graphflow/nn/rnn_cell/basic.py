"""Recurrent cells with one state: `BasicRNNCell` and `GRUCell`. State: their weights."""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.layers import utils
from graphflow.layers.input_spec import InputSpec
from graphflow.nn.rnn_cell.base import LayerRNNCell, check_float, known_depth
from graphflow.ops.bias import bias_add
from graphflow.ops.init_ops import Constant, Zeros


def activation_or_tanh(activation):
    """The function that `activation` is or names; tanh for None."""
    if not activation:
        return tf.tanh
    return utils.activation_function(activation) or tf.identity


@tf_export("nn.rnn_cell.BasicRNNCell", "contrib.rnn.BasicRNNCell")
class BasicRNNCell(LayerRNNCell):
    """The simplest cell: `output = new_state = activation(kernel * [inputs, state] + bias)`.

    Args: num_units: size of the state. activation: tanh by default. reuse: whether variables are shared.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.BasicRNNCell(4)
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> [v.name for v in cell.weights]
      ['basic_rnn_cell/kernel:0', 'basic_rnn_cell/bias:0']
    """

    def __init__(self, num_units, activation=None, reuse=None, name=None, dtype=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_float(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_or_tanh(activation)

    @property
    def state_size(self):
        """Number of units."""
        return self._num_units

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def build(self, inputs_shape):
        """Makes `kernel` and `bias`; ValueError if the inputs' size is not known."""
        depth = known_depth(inputs_shape)
        check_float(self.dtype)
        self._kernel = self.add_variable("kernel", shape=[depth + self._num_units, self._num_units])
        self._bias = self.add_variable("bias", shape=[self._num_units], initializer=Zeros(dtype=self.dtype))
        self.built = True

    def call(self, inputs, state):
        """One step: (output, new state)."""
        check_float(inputs, state)
        gates = tf.matmul(tf.concat([inputs, state], 1), self._kernel)
        output = self._activation(bias_add(gates, self._bias))
        return output, output


@tf_export("nn.rnn_cell.GRUCell", "contrib.rnn.GRUCell")
class GRUCell(LayerRNNCell):
    """Gated recurrent unit (arXiv 1406.1078): gates r, u; `new = u * state + (1 - u) * candidate(r * state)`.

    Args: num_units: size of the state. activation: of the candidate, tanh by default. reuse: whether variables
      are shared. kernel_initializer; bias_initializer: by default ones for the gates, zeros for the candidate.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.GRUCell(4)
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> [v.name for v in cell.weights][:2]
      ['gru_cell/gates/kernel:0', 'gru_cell/gates/bias:0']
    """

    def __init__(self, num_units, activation=None, reuse=None, kernel_initializer=None, bias_initializer=None,
                 name=None, dtype=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_float(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_or_tanh(activation)
        self._kernel_initializer = utils.initializer(kernel_initializer)
        self._bias_initializer = utils.initializer(bias_initializer)

    @property
    def state_size(self):
        """Number of units."""
        return self._num_units

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def build(self, inputs_shape):
        """Makes kernels and biases of gates and candidate; ValueError if the inputs' size is not known."""
        rows = known_depth(inputs_shape) + self._num_units
        check_float(self.dtype)
        ones, zeros = (self._bias_initializer or Constant(1.0, dtype=dtypes.as_dtype(self.dtype)),
                       self._bias_initializer or Zeros(dtype=self.dtype))
        self._gate_kernel, self._gate_bias = self._weights("gates", rows, 2 * self._num_units, ones)
        self._candidate_kernel, self._candidate_bias = self._weights("candidate", rows, self._num_units, zeros)
        self.built = True

    def _weights(self, part, rows, columns, bias_initializer):
        return (self.add_variable(part + "/kernel", shape=[rows, columns], initializer=self._kernel_initializer),
                self.add_variable(part + "/bias", shape=[columns], initializer=bias_initializer))

    def call(self, inputs, state):
        """One step: (output, new state)."""
        check_float(inputs, state)
        gates = tf.matmul(tf.concat([inputs, state], 1), self._gate_kernel)
        gates = tf.sigmoid(bias_add(gates, self._gate_bias))
        r, u = tf.split(value=gates, num_or_size_splits=2, axis=1)
        candidate = tf.matmul(tf.concat([inputs, r * state], 1), self._candidate_kernel)
        c = self._activation(bias_add(candidate, self._candidate_bias))
        new_h = u * state + (1 - u) * c
        return new_h, new_h
