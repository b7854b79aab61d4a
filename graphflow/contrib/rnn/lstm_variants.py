"""LSTMs of `tf.contrib.rnn` with other gates: coupled, phased, in groups. State: their weights."""

import graphflow as tf
from graphflow.contrib.rnn.cells import normed
from graphflow.contrib.rnn.projections import Linear
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import RNNCell, known_depth
from graphflow.nn.rnn_cell.lstm import LSTMStateTuple


def in_shards(name, shape, dtype, shards):
    """A variable in parts `name_0`, `name_1`..., side by side; ValueError for more parts than rows."""
    if shards > shape[0]:
        raise ValueError(f"Too many shards: shape={shape}, num_shards={shards}")
    rows, more = divmod(shape[0], shards)
    parts = [tf.get_variable(f"{name}_{i}", [rows + (i < more), *shape[1:]], dtype=dtype) for i in range(shards)]
    return parts[0] if shards == 1 else tf.concat(parts, 0, name=name + "/concat")


@tf_export("contrib.rnn.CoupledInputForgetGateLSTMCell")
class CoupledInputForgetGateLSTMCell(RNNCell):
    """LSTM whose input gate is what its forget gate leaves (arXiv 1503.04069).

    Args: num_units: size of c. use_peepholes: whether the gates see c. initializer: of the weights. num_proj: size of
      the output, projected from num_units, or None. proj_clip: bound of its elements. num_unit_shards,
      num_proj_shards: in how many variables the matrices are kept. forget_bias: added to the forget gate.
      state_is_tuple: whether the state is a pair, or one tensor. activation: of cell and new input. reuse: whether
      variables are shared. layer_norm, norm_gain, norm_shift: normalisation of gates and cell, with these first values.
    """

    def __init__(self, num_units, use_peepholes=False, initializer=None, num_proj=None, proj_clip=None,
                 num_unit_shards=1, num_proj_shards=1, forget_bias=1.0, state_is_tuple=True, activation=tf.tanh,
                 reuse=None, layer_norm=False, norm_gain=1.0, norm_shift=0.0):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._initializer = initializer
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._shards = num_unit_shards, num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm = norm_gain, norm_shift

    @property
    def state_size(self):
        """LSTMStateTuple of sizes, or their sum."""
        sizes = LSTMStateTuple(self._num_units, self.output_size)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self):
        """Number of units, or of projections."""
        return self._num_units if self._num_proj is None else self._num_proj

    def call(self, inputs, state):
        """One step: (output, new state)."""
        c, m = state if self._state_is_tuple else tf.split(state, [self._num_units, self.output_size], axis=1)
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            c, m = self._step(inputs, c, m)
        return m, (LSTMStateTuple(c, m) if self._state_is_tuple else tf.concat([c, m], 1))

    def _step(self, inputs, c, m):
        units, dtype = self._num_units, inputs.dtype
        weights = in_shards("W", [known_depth(inputs.shape) + self.output_size, 3 * units], dtype, self._shards[0])
        bias = tf.get_variable("B", [3 * units], dtype=dtype, initializer=tf.zeros_initializer())
        product = tf.matmul(tf.concat([inputs, m], 1), weights)
        gates = tf.split(product if self._layer_norm else tf.nn.bias_add(product, bias), 3, axis=1)
        j, f, o = (self._normed(gate, scope) for gate, scope in zip(gates, ("transform", "forget", "output")))
        f += self._forget_bias
        if self._use_peepholes:
            to_forget, to_output = (tf.get_variable(name, [units], dtype=dtype) for name in ("W_F_diag", "W_O_diag"))
            f += to_forget * c
        f = tf.sigmoid(f)
        c = self._normed(f * c + (1 - f) * self._activation(j), "state")
        m = tf.sigmoid(o + to_output * c if self._use_peepholes else o) * self._activation(c)
        if self._num_proj is not None:
            m = tf.matmul(m, in_shards("W_P", [units, self._num_proj], dtype, self._shards[1]))
            if self._proj_clip is not None:
                m = tf.clip_by_value(m, -self._proj_clip, self._proj_clip)
        return c, m

    def _normed(self, value, scope):
        return normed(value, scope, *self._norm) if self._layer_norm else value


