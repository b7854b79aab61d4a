"""Cells of `tf.contrib.rnn` whose units see only their own state: IndRNN and its kin, SRU. State: their weights."""

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.layers.input_spec import InputSpec
from graphflow.nn.rnn_cell.base import LayerRNNCell, known_depth
from graphflow.nn.rnn_cell.lstm import LSTMStateTuple


class _Independent(LayerRNNCell):
    """What they share: sizes, and weights [depth, columns] for inputs, [1, columns] for states, and a bias."""

    def __init__(self, num_units, activation, reuse, name, dtype, kernel_initializer=None, bias_initializer=None,
                 **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        self._num_units = num_units
        self._activation = activation or tf.tanh
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self):
        """Number of units."""
        return self._num_units

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def _weights(self, depth, columns, bias, scope="", kernel="kernel_w"):
        return (self.add_variable(scope + kernel, [depth, columns], initializer=self._kernel_initializer),
                self.add_variable(scope + "kernel_u", [1, columns], initializer=tf.random_uniform_initializer(
                    -1, 1, dtype=self.dtype or tf.float32)),
                self.add_variable(scope + "bias", [columns], initializer=self._bias_initializer or bias))

    @staticmethod
    def _linear(inputs, state, weights):
        kernel, own, bias = weights
        return tf.nn.bias_add(tf.matmul(inputs, kernel) + state * own, bias)


@tf_export("contrib.rnn.IndRNNCell")
class IndRNNCell(_Independent):
    """`output = state = activation(W inputs + u * state + b)` (arXiv 1803.04831).

    Args: num_units: size of the state. activation: tanh by default. reuse: whether variables are shared.
    """

    def __init__(self, num_units, activation=None, reuse=None, name=None, dtype=None):
        super().__init__(num_units, activation, reuse, name, dtype)

    def build(self, inputs_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        self._all = self._weights(known_depth(inputs_shape), self._num_units, tf.zeros_initializer())
        self.built = True

    def call(self, inputs, state):
        """One step: (output, new state)."""
        output = self._activation(self._linear(inputs, state, self._all))
        return output, output


@tf_export("contrib.rnn.IndyGRUCell")
class IndyGRUCell(_Independent):
    """`tf.nn.rnn_cell.GRUCell` with diagonal weights for the state.

    Args: num_units: size of the state. activation: of the candidate, tanh by default. reuse: whether variables are
      shared. kernel_initializer: of the inputs' weights. bias_initializer: of biases, by default 1 for gates.
    """

    def __init__(self, num_units, activation=None, reuse=None, kernel_initializer=None, bias_initializer=None,
                 name=None, dtype=None):
        super().__init__(num_units, activation, reuse, name, dtype, kernel_initializer, bias_initializer)

    def build(self, inputs_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        depth, units = known_depth(inputs_shape), self._num_units
        self._gates = self._weights(depth, 2 * units, tf.ones_initializer(), "gates/")
        self._candidate = self._weights(depth, units, tf.zeros_initializer(), "candidate/", "kernel")
        self.built = True

    def call(self, inputs, state):
        """One step: (output, new state)."""
        gates = tf.sigmoid(self._linear(inputs, tf.tile(state, [1, 2]), self._gates))
        r, u = tf.split(gates, 2, axis=1)
        c = self._activation(self._linear(inputs, r * state, self._candidate))
        new_state = u * state + (1 - u) * c
        return new_state, new_state


@tf_export("contrib.rnn.IndyLSTMCell")
class IndyLSTMCell(_Independent):
    """`tf.nn.rnn_cell.BasicLSTMCell` with diagonal weights for h (arXiv 1903.08023).

    Args: num_units: size of c and h. forget_bias: added to the forget gate. activation: of cell and new input, tanh
      by default. reuse: whether variables are shared. kernel_initializer: of the inputs' weights.
    """

    def __init__(self, num_units, forget_bias=1.0, activation=None, reuse=None, kernel_initializer=None,
                 bias_initializer=None, name=None, dtype=None):
        super().__init__(num_units, activation, reuse, name, dtype, kernel_initializer, bias_initializer)
        self._forget_bias = forget_bias

    @property
    def state_size(self):
        """LSTMStateTuple of sizes."""
        return LSTMStateTuple(self._num_units, self._num_units)

    def build(self, inputs_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        self._all = self._weights(known_depth(inputs_shape), 4 * self._num_units, tf.zeros_initializer())
        self.built = True

    def call(self, inputs, state):
        """One step: (h, new state)."""
        c, h = state
        i, j, f, o = tf.split(self._linear(inputs, tf.tile(h, [1, 4]), self._all), 4, axis=1)
        new_c = c * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * self._activation(j)
        new_h = self._activation(new_c) * tf.sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


@tf_export("contrib.rnn.SRUCell")
class SRUCell(_Independent):
    """Simple recurrent unit (arXiv 1709.02755): the state enters no product of matrices.

    Args: num_units: size of the state. activation: tanh by default. reuse: whether variables are shared.
    """

    def __init__(self, num_units, activation=None, reuse=None, name=None, **kwargs):
        super().__init__(num_units, activation, reuse, name, kwargs.pop("dtype", None), **kwargs)

    def build(self, inputs_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        units = self._num_units
        self._kernel = self.add_variable("kernel", [known_depth(inputs_shape), 4 * units])
        self._bias = self.add_variable("bias", [2 * units], initializer=tf.zeros_initializer())
        self.built = True

    def call(self, inputs, state):
        """One step: (output, new state)."""
        candidate, f, r, passed = tf.split(tf.matmul(inputs, self._kernel), 4, axis=1)
        gates = tf.sigmoid(tf.nn.bias_add(tf.concat([f, r], 1), self._bias))
        f, r = tf.split(gates, 2, axis=1)
        c = f * state + (1.0 - f) * candidate
        return r * self._activation(c) + (1.0 - r) * passed, c
