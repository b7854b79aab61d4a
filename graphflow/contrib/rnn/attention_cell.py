"""`AttentionCellWrapper`: a cell that attends to its own last outputs. State: its weights."""

import graphflow as tf
from graphflow.contrib.rnn.projections import Linear
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import RNNCell, assert_like_rnncell


@tf_export("contrib.rnn.AttentionCellWrapper")
class AttentionCellWrapper(RNNCell):
    """A cell with attention to its last `attn_length` outputs (arXiv 1601.06733).

    The state is (the cell's state, the attention, the outputs attended to).

    Args: cell: an RNNCell. attn_length: how many outputs. attn_size: size of outputs, the cell's by default.
      attn_vec_size: size of the vectors compared. input_size: of the inputs as the cell gets them, by default as
      they come. state_is_tuple: False for one tensor. reuse: whether variables are shared.
    Raises ValueError for an `attn_length` that is not positive, or states that need a tuple.
    """

    def __init__(self, cell, attn_length, attn_size=None, attn_vec_size=None, input_size=None, state_is_tuple=True,
                 reuse=None):
        super().__init__(_reuse=reuse)
        assert_like_rnncell("cell", cell)
        if tf.nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError("Cell returns tuple of states, but the flag state_is_tuple is not set. State size is: "
                             f"{cell.state_size}")
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        self._cell = cell
        self._length = attn_length
        self._size = cell.output_size if attn_size is None else attn_size
        self._vector_size = self._size if attn_vec_size is None else attn_vec_size
        self._input_size = input_size
        self._state_is_tuple = state_is_tuple
        self._linear = {}

    @property
    def state_size(self):
        """(the cell's, attention, outputs), or their sum."""
        sizes = (self._cell.state_size, self._size, self._size * self._length)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self):
        """Size of the attention."""
        return self._size

    def _mapped(self, key, args, size):
        """A linear map with weights of its own in the current scope."""
        if key not in self._linear:
            self._linear[key] = Linear(args, size, True)
        return self._linear[key](args)

    def call(self, inputs, state):
        """One step: (output, new state)."""
        if not self._state_is_tuple:
            state = tf.split(state, [self._cell.state_size, self._size, self._size * self._length], 1)
        state, attention, outputs = state
        outputs = tf.reshape(outputs, [-1, self._length, self._size])
        inputs = self._mapped("input", [inputs, attention], self._input_size or inputs.shape.as_list()[1])
        output, new_state = self._cell(inputs, state)
        query = tf.concat(tf.nest.flatten(new_state), 1) if self._state_is_tuple else new_state
        attention, kept = self._attention(query, outputs)
        with tf.variable_scope("attn_output_projection"):
            output = self._mapped("output", [output, attention], self._size)
        kept = tf.concat([kept, tf.expand_dims(output, 1)], 1)
        new_state = (new_state, attention, tf.reshape(kept, [-1, self._length * self._size]))
        return output, new_state if self._state_is_tuple else tf.concat(list(new_state), 1)

    def _attention(self, query, outputs):
        """(attention to the outputs, the outputs without the oldest)."""
        with tf.variable_scope("attention"):
            kernel = tf.get_variable("attn_w", [1, 1, self._size, self._vector_size])
            vector = tf.get_variable("attn_v", [self._vector_size])
            hidden = tf.reshape(outputs, [-1, self._length, 1, self._size])
            features = tf.nn.conv2d(hidden, kernel, [1, 1, 1, 1], "SAME")
            compared = tf.reshape(self._mapped("query", query, self._vector_size), [-1, 1, 1, self._vector_size])
            weights = tf.nn.softmax(tf.reduce_sum(vector * tf.tanh(features + compared), [2, 3]))
            attended = tf.reduce_sum(tf.reshape(weights, [-1, self._length, 1, 1]) * hidden, [1, 2])
            return tf.reshape(attended, [-1, self._size]), tf.slice(outputs, [0, 1, 0], [-1, -1, -1])
