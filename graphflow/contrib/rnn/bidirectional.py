"""Layers of cells in both directions, each layer over the joined outputs of the one before. Holds no state."""

import graphflow as tf
from graphflow.framework.api import tf_export


def _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
    """Raises ValueError unless there are as many cells, and states if given, each way."""
    for name, cells in (("fw", cells_fw), ("bw", cells_bw)):
        if not cells:
            raise ValueError(f"Must specify at least one {name} cell for BidirectionalRNN.")
        if not isinstance(cells, list):
            raise ValueError(f"cells_{name} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for name, states in (("fw", initial_states_fw), ("bw", initial_states_bw)):
        if states is not None and not (isinstance(states, list) and len(states) == len(cells_fw)):
            raise ValueError(f"initial_states_{name} must be a list of state tensors (one per layer).")


def _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
    none = [None] * len(cells_fw)
    return enumerate(zip(cells_fw, cells_bw, initial_states_fw or none, initial_states_bw or none, strict=True))


@tf_export("contrib.rnn.stack_bidirectional_rnn")
def stack_bidirectional_rnn(cells_fw, cells_bw, inputs, initial_states_fw=None, initial_states_bw=None, dtype=None,
                            sequence_length=None, scope=None):
    """`tf.nn.static_bidirectional_rnn` in layers: (outputs, last states of fw, of bw), states as tuples by layer.

    Args: cells_fw, cells_bw, initial_states_fw, initial_states_bw: lists with one entry per layer.
    Raises ValueError unless the lists are equally long.
    """
    _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    with tf.variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (fw, bw, start_fw, start_bw) in _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
            with tf.variable_scope(f"cell_{i}") as cell_scope:
                inputs, state_fw, state_bw = tf.nn.static_bidirectional_rnn(
                    fw, bw, inputs, initial_state_fw=start_fw, initial_state_bw=start_bw, dtype=dtype,
                    sequence_length=sequence_length, scope=cell_scope)
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)


@tf_export("contrib.rnn.stack_bidirectional_dynamic_rnn")
def stack_bidirectional_dynamic_rnn(cells_fw, cells_bw, inputs, initial_states_fw=None, initial_states_bw=None,
                                    dtype=None, sequence_length=None, parallel_iterations=None, time_major=False,
                                    scope=None, swap_memory=False):
    """`tf.nn.bidirectional_dynamic_rnn` in layers: (outputs, last states of fw, of bw), states as tuples by layer.

    Args: cells_fw, cells_bw, initial_states_fw, initial_states_bw: lists with one entry per layer.
    Raises ValueError unless the lists are equally long.
    """
    _check(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states_fw, states_bw = [], []
    with tf.variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (fw, bw, start_fw, start_bw) in _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
            with tf.variable_scope(f"cell_{i}"):
                outputs, (state_fw, state_bw) = tf.nn.bidirectional_dynamic_rnn(
                    fw, bw, inputs, initial_state_fw=start_fw, initial_state_bw=start_bw,
                    sequence_length=sequence_length, parallel_iterations=parallel_iterations, dtype=dtype,
                    swap_memory=swap_memory, time_major=time_major)
                inputs = tf.concat(outputs, 2)
            states_fw.append(state_fw)
            states_bw.append(state_bw)
    return inputs, tuple(states_fw), tuple(states_bw)
