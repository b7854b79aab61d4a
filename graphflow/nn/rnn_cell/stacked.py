"""`MultiRNNCell`: cells on top of each other. State: the cells."""

from graphflow.framework import nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.layers.base import Layer
from graphflow.nn.rnn_cell.base import RNNCell
from graphflow.ops import variable_scope as vs
from graphflow.platform import tf_logging


@tf_export("nn.rnn_cell.MultiRNNCell", "contrib.rnn.MultiRNNCell")
class MultiRNNCell(RNNCell):
    """Cells in a row: each gets the output of the one before, in scopes `cell_0`, `cell_1`, ...

    Args: cells: list of RNNCells. state_is_tuple: whether the state is a tuple of the cells' states (the
      default), or one tensor that has them side by side.
    Raises ValueError or TypeError if there are no cells, or states don't fit in one tensor.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(n) for n in (4, 2)])
      >>> output, state = cell(tf.ones([2, 3]), cell.zero_state(2, tf.float32))
      >>> cell.state_size, cell.weights[0].op.name
      ((4, 2), 'multi_rnn_cell/cell_0/gru_cell/gates/kernel')
    """

    def __init__(self, cells, state_is_tuple=True):
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not nest.is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but saw: {cells}.")
        if len({id(cell) for cell in cells}) < len(cells):
            tf_logging.log_first_n(tf_logging.WARN, "At least two cells provided to MultiRNNCell are the same object "
                                   "and will share weights.", 1)
        self._cells = cells
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(nest.is_nested(cell.state_size) for cell in cells):
            raise ValueError("Some cells return tuples of states, but the flag state_is_tuple is not set.  State sizes "
                             f"are: {[cell.state_size for cell in cells]}")

    @property
    def state_size(self):
        """The cells' sizes as a tuple, or their sum."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self):
        """The last cell's."""
        return self._cells[-1].output_size

    def zero_state(self, batch_size, dtype):
        """The cells' states of zeros."""
        with name_scope(type(self).__name__ + "ZeroState", values=[batch_size]):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return super().zero_state(batch_size, dtype)

    def _of_cells(self, kind):
        return [weight for cell in self._cells if isinstance(cell, Layer) for weight in getattr(cell, kind)]

    @property
    def trainable_weights(self):
        """The cells'."""
        return self._of_cells("trainable_weights") if self.trainable else []

    @property
    def non_trainable_weights(self):
        """The cells'."""
        frozen = self._of_cells("non_trainable_weights")
        return frozen if self.trainable else self._of_cells("trainable_weights") + frozen

    def call(self, inputs, state):
        """One step of all cells: (output, new state)."""
        if self._state_is_tuple and not nest.is_nested(state):
            raise ValueError(f"Expected state to be a tuple of length {len(self.state_size)}, but received: {state}")
        position, new_states = 0, []
        for i, cell in enumerate(self._cells):
            with vs.variable_scope(f"cell_{i}"):
                if self._state_is_tuple:
                    own = state[i]
                else:
                    own = tf.slice(state, [0, position], [-1, cell.state_size])
                    position += cell.state_size
                inputs, new_state = cell(inputs, own)
                new_states.append(new_state)
        return inputs, tuple(new_states) if self._state_is_tuple else tf.concat(new_states, 1)
