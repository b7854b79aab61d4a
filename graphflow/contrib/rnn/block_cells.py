"""Cells whose step is one op: `LSTMBlockCell` and `GRUBlockCell`. State: their weights."""

import graphflow as tf
from graphflow.framework import raw_ops
from graphflow.framework.api import tf_export
from graphflow.layers.input_spec import InputSpec
from graphflow.nn.rnn_cell.base import LayerRNNCell, known_depth
from graphflow.nn.rnn_cell.lstm import LSTMStateTuple


@tf_export("contrib.rnn.LSTMBlockCell")
class LSTMBlockCell(LayerRNNCell):
    """`tf.nn.rnn_cell.LSTMCell` as one op, with the same weights.

    Args: num_units: size of c and h. forget_bias: added to the forget gate. cell_clip: bound of |c|, or None.
      use_peephole: whether the gates see c, through diagonal weights. reuse: whether variables are shared.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.contrib.rnn.LSTMBlockCell(4)
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> output.op.type, cell.weights[0].op.name
      ('LSTMBlockCell', 'lstm_cell/kernel')
    """

    def __init__(self, num_units, forget_bias=1.0, cell_clip=None, use_peephole=False, dtype=None, reuse=None,
                 name="lstm_cell"):
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units = num_units
        self._options = {"forget_bias": forget_bias, "cell_clip": -1 if cell_clip is None else cell_clip,
                         "use_peephole": use_peephole}
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self):
        """LSTMStateTuple of sizes."""
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def build(self, inputs_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        units = self._num_units
        self._kernel = self.add_variable("kernel", [known_depth(inputs_shape) + units, 4 * units])
        self._bias = self.add_variable("bias", [4 * units], initializer=tf.zeros_initializer())
        if self._options["use_peephole"]:
            self._diagonals = [self.add_variable(name, [units]) for name in ("w_i_diag", "w_f_diag", "w_o_diag")]
        self.built = True

    def call(self, inputs, state):
        """One step: (h, new state); ValueError unless the state is a pair."""
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        if self._options["use_peephole"]:
            diagonals = self._diagonals
        else:
            diagonals = [tf.zeros([self._num_units], dtype=self.dtype)] * 3
        step = raw_ops.LSTMBlockCell(inputs, *state, self._kernel, *diagonals, self._bias, **self._options)
        return step.h, LSTMStateTuple(step.cs, step.h)


@tf_export("contrib.rnn.GRUBlockCell")
class GRUBlockCell(LayerRNNCell):
    """`tf.nn.rnn_cell.GRUCell` as one op, whose weights are called w_ru, b_ru, w_c and b_c.

    Args: num_units: size of the state. cell_size: its old name. reuse: whether variables are shared.
    Raises ValueError unless one of both is given.
    """

    _NAMES = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(self, num_units=None, cell_size=None, reuse=None, name="gru_cell"):
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._num_units = cell_size if num_units is None else num_units
        self.input_spec = InputSpec(ndim=2)

    @property
    def state_size(self):
        """Number of units."""
        return self._num_units

    @property
    def output_size(self):
        """Number of units."""
        return self._num_units

    def build(self, input_shape):
        """Makes the weights; ValueError if the inputs' size is not known."""
        units, rows = self._num_units, known_depth(input_shape) + self._num_units
        gates, gates_bias, candidate, candidate_bias = self._NAMES
        self._gate_kernel = self.add_variable(gates, [rows, 2 * units])
        self._gate_bias = self.add_variable(gates_bias, [2 * units], initializer=tf.ones_initializer())
        self._candidate_kernel = self.add_variable(candidate, [rows, units])
        self._candidate_bias = self.add_variable(candidate_bias, [units], initializer=tf.zeros_initializer())
        self.built = True

    def call(self, inputs, state):
        """One step: (output, new state)."""
        step = raw_ops.GRUBlockCell(inputs, state, self._gate_kernel, self._candidate_kernel, self._gate_bias,
                                    self._candidate_bias)
        return step.h, step.h


@tf_export("contrib.rnn.GRUBlockCellV2")
class GRUBlockCellV2(GRUBlockCell):
    """GRUBlockCell whose weights are called as those of `tf.nn.rnn_cell.GRUCell`."""

    _NAMES = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")
