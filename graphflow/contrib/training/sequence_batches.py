"""`tf.contrib.training.batch_sequences_with_states`: a SequenceQueueingStateSaver with padding and sparse tensors.

Sparse tensors travel as handles to a map in the session, one for each time. Holds no state.
"""

import numbers

import graphflow as tf
from graphflow.contrib.training.sequence_checks import check_multiple, text
from graphflow.contrib.training.state_saver import SequenceQueueingStateSaver
from graphflow.framework.api import tf_export
from graphflow.framework.grouping import with_dependencies
from graphflow.ops.sparse_map import add_many_sparse_to_map, take_many_sparse_from_map

# Sparse contexts travel as sequences under names that begin so.
_PREFIX = "_context_in_seq_"


@tf_export("contrib.training.batch_sequences_with_states")
def batch_sequences_with_states(input_key, input_sequences, input_context, input_length, initial_states, num_unroll,
                                batch_size, num_threads=3, capacity=1000, allow_small_batch=True, pad=True,
                                make_keys_unique=False, make_keys_unique_seed=None, name=None):
    """Batches of segments of sequences, with states from one segment to the next.

    Args:
      input_key, input_sequences, input_context, initial_states: see SequenceQueueingStateSaver; sequences and context
        may be sparse. input_length: of the sequence; may be None with `pad`.
      num_unroll: int, length of segments. batch_size: int, or int32 scalar.
      num_threads: how many threads take sequences in. capacity: most sequences under way. allow_small_batch: whether
        batches become smaller when the input has ended. pad: whether sequences are padded to a multiple of num_unroll.
      make_keys_unique: whether a random number, drawn with make_keys_unique_seed, is put behind each key.
    Returns a NextQueuedSequenceBatch. A QueueRunner in the collection QUEUE_RUNNERS fills it.
    Raises TypeError and ValueError as SequenceQueueingStateSaver does.

    Example:
      >>> import graphflow as tf
      >>> key = tf.train.string_input_producer(["a", "b"], num_epochs=1).dequeue()
      >>> batch = tf.contrib.training.batch_sequences_with_states(
      ...     key, {"x": tf.range(5)}, {}, None, {"sum": tf.constant(0)}, num_unroll=2, batch_size=2)
      >>> total = batch.state("sum") + tf.reduce_sum(batch.sequences["x"], 1)
      >>> with tf.control_dependencies([batch.save_state("sum", total)]):
      ...     total = tf.identity(total)
      >>> with tf.train.MonitoredSession() as sess:
      ...     print([sess.run(total).tolist() for _ in range(3)])
      [[1, 1], [6, 6], [10, 10]]
    """
    given = [*input_sequences.values(), *input_context.values(), *initial_states.values()]
    with tf.name_scope(name, "batch_sequences_with_states", given):
        if pad:
            length, sequences = padded(input_sequences, num_unroll)
            input_length = length if input_length is None else input_length
        else:
            sequences = {key: _checked(key, value, num_unroll) for key, value in input_sequences.items()}
        context, moved = _without_sparse(input_context, sequences, num_unroll)
        sequences, stored = _stored({**sequences, **moved})
        if make_keys_unique:
            number = tf.random_uniform((), 0, 100000000, dtype=tf.int32, seed=make_keys_unique_seed)
            input_key = tf.string_join([input_key, tf.as_string(number)])
        saver = SequenceQueueingStateSaver(
            batch_size, num_unroll, input_length=input_length, input_key=input_key, input_sequences=sequences,
            input_context=context, initial_states=initial_states, capacity=capacity,
            allow_small_batch=allow_small_batch)
        tf.summary.scalar(f"queue/{saver.barrier.name}/ready_segment_batches_",
                          tf.cast(saver.barrier.ready_size(), tf.float32))
        tf.train.add_queue_runner(tf.train.QueueRunner(
            saver, [saver.prefetch_op] * num_threads,
            queue_closed_exception_types=(tf.errors.OutOfRangeError, tf.errors.CancelledError)))
        batch = saver.next_batch
        _restore(batch, stored)
        return batch


def padded(sequences, num_unroll):
    """(length, {name: sequence, padded with zeros or empty strings to a multiple of `num_unroll`}).

    Raises ValueError if `num_unroll` is no int, TypeError unless `sequences` is a dict with strings as keys.
    """
    if not isinstance(num_unroll, numbers.Integral):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"Unsupported num_unroll expected int, got: {num_unroll}")
    if not isinstance(sequences, dict):
        raise TypeError(f"Unsupported sequences expected dict, got: {sequences}")
    for key in sequences:
        if not isinstance(key, str):
            raise TypeError(f"Unsupported sequences key expected string, got: {key}")
    if not sequences:
        return 0, {}
    sequences = {key: tf.convert_to_tensor_or_sparse_tensor(sequences[key]) for key in sorted(sequences)}
    length = _common_length(sequences.values())
    missing = tf.mod(-length, num_unroll)
    return length, {key: _longer(value, length + missing) for key, value in sequences.items()}


