"""Cells that make all steps at once: `tf.contrib.rnn.FusedRNNCell` and its kinds. State: their weights."""

import abc

import graphflow as tf
from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.layers.base import Layer
from graphflow.layers.input_spec import InputSpec
from graphflow.nn.rnn_cell.lstm import LSTMStateTuple


@tf_export("contrib.rnn.FusedRNNCell")
class FusedRNNCell(abc.ABC):
    """Base of recurrent nets over whole sequences: a subclass has `__call__`, and loops inside of it."""

    @abc.abstractmethod
    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        """The outputs of all steps, and the last state.

        Args: inputs: tensor [time, batch, depth], or a list of tensors [batch, depth]; outputs come in the same form.
          initial_state: tensor or tuple of them; without, zeros of `dtype`. sequence_length: int vector [batch].
        """


@tf_export("contrib.rnn.FusedRNNCellAdaptor")
class FusedRNNCellAdaptor(FusedRNNCell):
    """An RNNCell as a FusedRNNCell: by `tf.nn.static_rnn`, or `tf.nn.dynamic_rnn` if `use_dynamic_rnn`."""

    def __init__(self, cell, use_dynamic_rnn=False):
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        listed = isinstance(inputs, list)
        options = {"sequence_length": sequence_length, "initial_state": initial_state, "dtype": dtype, "scope": scope}
        if self._use_dynamic_rnn:
            outputs, state = tf.nn.dynamic_rnn(self._cell, tf.stack(inputs) if listed else inputs, time_major=True,
                                               **options)
            return (tf.unstack(outputs) if listed else outputs), state
        outputs, state = tf.nn.static_rnn(self._cell, inputs if listed else tf.unstack(inputs), **options)
        return (outputs if listed else tf.stack(outputs)), state


@tf_export("contrib.rnn.TimeReversedFusedRNN")
class TimeReversedFusedRNN(FusedRNNCell):
    """A FusedRNNCell over the sequences from their ends to their beginnings."""

    def __init__(self, cell):
        self._cell = cell

    @staticmethod
    def _reverse(values, lengths):
        if isinstance(values, list):
            return values[::-1]
        return tf.reverse(values, [0]) if lengths is None else tf.reverse_sequence(values, lengths, 0, 1)

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        outputs, state = self._cell(self._reverse(inputs, sequence_length), initial_state=initial_state, dtype=dtype,
                                    sequence_length=sequence_length, scope=scope)
        return self._reverse(outputs, sequence_length), state


@tf_export("contrib.rnn.LSTMBlockWrapper")
class LSTMBlockWrapper(Layer):
    """Base of LSTMs over whole sequences: a subclass has `num_units` and `_call_cell`."""

    @property
    def num_units(self):
        """Number of units."""
        raise NotImplementedError(f"{type(self).__name__} has no num_units")

    def _call_cell(self, inputs, initial_cell_state, initial_output, dtype, sequence_length):
        """(cells, outputs) of all steps: two tensors [time, batch, units]."""
        raise NotImplementedError(f"{type(self).__name__} has no _call_cell")

    def __call__(self, inputs, *args, **kwargs):
        """`call` for a tensor, or for a list of the inputs of all steps."""
        if not isinstance(inputs, list):
            return super().__call__(inputs, *args, **kwargs)
        outputs, state = super().__call__(tf.stack(inputs), *args, **kwargs)
        return tf.unstack(outputs), state

    def call(self, inputs, initial_state=None, dtype=None, sequence_length=None):
        """(outputs, LSTMStateTuple of the last cell and output of each sequence); see `FusedRNNCell`.

        Raises ValueError if the inputs' depth is not known, for a state that is no pair, and with neither a state
        nor a dtype.
        """
        if inputs.shape.with_rank(3).as_list()[2] is None:
            raise ValueError(f"Expecting inputs_shape[2] to be set: {inputs.shape}")
        times, batch = (tf.shape(inputs)[i] if size is None else size
                        for i, size in enumerate(inputs.shape.as_list()[:2]))
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            initial_state = (tf.zeros(tf.stack([batch, self.num_units]), dtype=dtype),) * 2
        elif len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        dtype = initial_state[0].dtype if dtype is None else dtype
        lengths = None if sequence_length is None else tf.convert_to_tensor(sequence_length)
        cells, outputs = self._call_cell(inputs, *initial_state, dtype, lengths)
        if lengths is None:
            last = cells[-1], outputs[-1]
        else:
            outputs *= tf.expand_dims(tf.transpose(tf.sequence_mask(lengths, times, dtype=dtype), [1, 0]), -1)
            # The state before the first step stands in front: a sequence of length 0 ends with it.
            last = [self._at(tf.concat([tf.expand_dims(first, 0), values], 0), lengths, batch)
                    for first, values in zip(initial_state, (cells, outputs))]
        return outputs, LSTMStateTuple(*last)

    @staticmethod
    def _at(values, times, batch):
        """`values[times[j], j]` for each j of a batch."""
        return tf.gather_nd(values, tf.stack([times, tf.range(tf.cast(batch, times.dtype))], axis=1))


@tf_export("contrib.rnn.LSTMBlockFusedCell")
class LSTMBlockFusedCell(LSTMBlockWrapper):
    """All steps of an LSTM as one op, with the weights of `tf.nn.rnn_cell.LSTMCell`.

    Args: num_units: size of c and h. forget_bias: added to the forget gate. cell_clip: bound of |c|, or None.
      use_peephole: whether the gates see c, through diagonal weights. reuse: whether variables are shared.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.contrib.rnn.LSTMBlockFusedCell(4)
      >>> outputs, state = cell(tf.ones([5, 2, 3]), dtype=tf.float32)
      >>> outputs.shape.as_list(), state.h.shape.as_list(), cell.weights[0].op.name
      ([5, 2, 4], [2, 4], 'lstm_fused_cell/kernel')
    """

    def __init__(self, num_units, forget_bias=1.0, cell_clip=None, use_peephole=False, reuse=None, dtype=None,
                 name="lstm_fused_cell"):
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units = num_units
        self._options = {"forget_bias": forget_bias, "cell_clip": -1 if cell_clip is None else cell_clip,
                         "use_peephole": use_peephole}
        self.input_spec = InputSpec(ndim=3)

    @property
    def num_units(self):
        return self._num_units

    def build(self, input_shape):
        """Makes the weights."""
        units = self._num_units
        self._kernel = self.add_variable("kernel", [input_shape.as_list()[2] + units, 4 * units])
        self._bias = self.add_variable("bias", [4 * units], initializer=tf.zeros_initializer())
        if self._options["use_peephole"]:
            self._diagonals = [self.add_variable(name, [units]) for name in ("w_i_diag", "w_f_diag", "w_o_diag")]
        self.built = True

    def _call_cell(self, inputs, initial_cell_state=None, initial_output=None, dtype=None, sequence_length=None):
        if self._options["use_peephole"]:
            diagonals = self._diagonals
        else:
            diagonals = [tf.zeros([self._num_units], dtype=dtype)] * 3
        times = inputs.shape.as_list()[0]
        if sequence_length is not None:
            steps = tf.reduce_max(sequence_length)
        else:
            steps = tf.shape(inputs)[0] if times is None else times
        result = raw_ops.BlockLSTM(tf.cast(steps, dtypes.int64), inputs, initial_cell_state, initial_output,
                                   self._kernel, *diagonals, self._bias, **self._options)
        return result.cs, result.h
