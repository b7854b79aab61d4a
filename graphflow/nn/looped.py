"""Recurrent nets as loops in the graph: `dynamic_rnn` and `bidirectional_dynamic_rnn`. Holds no state."""

from graphflow.framework import dtypes, nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import TensorShape, as_shape
from graphflow.nn import sequences
from graphflow.nn.rnn_cell.base import assert_like_rnncell, shape_tensor, static_shape
from graphflow.ops import variable_scope as vs
from graphflow.ops.tensor_array_class import TensorArray


@tf_export("nn.dynamic_rnn")
def dynamic_rnn(cell, inputs, sequence_length=None, initial_state=None, dtype=None, parallel_iterations=None,
                swap_memory=False, time_major=False, scope=None):
    """Runs a cell over the time dimension of its inputs, in a loop: (outputs, last state).

    Args:
      cell: an RNNCell. inputs: [batch, time, ...], or a structure of such. sequence_length: int [batch]; past its
        length a sequence has outputs of zero and keeps its state. initial_state: by default the cell's
        `zero_state`, which needs `dtype`. parallel_iterations, swap_memory: accepted. time_major: whether inputs
        and outputs are [time, batch, ...]. scope: variable scope, "rnn" by default.
    Returns: outputs: [batch, time, output size]; state: in the structure of the cell's.
    Raises TypeError if `cell` is no cell; ValueError for inputs of unknown size or too low a rank, lengths that are
    no vector, or a missing dtype; InvalidArgumentError, while running, for another number of lengths.

    Example:
      >>> import graphflow as tf
      >>> cell = tf.nn.rnn_cell.LSTMCell(4)
      >>> outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([2, 5, 3]), sequence_length=[5, 2], dtype=tf.float32)
      >>> outputs.shape.as_list(), state.c.shape.as_list()
      ([2, 5, 4], [2, 4])
    """
    assert_like_rnncell("cell", cell)
    with vs.variable_scope(scope or "rnn") as varscope:
        sequences.cache_reads(varscope)
        flat = nest.flatten(inputs)
        _check_ranks(flat, time_major)
        if not time_major:
            flat = [sequences.transpose_batch_time(convert_to_tensor(value)) for value in flat]
        if sequence_length is not None:
            sequence_length = tf.cast(sequence_length, dtypes.int32)
            if sequence_length.shape.ndims not in (None, 1):
                raise ValueError("sequence_length must be a vector of length batch_size, but saw shape: "
                                 f"{sequence_length.shape}")
            sequence_length = tf.identity(sequence_length, name="sequence_length")
        batch_size = sequences.batch_size_of(flat)
        state = sequences.initial_state_of(cell, initial_state, batch_size, dtype,
                                           "If there is no initial_state, you must give a dtype.")
        if sequence_length is not None:
            with control_dependencies([_assert_length(sequence_length, batch_size)]):
                sequence_length = tf.identity(sequence_length, name="CheckSeqLen")
        inputs = nest.pack_sequence_as(inputs, flat) if nest.is_nested(inputs) else flat[0]
        outputs, state = _loop(cell, inputs, state, sequence_length, dtype,
                               {"parallel_iterations": parallel_iterations or 32, "swap_memory": swap_memory})
        if not time_major:
            outputs = nest.map_structure(sequences.transpose_batch_time, outputs)
        return outputs, state


def _check_ranks(inputs, time_major):
    """ValueError naming an input that is a vector per example, where a sequence of vectors is asked for."""
    for value in inputs:
        shape = as_shape(value.shape)
        if shape.ndims == 2:
            wanted = "[time, batch, depth]" if time_major else "[batch, time, depth]"
            raise ValueError(f"Shape {shape} must have rank at least 3: inputs of a dynamic RNN are {wanted}, but saw "
                             f"{value}")


def _assert_length(tensor, length):
    found, expected = tf.shape(tensor), tf.stack([length])
    return tf.Assert(tf.reduce_all(tf.equal(found, expected)), [
        f"Expected shape for Tensor {tensor.name} is ", expected, " but saw shape: ", found])


def _sizes(flat_inputs):
    """(time steps, batch size) where known; ValueError if inputs differ in them, or their size is not known."""
    shapes = [value.shape.with_rank_at_least(3) for value in flat_inputs]
    known = shapes[0].as_list()[:2]
    for shape in shapes:
        if not shape[2:].is_fully_defined():
            raise ValueError("Input size (depth of inputs) must be accessible via shape inference, but saw value None.")
        if shape.as_list()[0] != known[0]:
            raise ValueError("Time steps is not the same for all the elements in the input in a batch.")
        if shape.as_list()[1] != known[1]:
            raise ValueError("Batch_size is not the same for all the elements in the input.")
    return known


def _as_static(size):
    return as_shape(constant_value(size)) if isinstance(size, Tensor) else as_shape(size)


