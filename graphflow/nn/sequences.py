"""What unrolled and looped recurrent nets share: sequence lengths, dtypes and batch sizes. Holds no state."""

from graphflow.framework import nest
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import colocate_with
from graphflow.framework.tensor_shape import TensorShape, dimension_value
from graphflow.ops.tensor_array_class import TensorArray


def state_dtype(dtype, state):
    """`dtype`, or that of all tensors of a state; ValueError if it has none, or several."""
    if dtype is not None:
        return dtype
    if not nest.is_nested(state):
        return state.dtype
    found = [part.dtype for part in nest.flatten(state)]
    if not found:
        raise ValueError("Unable to infer dtype from empty state.")
    if any(other != found[0] for other in found):
        raise ValueError("State has tensors of different inferred_dtypes. Unable to infer a single representative "
                         "dtype.")
    return found[0]


def initial_state_of(cell, given, batch_size, dtype, message):
    """The state `given`, or the cell's initial one; ValueError(message) if that needs a dtype."""
    if given is not None:
        return given
    if not dtype:
        raise ValueError(message)
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


@tf_export("contrib.rnn.transpose_batch_time")
def transpose_batch_time(x):
    """`x` with its first two dimensions exchanged; what has fewer stays as it is."""
    shape = x.shape
    if shape.ndims is not None and shape.ndims < 2:
        return x
    result = tf.transpose(x, tf.concat(([1, 0], tf.range(2, tf.rank(x))), axis=0))
    if shape.ndims is not None:
        result.set_shape(TensorShape([shape[1], shape[0]]).concatenate(shape[2:]))
    return result


@tf_export("contrib.rnn.best_effort_input_batch_size")
def batch_size_of(flat_input):
    """Batch size of inputs [time, batch, ...]: an int, or a tensor. ValueError for rank 1 or less."""
    for tensor in flat_input:
        if tensor.shape.ndims is None:
            continue
        if tensor.shape.ndims < 2:
            raise ValueError(f"Expected input tensor {tensor} to have rank at least 2")
        if dimension_value(tensor.shape[1]) is not None:
            return dimension_value(tensor.shape[1])
    return tf.shape(flat_input[0])[1]


def kept_where(finished, current, candidate):
    """`candidate`, but `current` in the rows of `finished` sequences; scalars and TensorArrays always change."""
    if isinstance(current, TensorArray) or current.shape.ndims == 0:
        return candidate
    with colocate_with(candidate):
        return tf.where(finished, current, candidate)


def step_with_lengths(time, sequence_length, shortest, longest, zero_output, state, call_cell, unconditional=False):
    """One step of `call_cell()` that leaves finished sequences alone: (output, new state).

    Past its `sequence_length` a sequence has output zero and keeps its state. Unless `unconditional`, the cell
    does not run once all sequences are finished, and nothing is selected while none is.
    """
    flat_state, flat_zero = nest.flatten(state), nest.flatten(zero_output)

    def called():
        output, new_state = call_cell()
        nest.assert_same_structure(zero_output, output)
        nest.assert_same_structure(state, new_state)
        return nest.flatten(output) + nest.flatten(new_state)

    finished = time >= sequence_length

    def selected(values):
        return [kept_where(finished, old, new) for old, new in zip(flat_zero + flat_state, values, strict=True)]

    def step():
        values = called()
        return tf.cond(time < shortest, lambda: values, lambda: selected(values))

    if unconditional:
        values = selected(called())
    else:
        values = tf.cond(time >= longest, lambda: flat_zero + flat_state, step)
    for value, like in zip(values, flat_zero + flat_state, strict=True):
        if not isinstance(value, TensorArray):
            value.set_shape(like.shape)
    count = len(flat_zero)
    return (nest.pack_sequence_as(zero_output, values[:count]) if nest.is_nested(zero_output) else values[0],
            nest.pack_sequence_as(state, values[count:]) if nest.is_nested(state) else values[count])


def cache_reads(scope):
    """Has a scope's variables cached where they are used, as TensorFlow does outside of loops."""
    if scope.caching_device is None:
        scope.set_caching_device(lambda op: op.device)
