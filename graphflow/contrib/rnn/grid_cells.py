"""LSTMs of `tf.contrib.rnn` that run over the frequencies of a frame as well as over time. State: their weights."""

import collections

import graphflow as tf
from graphflow.contrib.rnn.lstm_variants import in_shards
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import RNNCell


def _input_size(inputs):
    size = inputs.shape.with_rank(2).as_list()[1]
    if size is None:
        raise ValueError("Cannot infer input_size from static shape inference.")
    return size


def _windows(inputs, start, count, size, skip):
    """`count` pieces of `size` columns, each `skip` after the one before."""
    return [tf.slice(inputs, [0, start + k * skip], [-1, size]) for k in range(count)]


def _zeros(inputs, units):
    return tf.zeros([inputs.shape.as_list()[0] or tf.shape(inputs)[0], units], inputs.dtype)


class _Frequencies(RNNCell):
    """What the cells have in common: options."""

    def __init__(self, num_units, use_peepholes, cell_clip, initializer, num_unit_shards, forget_bias, feature_size,
                 frequency_skip, reuse):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size = feature_size
        self._frequency_skip = frequency_skip

    def _linear(self, kernel, bias, rows, columns, dtype):
        """The variables (kernel, bias) of a linear map, by these names."""
        return (in_shards(kernel, [rows, columns], dtype, self._num_unit_shards),
                tf.get_variable(bias, [columns], initializer=tf.zeros_initializer(), dtype=dtype))

    def _clipped(self, c):
        return c if self._cell_clip is None else tf.clip_by_value(c, -self._cell_clip, self._cell_clip)


@tf_export("contrib.rnn.TimeFreqLSTMCell")
class TimeFreqLSTMCell(_Frequencies):
    """LSTM that at each step runs over windows of the inputs' columns (Sainath and Li, INTERSPEECH 2016).

    The state of all windows is one tensor: c and m of the first, then of the second...

    Args: num_units: size of c and m of a window. use_peepholes: whether the gates see c. cell_clip: bound of c.
      initializer: of the weights. num_unit_shards: in how many variables the matrix is kept. forget_bias: added to
      the forget gate. feature_size: columns of a window. frequency_skip: columns from one window to the next.
      reuse: whether variables are shared.
    """

    def __init__(self, num_units, use_peepholes=False, cell_clip=None, initializer=None, num_unit_shards=1,
                 forget_bias=1.0, feature_size=None, frequency_skip=1, reuse=None):
        super().__init__(num_units, use_peepholes, cell_clip, initializer, num_unit_shards, forget_bias, feature_size,
                         frequency_skip, reuse)

    @property
    def state_size(self):
        """That of one window, c and m."""
        return 2 * self._num_units

    @property
    def output_size(self):
        """That of one window."""
        return self._num_units

    def call(self, inputs, state):
        """One step: (m of all windows side by side, new state); ValueError if the inputs' size is not known."""
        units, dtype = self._num_units, inputs.dtype
        windows = (_input_size(inputs) - self._feature_size) // self._frequency_skip + 1
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            kernel, bias = self._linear("W", "B", self._feature_size + 2 * units, 4 * units, dtype)
            diagonals = [tf.get_variable(f"W_{gate}_diag", [units], dtype=dtype)
                         for gate in ("FIO" if self._use_peepholes else "")]
        m, outputs, states = _zeros(inputs, units), [], []
        for k, x in enumerate(_windows(inputs, 0, windows, self._feature_size, self._frequency_skip)):
            c, before = state[:, 2 * k * units:(2 * k + 1) * units], state[:, (2 * k + 1) * units:(2 * k + 2) * units]
            product = tf.nn.bias_add(tf.matmul(tf.concat([x, before, m], 1), kernel), bias)
            c, m = self._gated(tf.split(product, 4, axis=1), c, diagonals)
            outputs.append(m)
            states += [c, m]
        return tf.concat(outputs, 1), tf.concat(states, 1)

    def _gated(self, gates, c, diagonals):
        i, j, f, o = gates
        f += self._forget_bias
        if diagonals:
            f, i = f + diagonals[0] * c, i + diagonals[1] * c
        c = self._clipped(tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(j))
        if diagonals:
            o += diagonals[2] * c
        return c, tf.sigmoid(o) * tf.tanh(c)


def _state_names(prefix, blocks):
    return [f"{prefix}_f{frequency:02d}_b{block:02d}_{part}" for block, count in enumerate(blocks)
            for frequency in range(count) for part in "cm"]


