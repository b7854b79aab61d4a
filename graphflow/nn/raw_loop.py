"""`raw_rnn`: a loop whose inputs and states a function of the user decides. Holds no state."""

from graphflow.framework import dtypes, nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import TensorShape, as_shape
from graphflow.nn import sequences
from graphflow.nn.rnn_cell.base import assert_like_rnncell, shape_tensor
from graphflow.ops import variable_scope as vs
from graphflow.ops.tensor_array_class import TensorArray


def _packed(structure, flat):
    return nest.pack_sequence_as(structure, flat) if nest.is_nested(structure) else flat[0]


def _emits(cell, emit_structure, dtype):
    """(structure, sizes, dtypes) of what a step emits: the cell's output, unless `loop_fn` says otherwise."""
    if emit_structure is None:
        sizes = nest.flatten(cell.output_size)
        return cell.output_size, sizes, [dtype] * len(sizes)
    flat = nest.flatten(emit_structure)
    sizes = [emit.shape if emit.shape.is_fully_defined() else tf.shape(emit) for emit in flat]
    return emit_structure, sizes, [emit.dtype for emit in flat]


def _arrays(sizes, emit_dtypes, batch_size):
    shapes = [TensorShape(None) if isinstance(size, Tensor) else TensorShape([batch_size]).concatenate(as_shape(size))
              for size in sizes]
    return [TensorArray(dtype, size=0, dynamic_size=True, element_shape=shape, name=f"rnn_output_{i}")
            for i, (dtype, shape) in enumerate(zip(emit_dtypes, shapes, strict=True))]


@tf_export("nn.raw_rnn")
def raw_rnn(cell, loop_fn, parallel_iterations=None, swap_memory=False, scope=None):
    """Runs a cell with inputs and states that `loop_fn` decides: (TensorArrays of what was emitted, state, loop state).

    Args:
      cell: an RNNCell. loop_fn: function (time, cell_output, cell_state, loop_state) -> (elements_finished, next_input,
        next_cell_state, emit_output, next_loop_state). First it is called with None for all but the time, and gives
        the initial state, and an emit_output that says what later ones are like (None: like the cell's output). A
        next_loop_state of None keeps the last.
      parallel_iterations, swap_memory: accepted. scope: variable scope, "rnn" by default.
    Finished sequences emit zeros and keep their state.
    Raises TypeError unless `cell` is a cell and `loop_fn` can be called, ValueError for structures that don't fit.
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError("loop_fn must be a callable")
    with vs.variable_scope(scope or "rnn") as varscope:
        sequences.cache_reads(varscope)
        time = tf.constant(0, dtype=dtypes.int32)
        finished, inputs, state, emit_structure, init_loop_state = loop_fn(time, None, None, None)
        loop_state = tf.constant(0, dtype=dtypes.int32) if init_loop_state is None else init_loop_state
        flat_inputs = nest.flatten(inputs)
        batch = TensorShape([None])
        for value in flat_inputs:
            batch = batch.merge_with(value.shape[:1] if value.shape.ndims is not None else TensorShape([None]))
        known_batch = batch.as_list()[0]
        batch_size = tf.shape(flat_inputs[0])[0] if known_batch is None else known_batch
        nest.assert_same_structure(state, cell.state_size)
        flat_state = [part if isinstance(part, TensorArray) else convert_to_tensor(part)
                      for part in nest.flatten(state)]
        state = _packed(state, flat_state)
        structure, sizes, emit_dtypes = _emits(cell, emit_structure, flat_state[0].dtype)
        arrays = _packed(structure, _arrays(sizes, emit_dtypes, known_batch))
        zeros = _packed(structure, [tf.zeros(shape_tensor(batch_size, size), dtype)
                                    for size, dtype in zip(sizes, emit_dtypes, strict=True)])

        def body(time, finished, inputs, arrays, state, loop_state):
            output, cell_state = cell(inputs, state)
            nest.assert_same_structure(state, cell_state)
            nest.assert_same_structure(cell.output_size, output)
            next_time = time + 1
            next_finished, next_inputs, next_state, emitted, next_loop_state = loop_fn(
                next_time, output, cell_state, loop_state)
            nest.assert_same_structure(state, next_state)
            nest.assert_same_structure(inputs, next_inputs)
            nest.assert_same_structure(arrays, emitted)
            loop_state = loop_state if next_loop_state is None else next_loop_state

            def kept(current, candidate):
                return nest.map_structure(lambda old, new: sequences.kept_where(finished, old, new), current, candidate)

            emitted, next_state = kept(zeros, emitted), kept(state, next_state)
            arrays = nest.map_structure(lambda array, value: array.write(time, value), arrays, emitted)
            return next_time, tf.logical_or(finished, next_finished), next_inputs, arrays, next_state, loop_state

        returned = tf.while_loop(
            lambda _, finished, *__: tf.logical_not(tf.reduce_all(finished)), body,
            [time, finished, inputs, arrays, state, loop_state], parallel_iterations=parallel_iterations or 32,
            swap_memory=swap_memory)
        arrays, state, loop_state = returned[-3:]
        return arrays, state, None if init_loop_state is None else loop_state