def _loop(cell, inputs, state, sequence_length, dtype, options):
    """The loop over inputs [time, batch, ...]: (outputs [time, batch, ...], last state)."""
    flat_inputs, flat_sizes = nest.flatten(inputs), nest.flatten(cell.output_size)
    time_steps = tf.shape(flat_inputs[0])[0]
    batch_size = sequences.batch_size_of(flat_inputs)
    known_steps, known_batch = _sizes(flat_inputs)
    out_dtype = sequences.state_dtype(dtype, state)
    zeros = [tf.zeros(tf.stack(shape_tensor(batch_size, size)), out_dtype) for size in flat_sizes]
    zero_output = nest.pack_sequence_as(cell.output_size, zeros) if nest.is_nested(cell.output_size) else zeros[0]
    longest = time_steps
    if sequence_length is not None:
        shortest, longest = tf.reduce_min(sequence_length), tf.reduce_max(sequence_length)
    time = tf.constant(0, dtype=dtypes.int32, name="time")
    with name_scope("dynamic_rnn") as base_name:
        pass  # the name is what the arrays' begin with
    outputs = tuple(TensorArray(out_dtype, size=time_steps, tensor_array_name=f"{base_name}output_{i}",
                                element_shape=TensorShape([known_batch]).concatenate(_as_static(size)))
                    for i, size in enumerate(flat_sizes))
    arrays = tuple(TensorArray(value.dtype, size=time_steps, tensor_array_name=f"{base_name}input_{i}",
                               element_shape=value.shape[1:]) for i, value in enumerate(flat_inputs))
    arrays = tuple(array.unstack(value) for array, value in zip(arrays, flat_inputs, strict=True))

    def step(time, outputs, state):
        values = [array.read(time) for array in arrays]
        for value, given in zip(values, flat_inputs, strict=True):
            value.set_shape(given.shape[1:])
        value = nest.pack_sequence_as(inputs, values) if nest.is_nested(inputs) else values[0]
        if sequence_length is None:
            output, new_state = cell(value, state)
        else:
            output, new_state = sequences.step_with_lengths(
                time, sequence_length, shortest, longest, zero_output, state, lambda: cell(value, state),
                unconditional=True)
        written = tuple(array.write(time, out) for array, out in zip(outputs, nest.flatten(output), strict=True))
        return time + 1, written, new_state

    # A loop of no steps would not make the variables that it needs.
    bound = tf.minimum(time_steps, tf.maximum(1, longest))
    _, outputs, state = tf.while_loop(lambda time, *_: time < bound, step, (time, outputs, state),
                                      maximum_iterations=time_steps, **options)
    stacked = [array.stack() for array in outputs]
    for value, size in zip(stacked, flat_sizes, strict=True):
        value.set_shape(static_shape(TensorShape([known_steps, known_batch]), size))
    return (nest.pack_sequence_as(cell.output_size, stacked) if nest.is_nested(cell.output_size) else stacked[0]), state


@tf_export("nn.bidirectional_dynamic_rnn")
def bidirectional_dynamic_rnn(cell_fw, cell_bw, inputs, sequence_length=None, initial_state_fw=None,
                              initial_state_bw=None, dtype=None, parallel_iterations=None, swap_memory=False,
                              time_major=False, scope=None):
    """`dynamic_rnn` in both directions: ((outputs_fw, outputs_bw), (state_fw, state_bw)).

    Arguments are those of `dynamic_rnn`, twice; variables are below "bidirectional_rnn/fw" and ".../bw".
    Raises TypeError or ValueError as `dynamic_rnn`.

    Example:
      >>> import graphflow as tf
      >>> cells = [tf.nn.rnn_cell.GRUCell(4) for _ in range(2)]
      >>> outputs, states = tf.nn.bidirectional_dynamic_rnn(*cells, tf.ones([2, 5, 3]), dtype=tf.float32)
      >>> tf.concat(outputs, 2).shape.as_list()
      [2, 5, 8]
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    options = {"sequence_length": sequence_length, "dtype": dtype, "parallel_iterations": parallel_iterations,
               "swap_memory": swap_memory, "time_major": time_major}
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)

    def turned(value):
        if sequence_length is None:
            return tf.reverse(value, axis=[time_axis])
        return tf.reverse_sequence(input=value, seq_lengths=sequence_length, seq_axis=time_axis,
                                   batch_axis=batch_axis)

    with vs.variable_scope(scope or "bidirectional_rnn"):
        with vs.variable_scope("fw") as fw_scope:
            outputs_fw, state_fw = dynamic_rnn(cell_fw, inputs, initial_state=initial_state_fw, scope=fw_scope,
                                               **options)
        with vs.variable_scope("bw") as bw_scope:
            outputs_bw, state_bw = dynamic_rnn(cell_bw, nest.map_structure(turned, inputs),
                                               initial_state=initial_state_bw, scope=bw_scope, **options)
    return (outputs_fw, nest.map_structure(turned, outputs_bw)), (state_fw, state_bw)