@tf_export("contrib.rnn.GridLSTMCell")
class GridLSTMCell(_Frequencies):
    """Grid LSTM (arXiv 1507.01526): at each step two LSTMs, over time and over windows of the inputs' columns.

    Args: num_units: size of c and m of a window. use_peepholes: whether the gates see both c.
      share_time_frequency_weights: whether the two LSTMs share their weights. cell_clip: bound of c. initializer: of
      the weights. num_unit_shards: in how many variables a matrix is kept. forget_bias: added to the forget gates.
      feature_size: columns of a window. frequency_skip: columns from one window to the next.
      num_frequency_blocks: list, for each block of columns with weights of its own, of its number of windows.
      start_freqindex_list, end_freqindex_list: the blocks' first columns, and those after their last ones; by default
      there is one block, of all columns. couple_input_forget_gates: whether a forget gate is what its input gate
      leaves. state_is_tuple: whether the state is a named tuple (`state_tuple_type`), or one tensor. reuse: whether
      variables are shared.
    Raises ValueError without `num_frequency_blocks`, and in a call if they don't fit the inputs.
    """

    def __init__(self, num_units, use_peepholes=False, share_time_frequency_weights=False, cell_clip=None,
                 initializer=None, num_unit_shards=1, forget_bias=1.0, feature_size=None, frequency_skip=None,
                 num_frequency_blocks=None, start_freqindex_list=None, end_freqindex_list=None,
                 couple_input_forget_gates=False, state_is_tuple=True, reuse=None):
        super().__init__(num_units, use_peepholes, cell_clip, initializer, num_unit_shards, forget_bias, feature_size,
                         frequency_skip, reuse)
        if num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks")
        self._shared = share_time_frequency_weights
        self._blocks = [int(count) for count in num_frequency_blocks]
        self._starts = start_freqindex_list
        self._ends = end_freqindex_list
        self._coupled = couple_input_forget_gates
        self._tuple_type = None
        if state_is_tuple:
            self._tuple_type = collections.namedtuple("GridLSTMStateTuple", _state_names("state", self._blocks))

    @property
    def state_size(self):
        """Named tuple of sizes, or their sum."""
        return self.output_size if self._tuple_type is None else self._tuple_type(
            *[self._num_units] * len(self._tuple_type._fields))

    @property
    def output_size(self):
        """That of both m of all windows."""
        return 2 * self._num_units * sum(self._blocks)

    @property
    def state_tuple_type(self):
        """The named tuple of the state, or None."""
        return self._tuple_type

    def call(self, inputs, state):
        """One step: (m of time and frequency, window by window; new state)."""
        outputs, states = self._over_blocks(self._features(inputs), state, "state")
        new_state = tf.concat(states, 1) if self._tuple_type is None else self._tuple_type(*states)
        return tf.concat(outputs, 1), new_state

    def _over_blocks(self, features, state, prefix):
        """(outputs, parts of the new state), as lists, of all blocks."""
        outputs, states = [], []
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            for block, windows in enumerate(features):
                for more, so_far in zip(self._over_windows(windows, block, state, prefix), (outputs, states)):
                    so_far.extend(more)
        return outputs, states

    def _over_windows(self, windows, block, state, prefix):
        weights = self._weights(windows[0].shape.as_list()[1], block, windows[0].dtype)
        m_freq = c_freq = _zeros(windows[0], self._num_units)
        outputs, states = [], []
        for k, x in enumerate(windows):
            c_time, m_time = self._of_window(state, k, block, prefix)
            (c_freq, c_time), (m_freq, m_time) = self._step(
                tf.concat([x, m_time, m_freq], 1), (c_freq, c_time), *weights)
            states += [c_time, m_time]
            outputs += [m_time, m_freq]
        return outputs, states

    def _of_window(self, state, k, block, prefix):
        """(c, m) of a window of a block."""
        if self._tuple_type is not None:
            return [getattr(state, f"{prefix}_f{k:02d}_b{block:02d}_{part}") for part in "cm"]
        # Every block reads the first block's part of such a state, as TensorFlow's do: models were trained so.
        units = self._num_units
        return state[:, 2 * k * units:(2 * k + 1) * units], state[:, (2 * k + 1) * units:(2 * k + 2) * units]

    def _weights(self, size, block, dtype):
        """(linear maps, peepholes by gate), as lists with an element for frequency and time, or one for both."""
        units = self._num_units
        linears = [self._linear(f"W_{half}_{block}", f"B_{half}_{block}", size + 2 * units,
                                (3 if self._coupled else 4) * units, dtype) for half in "ft"[:1 if self._shared else 2]]
        gates = ("IO" if self._coupled else "FIO") if self._use_peepholes else ""
        peepholes = [{gate: [tf.get_variable(f"W_{gate}_diag_{half}{of}_{block}", [units], dtype=dtype) for of in "ft"]
                      for gate in gates} for half in ("freq", "time")[:len(linears)]]
        return linears, peepholes

    def _step(self, args, before, linears, peepholes):
        """The new (c, m), each for (frequency, time)."""
        gates = [tf.split(tf.nn.bias_add(tf.matmul(args, kernel), bias), 3 if self._coupled else 4, axis=1)
                 for kernel, bias in linears]
        halves = [(gates[0], peepholes[0]), (gates[-1], peepholes[-1])]
        cells = [self._new_cell(c, before, *half) for c, half in zip(before, halves)]
        return cells, [tf.sigmoid(_peeped(gates[-1], "O", peepholes, cells)) * tf.tanh(c)
                       for c, (gates, peepholes) in zip(cells, halves)]

    def _new_cell(self, c, before, gates, peepholes):
        enter = tf.sigmoid(_peeped(gates[0], "I", peepholes, before))
        if self._coupled:
            stay = 1.0 - enter
        else:
            stay = tf.sigmoid(_peeped(gates[2] + self._forget_bias, "F", peepholes, before))
        return self._clipped(stay * c + enter * tf.tanh(gates[1]))

    def _features(self, inputs, offset=0):
        """For each block the list of its windows; they begin `offset` later, or earlier, with zeros around."""
        size = _input_size(inputs)
        if offset:
            inputs = tf.pad(inputs, [[0, 0], [max(-offset, 0), max(offset, 0)]])
        offset = max(offset, 0)
        return [_windows(inputs, start + offset, self._count(end - start, count), self._feature_size,
                         self._frequency_skip)
                for start, end, count in zip(*self._borders(size), self._blocks)]

    def _borders(self, size):
        """(first columns, those after the last) of the blocks; ValueError unless there are as many as blocks."""
        if not self._starts:
            if len(self._blocks) != 1:
                raise ValueError(f"Length of num_frequency_blocks is not 1, but instead is {len(self._blocks)}")
            return [0], [size]
        if len(self._starts) != len(self._ends):
            raise ValueError("Length of start and end freqindex_list does not match "
                             f"{len(self._starts)} {len(self._ends)}")
        if len(self._blocks) != len(self._starts):
            raise ValueError("Length of num_frequency_blocks is not equal to start_freqindex_list "
                             f"{len(self._blocks)} {len(self._starts)}")
        return self._starts, self._ends

    def _count(self, columns, expected):
        """Number of windows in a block, which must be the one expected."""
        count = (columns - self._feature_size) // self._frequency_skip + 1
        if count != expected:
            raise ValueError(f"Invalid num_frequency_blocks, requires {expected} but gets {count}, please check the "
                             "input size and filter config are correct.")
        return count


