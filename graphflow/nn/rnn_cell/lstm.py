"""Long short-term memory: `BasicLSTMCell` and `LSTMCell`, and their state.

The columns of `kernel` and `bias` are the gates i (input), j (new input), f (forget), o (output), in this
order. State: the cells' weights.
"""

import collections

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.deprecation import warn_once
from graphflow.framework.tensor_shape import dimension_value
from graphflow.layers import utils
from graphflow.layers.input_spec import InputSpec
from graphflow.nn.rnn_cell.base import LayerRNNCell, check_float, known_depth
from graphflow.nn.rnn_cell.basic import activation_or_tanh
from graphflow.ops.bias import bias_add
from graphflow.ops.init_ops import Zeros
from graphflow.ops.partitioners import fixed_size_partitioner


@tf_export("nn.rnn_cell.LSTMStateTuple", "contrib.rnn.LSTMStateTuple")
class LSTMStateTuple(collections.namedtuple("LSTMStateTuple", ("c", "h"))):
    """State of an LSTM: the cell `c` and the output `h`.

    Example:
      >>> import graphflow as tf
      >>> tf.nn.rnn_cell.LSTMStateTuple(c=3, h=4)
      LSTMStateTuple(c=3, h=4)
    """

    __slots__ = ()

    @property
    def dtype(self):
        """DType of both; TypeError if they differ."""
        c, h = self
        if c.dtype != h.dtype:
            raise TypeError(f"Inconsistent internal state: {c.dtype} vs {h.dtype}")
        return c.dtype


def _warn_of_joined_states(name):
    warn_once((name, "state_is_tuple"), f"{name}: Using a concatenated state is slower and will soon be deprecated.  "
              "Use state_is_tuple=True.", 5)


