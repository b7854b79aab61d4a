"""Recurrent nets unrolled in the graph: one copy of the cell's operations per step. Holds no state."""

from graphflow.framework import dtypes, nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.framework.tensor_shape import TensorShape, dimension_value
from graphflow.nn import sequences
from graphflow.nn.rnn_cell.base import assert_like_rnncell, shape_tensor, static_shape
from graphflow.ops import variable_scope as vs


@tf_export("nn.static_rnn", "contrib.rnn.static_rnn", legacy=("nn.rnn",))
def static_rnn(cell, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
    """Runs a cell over a list of inputs: (list of outputs, last state).

    Args:
      cell: an RNNCell. inputs: list of tensors [batch, size], or of structures of them. initial_state: by default
        the cell's `zero_state`, which needs `dtype`. sequence_length: vector of int [batch]; past its length a
        sequence has outputs of zero and keeps its state. scope: variable scope, "rnn" by default.
    Raises TypeError if `cell` is no cell or `inputs` no list; ValueError for empty inputs, inputs of unknown size,
    or a missing dtype.

    Example:
      >>> import graphflow as tf
      >>> rows = tf.unstack(tf.ones([2, 5, 3]), axis=1)
      >>> outputs, state = tf.nn.static_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), rows, dtype=tf.float32)
      >>> len(outputs), state.h.shape.as_list()
      (5, [2, 4])
    """
    assert_like_rnncell("cell", cell)
    if not nest.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with vs.variable_scope(scope or "rnn") as varscope:
        sequences.cache_reads(varscope)
        first, static_batch = _checked(inputs)
        batch_size = static_batch or tf.shape(first)[0]
        state = sequences.initial_state_of(cell, initial_state, batch_size, dtype,
                                           "If no initial_state is provided, dtype must be specified")
        lengths = None
        if sequence_length is not None:
            lengths = _lengths(cell, sequence_length, batch_size, static_batch, sequences.state_dtype(dtype, state))
        outputs = []
        for time, value in enumerate(inputs):
            if time > 0:
                varscope.reuse_variables()
            output, state = _step(cell, time, value, state, lengths)
            outputs.append(output)
        return outputs, state


def _checked(inputs):
    """The first tensor of the inputs, and the batch size if it is known."""
    flat = nest.flatten(inputs)
    first = flat[0]
    if first.shape.ndims == 1:
        return first, dimension_value(first.shape[0])
    batch = first.shape.with_rank_at_least(2)[:1]
    for tensor in flat:
        shape = tensor.shape.with_rank_at_least(2)
        batch = batch.merge_with(shape[:1])
        for i, size in enumerate(shape[1:].as_list()):
            if size is None:
                raise ValueError(f"Input size (dimension {i} of inputs) must be accessible via shape inference, but "
                                 "saw value None.")
    return first, batch.as_list()[0]


def _lengths(cell, sequence_length, batch_size, static_batch, dtype):
    """(lengths, shortest, longest, output of zeros)."""
    sequence_length = convert_to_tensor(sequence_length, name="sequence_length")
    if sequence_length.shape.ndims not in (None, 1):
        raise ValueError("sequence_length must be a vector of length batch_size")

    def zeros(size):
        value = tf.zeros(tf.stack(shape_tensor(batch_size, size)), dtype)
        value.set_shape(static_shape(TensorShape([static_batch]), size))
        return value

    zero_output = nest.map_structure(zeros, cell.output_size)
    sequence_length = tf.cast(sequence_length, dtypes.int32)
    return sequence_length, tf.reduce_min(sequence_length), tf.reduce_max(sequence_length), zero_output


def _step(cell, time, value, state, lengths):
    if lengths is None:
        return cell(value, state)
    return sequences.step_with_lengths(time, *lengths, state, lambda: cell(value, state))


@tf_export("nn.static_state_saving_rnn", "contrib.rnn.static_state_saving_rnn", legacy=("nn.state_saving_rnn",))
def static_state_saving_rnn(cell, inputs, state_saver, state_name, sequence_length=None, scope=None):
    """`static_rnn` from a state that a `state_saver` keeps, and saves again: (outputs, last state).

    Args: state_saver: object with methods `state(name)` and `save_state(name, value)`. state_name: name, or tuple
      of names in the structure of the cell's state.
    Raises TypeError or ValueError as `static_rnn`, and ValueError for names that don't fit.
    """
    size = cell.state_size
    if nest.is_nested(size) != nest.is_nested(state_name):
        raise ValueError("state_name should be the same type as cell.state_size.  "
                         f"state_name: {state_name}, cell.state_size: {size}")
    names = nest.flatten(state_name)
    if len(names) != len(nest.flatten(size)):
        raise ValueError("#elems(state_name) != #elems(state_size): "
                         f"{len(names)} vs. {len(nest.flatten(size))}")
    start = [state_saver.state(name) for name in names]
    start = nest.pack_sequence_as(size, start) if nest.is_nested(size) else start[0]
    outputs, state = static_rnn(cell, inputs, initial_state=start, sequence_length=sequence_length, scope=scope)
    saved = [state_saver.save_state(name, part) for name, part in zip(names, nest.flatten(state), strict=True)]
    with control_dependencies(saved):
        outputs[-1] = nest.map_structure(tf.identity, outputs[-1])
        state = nest.map_structure(tf.identity, state)
    return outputs, state


@tf_export("nn.static_bidirectional_rnn", "contrib.rnn.static_bidirectional_rnn", legacy=("nn.bidirectional_rnn",))
def static_bidirectional_rnn(cell_fw, cell_bw, inputs, initial_state_fw=None, initial_state_bw=None, dtype=None,
                             sequence_length=None, scope=None):
    """Two cells over a list of inputs, one from the end: (outputs of both joined, last states of fw, of bw).

    Arguments are those of `static_rnn`, twice; variables are below "bidirectional_rnn/fw" and ".../bw".
    Raises TypeError or ValueError as `static_rnn`.
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    if not nest.is_nested(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with vs.variable_scope(scope or "bidirectional_rnn"):
        with vs.variable_scope("fw") as fw_scope:
            outputs_fw, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=fw_scope)
        with vs.variable_scope("bw") as bw_scope:
            reversed_inputs = _reversed(inputs, sequence_length)
            outputs_bw, state_bw = static_rnn(cell_bw, reversed_inputs, initial_state_bw, dtype, sequence_length,
                                              scope=bw_scope)
    outputs_bw = _reversed(outputs_bw, sequence_length)
    joined = [tf.concat([fw, bw], 1)
              for fw, bw in zip(nest.flatten(outputs_fw), nest.flatten(outputs_bw), strict=True)]
    return nest.pack_sequence_as(outputs_fw, joined), state_fw, state_bw


def _reversed(inputs, lengths):
    """A list of inputs from the end, each sequence from its own."""
    if lengths is None:
        return list(reversed(inputs))
    results = [[] for _ in inputs]
    for steps in zip(*(nest.flatten(value) for value in inputs), strict=True):
        shape = TensorShape(None) if steps[0].shape.ndims is None else TensorShape([None] * steps[0].shape.ndims)
        for value in steps:
            shape = shape.merge_with(value.shape)
            value.set_shape(shape)
        turned = tf.unstack(tf.reverse_sequence(tf.stack(steps), lengths, 0, 1))
        for value, result in zip(turned, results, strict=True):
            value.set_shape(shape)
            result.append(value)
    return [nest.pack_sequence_as(value, flat) if nest.is_nested(value) else flat[0]
            for value, flat in zip(inputs, results, strict=True)]
