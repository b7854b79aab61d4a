"""Further cells of `tf.contrib.rnn`. State: their weights, made in the variable scope of the first call."""

import graphflow as tf
from graphflow.contrib.rnn.projections import Linear
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import LayerRNNCell, RNNCell, assert_like_rnncell, known_depth
from graphflow.nn.rnn_cell.lstm import LSTMStateTuple


def normed(value, scope, gain, shift):
    """`value` normalised, times gamma, plus beta, variables in `scope` whose first values are `gain` and `shift`."""
    with tf.variable_scope(scope):
        for name, start in (("gamma", gain), ("beta", shift)):
            tf.get_variable(name, shape=value.shape[-1:], initializer=tf.constant_initializer(start), dtype=value.dtype)
    return tf.contrib.layers.layer_norm(value, reuse=True, scope=scope)


@tf_export("contrib.rnn.LayerNormBasicLSTMCell")
class LayerNormBasicLSTMCell(RNNCell):
    """LSTM with layer normalisation of gates and cell (arXiv 1607.06450) and dropout of new inputs (1603.05118).

    Args: num_units: size of c and h. forget_bias: added to the forget gate. activation: of cell and new input.
      layer_norm: whether to normalise, else there is a bias. norm_gain, norm_shift: initial gamma and beta.
      dropout_keep_prob: number or tensor. dropout_prob_seed: int, or None. reuse: whether variables are shared.
    """

    def __init__(self, num_units, forget_bias=1.0, input_size=None, activation=tf.tanh, layer_norm=True,
                 norm_gain=1.0, norm_shift=0.0, dropout_keep_prob=1.0, dropout_prob_seed=None, reuse=None):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed

    @property
    def state_size(self):
        """LSTMStateTuple of sizes."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def _gates(self, args):
        size = 4 * self._num_units
        result = tf.matmul(args, tf.get_variable("kernel", [args.shape[-1], size], dtype=args.dtype))
        if not self._layer_norm:
            result = tf.nn.bias_add(result, tf.get_variable("bias", [size], dtype=args.dtype))
        return tf.split(value=result, num_or_size_splits=4, axis=1)

    def call(self, inputs, state):
        """One step: (h, new state)."""
        c, h = state
        gates = self._gates(tf.concat([inputs, h], 1))
        if self._layer_norm:
            scopes = ("input", "transform", "forget", "output")
            gates = [normed(gate, scope, self._norm_gain, self._norm_shift)
                     for gate, scope in zip(gates, scopes, strict=True)]
        i, j, f, o = gates
        new_input = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            new_input = tf.nn.dropout(new_input, self._keep_prob, seed=self._seed)
        new_c = c * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * new_input
        if self._layer_norm:
            new_c = normed(new_c, "state", self._norm_gain, self._norm_shift)
        new_h = self._activation(new_c) * tf.sigmoid(o)
        return new_h, LSTMStateTuple(new_c, new_h)


@tf_export("contrib.rnn.NASCell")
class NASCell(LayerRNNCell):
    """The cell that a search over architectures found (arXiv 1611.01578).

    Args: num_units: size of c. num_proj: size of the output, projected from num_units, or None. use_bias: whether
      there is a bias. reuse: whether variables are shared.
    """

    def __init__(self, num_units, num_proj=None, use_bias=False, reuse=None, **kwargs):
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._num_proj = num_proj
        self._use_bias = use_bias

    @property
    def state_size(self):
        """LSTMStateTuple of sizes."""
        return LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self):
        """Number of units, or of projections."""
        return self._num_units if self._num_proj is None else self._num_proj

    def build(self, inputs_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        columns = 8 * self._num_units
        depth = known_depth(inputs_shape)
        self.recurrent_kernel = self.add_variable("recurrent_kernel", [self.output_size, columns])
        self.kernel = self.add_variable("kernel", [depth, columns])
        if self._use_bias:
            self.bias = self.add_variable("bias", shape=[columns], initializer=tf.zeros_initializer())
        if self._num_proj is not None:
            self.projection_weights = self.add_variable("projection_weights", [self._num_units, self._num_proj])
        self.built = True

    def call(self, inputs, state):
        """One step: (output, new state)."""
        c, m = state
        recurrent, direct = tf.matmul(m, self.recurrent_kernel), tf.matmul(inputs, self.kernel)
        if self._use_bias:
            recurrent = tf.nn.bias_add(recurrent, self.bias)
        b = tf.split(axis=1, num_or_size_splits=8, value=recurrent)
        a = tf.split(axis=1, num_or_size_splits=8, value=direct)
        first = [tf.sigmoid(a[0] + b[0]), tf.nn.relu(a[1] + b[1]), tf.sigmoid(a[2] + b[2]), tf.nn.relu(a[3] * b[3]),
                 tf.tanh(a[4] + b[4]), tf.sigmoid(a[5] + b[5]), tf.tanh(a[6] + b[6]), tf.sigmoid(a[7] + b[7])]
        second = [tf.tanh(first[0] * first[1]), tf.tanh(first[2] + first[3]), tf.tanh(first[4] * first[5]),
                  tf.sigmoid(first[6] + first[7])]
        new_c = tf.tanh(second[0] + c) * second[1]
        new_m = tf.tanh(new_c * tf.tanh(second[2] + second[3]))
        if self._num_proj is not None:
            new_m = tf.matmul(new_m, self.projection_weights)
        return new_m, LSTMStateTuple(new_c, new_m)


@tf_export("contrib.rnn.UGRNNCell")
class UGRNNCell(RNNCell):
    """Update-gate RNN (arXiv 1611.09913): `new = g * state + (1 - g) * candidate`.

    Args: num_units: size of the state. initializer: of the weights. forget_bias: added to the gate. activation: of
      the candidate. reuse: whether variables are shared.
    """

    def __init__(self, num_units, initializer=None, forget_bias=1.0, activation=tf.tanh, reuse=None):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._activation = activation
        self._linear = None

    @property
    def state_size(self):
        """Number of units."""
        return self._num_units

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def call(self, inputs, state):
        """One step: (output, new state)."""
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            args = tf.concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(args, 2 * self._num_units, True)
            gate, candidate = tf.split(axis=1, num_or_size_splits=2, value=self._linear(args))
            c = self._activation(candidate)
            g = tf.sigmoid(gate + self._forget_bias)
            new_state = g * state + (1.0 - g) * c
        return new_state, new_state


@tf_export("contrib.rnn.IntersectionRNNCell")
class IntersectionRNNCell(RNNCell):
    """+RNN (arXiv 1611.09913): gates over time and over depth, for stacks. Its output is no state.

    Args: num_units: size of state and output. num_in_proj: for inputs of another size, which are projected to
      num_units if it is given. initializer: of the weights. forget_bias: added to both gates. y_activation: of the
      candidate for the output. reuse: whether variables are shared.
    """

    def __init__(self, num_units, num_in_proj=None, initializer=None, forget_bias=1.0, y_activation=tf.nn.relu,
                 reuse=None):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._num_input_proj = num_in_proj
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._y_activation = y_activation
        self._projection = self._linear = None

    @property
    def state_size(self):
        """Number of units."""
        return self._num_units

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def _projected(self, inputs):
        if known_depth(inputs.shape) == self._num_units:
            return inputs
        if not self._num_input_proj:
            raise ValueError("Must have input size == output size for Intersection RNN. To fix, num_in_proj should "
                             "be set to num_units at cell init.")
        with tf.variable_scope("in_projection"):
            if self._projection is None:
                self._projection = Linear(inputs, self._num_units, True)
            return self._projection(inputs)

    def call(self, inputs, state):
        """One step: (output, new state); ValueError for inputs of another size that are not projected."""
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            inputs = self._projected(inputs)
            args = tf.concat([inputs, state], 1)
            if self._linear is None:
                self._linear = Linear(args, 4 * self._num_units, True)
            over_time, h, over_depth, y = tf.split(self._linear(args), 4, axis=1)
        over_time, over_depth = (tf.sigmoid(gate + self._forget_bias) for gate in (over_time, over_depth))
        new_state = over_time * state + (1.0 - over_time) * tf.tanh(h)
        return over_depth * inputs + (1.0 - over_depth) * self._y_activation(y), new_state


@tf_export("contrib.rnn.HighwayWrapper")
class HighwayWrapper(RNNCell):
    """A cell whose inputs pass beside it (arXiv 1505.00387): `inputs * carry + outputs * transform`.

    Args: cell: an RNNCell whose outputs are like its inputs. couple_carry_transform_gates: whether the gates add
      up to one. carry_bias_init: initial bias of the carry gate.
    """

    def __init__(self, cell, couple_carry_transform_gates=True, carry_bias_init=1.0):
        super().__init__()
        assert_like_rnncell("cell", cell)
        self._cell = cell
        self._coupled = couple_carry_transform_gates
        self._carry_bias = carry_bias_init

    @property
    def state_size(self):
        """The inner cell's."""
        return self._cell.state_size

    @property
    def output_size(self):
        """The inner cell's."""
        return self._cell.output_size

    def zero_state(self, batch_size, dtype):
        """The inner cell's."""
        with tf.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)

    def _gate(self, value, name, start):
        size = value.shape.with_rank(2).as_list()[1]
        weights = tf.get_variable(name + "_w", [size, size])
        bias = tf.get_variable(name + "_b", [size], initializer=tf.constant_initializer(start))
        return tf.sigmoid(tf.nn.xw_plus_b(value, weights, bias))

    def _highway(self, value, output):
        value.shape.assert_is_compatible_with(output.shape)
        carry = self._gate(value, "carry", self._carry_bias)
        transform = 1 - carry if self._coupled else self._gate(value, "transform", -self._carry_bias)
        return value * carry + output * transform

    def __call__(self, inputs, state, scope=None):
        """One step: (output, new state)."""
        outputs, new_state = self._cell(inputs, state, scope=scope)
        tf.nest.assert_same_structure(inputs, outputs)
        return tf.nest.map_structure(self._highway, inputs, outputs), new_state


@tf_export("contrib.rnn.CompiledWrapper")
class CompiledWrapper(RNNCell):
    """A cell around another that does the same: TensorFlow's compiles it with XLA, here plans are compiled anyway.

    Args: cell: an RNNCell. compile_stateful: has no effect.
    """

    def __init__(self, cell, compile_stateful=False):
        super().__init__()
        assert_like_rnncell("cell", cell)
        self._cell = cell

    @property
    def state_size(self):
        """The inner cell's."""
        return self._cell.state_size

    @property
    def output_size(self):
        """The inner cell's."""
        return self._cell.output_size

    def zero_state(self, batch_size, dtype):
        """The inner cell's."""
        with tf.name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)

    def __call__(self, inputs, state, scope=None):
        """One step of the inner cell, in its variable scope."""
        return self._cell(inputs, state, scope=scope)