@tf_export("nn.rnn_cell.BasicLSTMCell", "contrib.rnn.BasicLSTMCell")
class BasicLSTMCell(LayerRNNCell):
    """LSTM without peepholes or projection (arXiv 1409.2329).

    Args: num_units: size of c and h. forget_bias: added to the forget gate. state_is_tuple: False for a state
      [c, h] in one tensor. activation: tanh by default. reuse: whether variables are shared.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.BasicLSTMCell(4)
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> state.h is output, cell.weights[0].shape.as_list()
      (True, [7, 16])
    """

    def __init__(self, num_units, forget_bias=1.0, state_is_tuple=True, activation=None, reuse=None, name=None,
                 dtype=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_float(self.dtype)
        if not state_is_tuple:
            _warn_of_joined_states("BasicLSTMCell")
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_or_tanh(activation)

    @property
    def state_size(self):
        """LSTMStateTuple of sizes, or their sum."""
        return LSTMStateTuple(self._num_units, self._num_units) if self._state_is_tuple else 2 * self._num_units

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def build(self, inputs_shape):
        """Makes `kernel` and `bias`; ValueError if the inputs' size is not known."""
        depth = known_depth(inputs_shape)
        check_float(self.dtype)
        self._kernel = self.add_variable("kernel", shape=[depth + self._num_units, 4 * self._num_units])
        self._bias = self.add_variable("bias", shape=[4 * self._num_units], initializer=Zeros(dtype=self.dtype))
        self.built = True

    def call(self, inputs, state):
        """One step: (h, new state)."""
        check_float(inputs, state)
        one = tf.constant(1, dtype=dtypes.int32)
        c, h = state if self._state_is_tuple else tf.split(value=state, num_or_size_splits=2, axis=one)
        gates = bias_add(tf.matmul(tf.concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = tf.split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = tf.constant(self._forget_bias, dtype=f.dtype)
        new_c = tf.add(tf.multiply(c, tf.sigmoid(tf.add(f, forget_bias))),
                       tf.multiply(tf.sigmoid(i), self._activation(j)))
        new_h = tf.multiply(self._activation(new_c), tf.sigmoid(o))
        return new_h, LSTMStateTuple(new_c, new_h) if self._state_is_tuple else tf.concat([new_c, new_h], 1)


@tf_export("nn.rnn_cell.LSTMCell", "contrib.rnn.LSTMCell")
class LSTMCell(LayerRNNCell):
    """LSTM with optional peepholes, clipping and projection of the output (Sak et al. 2014).

    Args:
      num_units: size of c. use_peepholes: whether the gates see c, through diagonal weights. cell_clip: bound of
        |c|, or None. initializer: of kernels and diagonals. num_proj: size of the output, projected from
        num_units, or None. proj_clip: bound of the projected output. num_unit_shards, num_proj_shards: into how
        many parts the kernels are divided; use a partitioner instead. forget_bias: added to the forget gate.
        state_is_tuple: False for a state [c, h] in one tensor. activation: tanh by default. reuse: whether
        variables are shared.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=2)
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> [v.op.name for v in cell.weights][2:]
      ['lstm_cell/w_f_diag', 'lstm_cell/w_i_diag', 'lstm_cell/w_o_diag', 'lstm_cell/projection/kernel']
    """

    def __init__(self, num_units, use_peepholes=False, cell_clip=None, initializer=None, num_proj=None,
                 proj_clip=None, num_unit_shards=None, num_proj_shards=None, forget_bias=1.0, state_is_tuple=True,
                 activation=None, reuse=None, name=None, dtype=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_float(self.dtype)
        if not state_is_tuple:
            _warn_of_joined_states("LSTMCell")
        if num_unit_shards is not None or num_proj_shards is not None:
            warn_once(("LSTMCell", "shards"), "LSTMCell: num_unit_shards and num_proj_shards are deprecated. Use a "
                      "variable scope with a partitioner instead.")
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = utils.initializer(initializer)
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activation_or_tanh(activation)
        self._output_size = num_proj or num_units
        self._state_size = (LSTMStateTuple(num_units, self._output_size) if state_is_tuple
                            else num_units + self._output_size)

    @property
    def state_size(self):
        """LSTMStateTuple of sizes, or their sum."""
        return self._state_size

    @property
    def output_size(self):
        """Number of units, or of projections."""
        return self._output_size

    def build(self, inputs_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        depth = known_depth(inputs_shape)
        check_float(self.dtype)
        units = self._num_units

        def weight(name, shape, shards=None):
            return self.add_variable(name, shape=shape, initializer=self._initializer,
                                     partitioner=None if shards is None else fixed_size_partitioner(shards))

        self._kernel = weight("kernel", [depth + self._output_size, 4 * units], self._num_unit_shards)
        zeros = Zeros() if self.dtype is None else Zeros(dtype=self.dtype)
        self._bias = self.add_variable("bias", shape=[4 * units], initializer=zeros)
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = (
                weight(name, [units]) for name in ("w_f_diag", "w_i_diag", "w_o_diag"))
        if self._num_proj is not None:
            self._proj_kernel = weight("projection/kernel", [units, self._num_proj], self._num_proj_shards)
        self.built = True

    def call(self, inputs, state):
        """One step: (output, new state); ValueError if the inputs' size is not known."""
        check_float(inputs, state)
        if self._state_is_tuple:
            c, m = state
        else:
            c = tf.slice(state, [0, 0], [-1, self._num_units])
            m = tf.slice(state, [0, self._num_units], [-1, self._output_size])
        if dimension_value(inputs.shape.with_rank(2)[1]) is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        gates = bias_add(tf.matmul(tf.concat([inputs, m], 1), self._kernel), self._bias)
        i, j, f, o = tf.split(value=gates, num_or_size_splits=4, axis=1)
        c = self._new_cell(c, i, j, f)
        if self._use_peepholes:
            m = tf.sigmoid(o + self._w_o_diag * c) * self._activation(c)
        else:
            m = tf.sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            m = tf.matmul(m, self._proj_kernel)
            if self._proj_clip is not None:
                m = tf.clip_by_value(m, -self._proj_clip, self._proj_clip)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else tf.concat([c, m], 1)

    def _new_cell(self, c, i, j, f):
        if self._use_peepholes:
            c = (tf.sigmoid(f + self._forget_bias + self._w_f_diag * c) * c +
                 tf.sigmoid(i + self._w_i_diag * c) * self._activation(j))
        else:
            c = tf.sigmoid(f + self._forget_bias) * c + tf.sigmoid(i) * self._activation(j)
        if self._cell_clip is not None:
            c = tf.clip_by_value(c, -self._cell_clip, self._cell_clip)
        return c