@tf_export("contrib.rnn.PhasedLSTMCell")
class PhasedLSTMCell(RNNCell):
    """LSTM whose units change only in a phase of their own of a learned period (arXiv 1610.09513).

    Its inputs are pairs: times [batch, 1], float32 or float64, and features [batch, depth].

    Args: num_units: size of c and h. use_peepholes: whether the gates see c. leak: how much changes outside of the
      phase. ratio_on: which part of the period the phase is. trainable_ratio_on: whether that is learned.
      period_init_min, period_init_max: the periods' first values are between them, uniform in their logarithms.
      reuse: whether variables are shared.
    """

    def __init__(self, num_units, use_peepholes=False, leak=0.001, ratio_on=0.1, trainable_ratio_on=True,
                 period_init_min=1.0, period_init_max=1000.0, reuse=None):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._leak = leak
        self._ratio_on = ratio_on
        self._trainable_ratio_on = trainable_ratio_on
        self._period_range = period_init_min, period_init_max
        self._linears = {}

    @property
    def state_size(self):
        """LSTMStateTuple of sizes."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def _linear(self, scope, args, columns):
        with tf.variable_scope(scope):
            if scope not in self._linears:
                self._linears[scope] = Linear(args, columns, True)
            return self._linears[scope](args)

    def _first_periods(self, shape, dtype=tf.float32, partition_info=None):
        least, most = map(tf.log, self._period_range)
        return tf.exp(tf.random_uniform(shape, least, most, dtype))

    def _openness(self, time):
        """How far each unit is open at `time`: rising, then falling in its phase, then leaking."""
        units = [self._num_units]
        period = tf.get_variable("period", units, initializer=self._first_periods)
        phase = tf.get_variable("phase", units, initializer=tf.random_uniform_initializer(0.0, period.initial_value))
        ratio = tf.get_variable("ratio_on", units, initializer=tf.constant_initializer(self._ratio_on),
                                trainable=self._trainable_ratio_on)
        since, period = time - tf.cast(phase, time.dtype), tf.cast(period, time.dtype)
        # The remainder, with the gradient of what is divided.
        rest = tf.stop_gradient(tf.mod(since, period) - since) + since
        cycle = tf.cast(rest / period, tf.float32)
        rising = 2 * cycle / ratio
        later = tf.where(cycle < ratio, 2 - rising, self._leak * cycle)
        return tf.where(cycle < 0.5 * ratio, rising, later)

    def call(self, inputs, state):
        """One step of (times, features): (h, new state)."""
        (c, h), (time, x) = state, inputs
        mask = self._linear("mask_gates", [x, h, c] if self._use_peepholes else [x, h], 2 * self._num_units)
        i, f = tf.split(tf.sigmoid(mask), 2, axis=1)
        new_c = c * f + i * tf.tanh(self._linear("new_input", [x, h], self._num_units))
        args = [x, h, new_c] if self._use_peepholes else [x, h]
        new_h = tf.tanh(new_c) * tf.sigmoid(self._linear("output_gate", args, self._num_units))
        k = self._openness(time)
        new_c, new_h = k * new_c + (1 - k) * c, k * new_h + (1 - k) * h
        return new_h, LSTMStateTuple(new_c, new_h)


@tf_export("contrib.rnn.GLSTMCell")
class GLSTMCell(RNNCell):
    """LSTM in groups: each makes its part of the gates from its part of the inputs (arXiv 1703.10722).

    Args: num_units: size of c. initializer: of the weights. num_proj: size of the output, projected from num_units,
      or None. number_of_groups: divides the sizes of inputs, units and projections. forget_bias: added to the forget
      gate. activation: of the cell. reuse: whether variables are shared.
    Raises ValueError for sizes that cannot be divided.
    """

    def __init__(self, num_units, initializer=None, num_proj=None, number_of_groups=1, forget_bias=1.0,
                 activation=tf.tanh, reuse=None):
        super().__init__(_reuse=reuse)
        for name, size in (("num_units", num_units), ("num_proj", num_proj or 0)):
            if size % number_of_groups:
                raise ValueError(f"{name} must be divisible by number_of_groups")
        self._num_units = num_units
        self._initializer = initializer
        self._num_proj = num_proj
        self._groups = number_of_groups
        self._forget_bias = forget_bias
        self._activation = activation
        self._linears = {}

    @property
    def state_size(self):
        """LSTMStateTuple of sizes."""
        return LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self):
        """Number of units, or of projections."""
        return self._num_proj or self._num_units

    def _linear(self, scope, args, columns):
        with tf.variable_scope(scope):
            if scope not in self._linears:
                self._linears[scope] = Linear(args, columns, False)
            return self._linears[scope](args)

    def _gates(self, inputs, m):
        groups, size = self._groups, inputs.shape.as_list()[1]
        if size is None:
            raise ValueError("input size must be statically known")
        if size % groups:
            raise ValueError(f"input size ({size}) must be divisible by number_of_groups ({groups})")
        parts = []
        for group, own in enumerate(zip(tf.split(inputs, groups, axis=1), tf.split(m, groups, axis=1))):
            product = self._linear(f"group{group}", tf.concat(own, 1), 4 * (self._num_units // groups))
            parts.append(tf.split(product, 4, axis=1))
        for name, gate in zip("ijfo", zip(*parts)):
            bias = tf.get_variable("bias_" + name, [self._num_units], dtype=inputs.dtype,
                                   initializer=tf.zeros_initializer())
            yield tf.nn.bias_add(tf.concat(gate, 1), bias)

    def call(self, inputs, state):
        """One step: (output, new state)."""
        c, m = state
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            i, j, f, o = self._gates(inputs, m)
        c = tf.sigmoid(f + self._forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
        m = tf.sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            m = self._linear("projection", m, self._num_proj)
        return m, LSTMStateTuple(c, m)