def _common_length(sequences):
    lengths = [tf.shape(value)[0] for value in sequences if isinstance(value, tf.Tensor)]
    if not lengths:
        return tf.reduce_max(tf.cast(tf.stack([value.dense_shape[0] for value in sequences]), tf.int32))
    checks = [tf.Assert(tf.equal(length, lengths[0]), [text(
        "All sequence lengths must match, but received lengths: ", tf.stack(lengths))]) for length in lengths]
    return with_dependencies(checks, lengths[0])


def _longer(value, length):
    if isinstance(value, tf.SparseTensor):
        shape = tf.concat([[tf.cast(length, tf.int64)], value.dense_shape[1:]], 0)
        return tf.SparseTensor(value.indices, value.values, shape)
    empty = tf.constant("" if value.dtype == tf.string else 0, dtype=value.dtype)
    sizes = tf.concat([[length - tf.shape(value)[0]], tf.shape(value)[1:]], 0)
    return tf.concat([value, tf.fill(sizes, empty)], 0)


def _checked(key, value, num_unroll):
    """A sequence that in a run must have a multiple of `num_unroll` times."""
    try:
        value = tf.convert_to_tensor_or_sparse_tensor(value)
    except TypeError as error:
        raise TypeError("Unsupported input_sequences expected Tensor or SparseTensor values, got: "
                        f"{type(value)} for key {key}") from error
    sparse = isinstance(value, tf.SparseTensor)
    times = value.dense_shape[0] if sparse else tf.shape(value)[0]
    what = f"{'SparseTensor' if sparse else 'Tensor'} {key} first dimension"
    with tf.control_dependencies([check_multiple(times, what, num_unroll)]):
        if sparse:
            return tf.SparseTensor(*(tf.identity(part, name="multiple_of_checked")
                                     for part in (value.indices, value.values, value.dense_shape)))
        return tf.identity(value, name="multiple_of_checked")


# ---------------------------------------------------------------- sparse tensors


def _without_sparse(context, sequences, num_unroll):
    """(the context without sparse tensors, these as sequences whose first row of each segment holds them)."""
    context = {key: tf.convert_to_tensor_or_sparse_tensor(value) for key, value in context.items()}
    sparse = {key: value for key, value in context.items() if isinstance(value, tf.SparseTensor)}
    dense = {key: value for key, value in context.items() if key not in sparse}
    if not sparse:
        return dense, {}
    times = tf.constant(1, tf.int64)
    if sequences:
        first = next(iter(sequences.values()))
        times = first.dense_shape[0] if isinstance(first, tf.SparseTensor) else tf.shape(first, out_type=tf.int64)[0]
    return dense, {_PREFIX + key: _in_first_rows(value, times, num_unroll) for key, value in sparse.items()}


def _in_first_rows(value, times, num_unroll):
    starts = tf.range(tf.constant(0, tf.int64), times, num_unroll)
    segments, entries = tf.size(starts), tf.shape(value.indices)[0]
    rows = tf.reshape(tf.tile(tf.expand_dims(starts, 1), [1, entries]), [-1, 1])
    return tf.SparseTensor(tf.concat([rows, tf.tile(value.indices, [segments, 1])], 1),
                           tf.tile(value.values, [segments]), tf.concat([[times], value.dense_shape], 0))


def _stored(sequences):
    """({name: sequence, of handles in place of sparse ones}, {name: operation that stored it})."""
    handles, operations = {}, {}
    for key in sorted(sequences):
        value = sequences[key]
        if isinstance(value, tf.SparseTensor):
            value = add_many_sparse_to_map(value)
            operations[key] = value.op
        handles[key] = value
    return handles, operations


def _restore(batch, stored):
    """Puts sparse tensors [batch, num_unroll, ...] in place of handles, and contexts [batch, ...] where they belong."""
    for key, operation in stored.items():
        handles = batch.sequences.pop(key)
        flat = take_many_sparse_from_map(operation, tf.reshape(handles, [-1]))
        shape = tf.concat([tf.shape(handles, out_type=tf.int64), flat.dense_shape[1:]], 0)
        value = tf.sparse_reshape(flat, shape)
        if key.startswith(_PREFIX):
            context = tf.SparseTensor(tf.concat([value.indices[:, :1], value.indices[:, 2:]], 1), value.values,
                                      tf.concat([shape[:1], shape[2:]], 0))
            batch.context[key.removeprefix(_PREFIX)] = context
        else:
            batch.sequences[key] = value