def _peeped(value, gate, peepholes, cells):
    """A gate that sees both cells, if it has peepholes."""
    if peepholes:
        for diagonal, c in zip(peepholes[gate], cells):
            value += diagonal * c
    return value


@tf_export("contrib.rnn.BidirectionalGridLSTMCell")
class BidirectionalGridLSTMCell(GridLSTMCell):
    """A GridLSTMCell that runs over the windows up and, with other weights, down. Over time it runs forward only.

    Args: backward_slice_offset: how many columns later (or, if negative, earlier) its windows begin on the way down.
      The others: see GridLSTMCell.
    """

    def __init__(self, num_units, use_peepholes=False, share_time_frequency_weights=False, cell_clip=None,
                 initializer=None, num_unit_shards=1, forget_bias=1.0, feature_size=None, frequency_skip=None,
                 num_frequency_blocks=None, start_freqindex_list=None, end_freqindex_list=None,
                 couple_input_forget_gates=False, backward_slice_offset=0, reuse=None):
        super().__init__(num_units, use_peepholes, share_time_frequency_weights, cell_clip, initializer,
                         num_unit_shards, forget_bias, feature_size, frequency_skip, num_frequency_blocks,
                         start_freqindex_list, end_freqindex_list, couple_input_forget_gates, True, reuse)
        self._backward_slice_offset = int(backward_slice_offset)
        self._tuple_type = collections.namedtuple("BidirectionalGridLSTMStateTuple", [
            name for way in ("fwd", "bwd") for name in _state_names(f"{way}_state", self._blocks)])

    @property
    def output_size(self):
        """That of both m of all windows, on both ways."""
        return 2 * super().output_size

    def call(self, inputs, state):
        """One step: (m of all windows on both ways, new state)."""
        up = self._features(inputs)
        down = self._features(inputs, self._backward_slice_offset) if self._backward_slice_offset else up
        outputs, states = [], []
        for way, features in (("fwd", up), ("bwd", [windows[::-1] for windows in down])):
            with tf.variable_scope(way):
                more, parts = self._over_blocks(features, state, f"{way}_state")
            outputs += more
            states += parts
        return tf.concat(outputs, 1), self._tuple_type(*states)
