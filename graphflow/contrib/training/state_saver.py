"""`tf.contrib.training.SequenceQueueingStateSaver`: long sequences in segments, with a state from one to the next.

State: of a saver, the operations made when first asked for; segments and states are in the session, in a barrier.
"""

import graphflow as tf
from graphflow.contrib.training.sequence_checks import (
    check_like,
    check_multiple,
    check_names,
    check_parts,
    check_rows,
)
from graphflow.framework.api import tf_export
from graphflow.ops.barrier import Barrier

_DESCRIPTION = {"length": tf.int32, "total_length": tf.int32, "next_key": tf.string, "sequence": tf.int32,
                "sequence_count": tf.int32}


@tf_export("contrib.training.NextQueuedSequenceBatch")
class NextQueuedSequenceBatch:
    """A batch of segments, as `SequenceQueueingStateSaver.next_batch` gives it.

    Attributes:
      length: how much of each segment is no padding, and total_length: of its whole sequence; int32 [batch].
      batch_size: how many segments there are, a scalar. insertion_index: ascending numbers of the sequences, int64.
      key: "00001_of_00003:key" for the second of three segments, and next_key: that of the next one, or "STOP:key".
      sequence: number of the segment in its sequence, of which there are `sequence_count`; int32 [batch].
      context: dict of tensors [batch, ...]. sequences: dict of tensors [batch, num_unroll, ...].
    """

    def __init__(self, state_saver):
        self._saver = state_saver
        barrier = state_saver.barrier
        self.insertion_index, self.key, values = barrier.take_many(
            state_saver.batch_size, state_saver.allow_small_batch, name="BarrierTakeMany")
        parts = dict(zip(state_saver.parts, values, strict=True))
        for name in _DESCRIPTION:
            setattr(self, name, parts[name, None])
        self.batch_size = tf.squeeze(tf.shape(self.length))
        self.context = {name: part for (kind, name), part in parts.items() if kind == "context"}
        self.sequences = {name: part for (kind, name), part in parts.items() if kind == "sequences"}
        self._done = self.sequence + 1 >= self.sequence_count
        # Sequences that are over make room for others; states are only there when that is done.
        with tf.control_dependencies([state_saver.make_room(tf.reduce_sum(tf.cast(self._done, tf.int32)))]):
            self._states = {name: tf.identity(part) for (kind, name), part in parts.items() if kind == "state"}

    def state(self, state_name):
        """The states [batch, ...] before these segments: what was saved for them, or initial ones. KeyError if none."""
        return self._states[state_name]

    def save_state(self, state_name, value, name=None):
        """An operation that saves the states [batch, ...] after these segments; every run must run it for each state.

        Raises KeyError if there is no such state.
        """
        if state_name not in self._states:
            raise KeyError(f"state was not declared: {state_name}")
        with tf.name_scope(name, "InputQueueingStateSaver_SaveState", values=[value]):
            value = check_like(tf.identity(value, name=f"convert_{state_name}"), self._states[state_name])
            going_on = tf.reshape(tf.where(tf.logical_not(self._done)), [-1])
            return self._saver.insert("state", state_name, tf.gather(self.next_key, going_on),
                                      tf.gather(value, going_on), f"BarrierInsertState_{state_name}")


@tf_export("contrib.training.SequenceQueueingStateSaver")
class SequenceQueueingStateSaver:
    """Cuts sequences into segments of one length, and batches segments of different sequences.

    The segments of a sequence come one after the other, in different batches, each with the state that was saved after
    the one before. `tf.contrib.rnn.static_state_saving_rnn` does so.

    Args:
      batch_size: int, or int32 scalar. num_unroll: int, length of the segments.
      input_length: of the sequence without padding, an int32 scalar. input_key: a string scalar of its own.
      input_sequences: dict of tensors [time, ...], all of one time, which is a multiple of num_unroll.
      input_context: dict of tensors that every segment gets. initial_states: dict of the first states.
      capacity: most sequences under way, at least batch_size. allow_small_batch: whether batches become smaller
        when the input has ended; else what is left is not given.
    Raises TypeError and ValueError for wrong types, names with a colon, and shapes that are not known but for the time.
    """

    def __init__(self, batch_size, num_unroll, input_length, input_key, input_sequences, input_context, initial_states,
                 capacity=None, allow_small_batch=False, name=None):
        self._batch_size, self._num_unroll = batch_size, num_unroll
        self.allow_small_batch = allow_small_batch
        if capacity is not None and isinstance(batch_size, tf.Tensor):
            with tf.control_dependencies([tf.assert_greater_equal(
                    tf.cast(capacity, tf.int64), tf.cast(batch_size, tf.int64),
                    message="capacity needs to be >= batch_size.")]):
                input_key = tf.identity(input_key)
        elif capacity is not None and capacity < batch_size:
            raise ValueError(f"capacity {capacity} needs to be >= batch_size {batch_size}")
        _check_dicts(input_sequences, input_context, initial_states)
        # One token per sequence under way. The barrier itself must take any number of segments.
        self._tokens = tf.FIFOQueue(-1 if capacity is None else capacity, [tf.int32], shapes=[[]])
        values = [input_length, input_key, *input_sequences.values(), *input_context.values()]
        with tf.name_scope(name, "InputQueueingStateSaver", values) as self._name:
            self._prepare(input_length, input_key, input_sequences, input_context, initial_states)
        self._prefetch_op = self._next_batch = None

    def _prepare(self, length, key, sequences, context, states):
        length, self._key, sequences, self._context, self._states = check_parts(
            length, key, sequences, context, states)
        padded = tf.identity(tf.shape(next(iter(sequences.values())))[0], name="padded_length")
        with tf.control_dependencies([check_multiple(padded, f"Tensor {padded.name}", self._num_unroll)]):
            self._padded = tf.identity(padded, name="multiple_of_checked")
        self._sequences = check_rows(sequences, self._padded, "sorted_sequences")
        with tf.control_dependencies([tf.Assert(tf.less_equal(length, self._padded), [
                "Input length should be <= than length from sequences:", length, " vs. ", self._padded])]):
            self._length = tf.identity(length)
        kinds = [((name, None), dtype, []) for name, dtype in _DESCRIPTION.items()]
        for kind, tensors in (("sequences", self._sequences), ("context", self._context), ("state", self._states)):
            for name, tensor in tensors.items():
                shape = tensor.shape.as_list()
                shape = [self._num_unroll, *shape[1:]] if kind == "sequences" else shape
                kinds.append(((kind, name), tensor.dtype, shape))
        self.parts, types, shapes = zip(*kinds)
        self._barrier = Barrier(list(types), list(shapes))

    @property
    def name(self):
        """The name scope."""
        return self._name

    @property
    def barrier(self):
        """The Barrier that holds segments and states."""
        return self._barrier

    @property
    def batch_size(self):
        """The size of batches, as given."""
        return self._batch_size

    @property
    def num_unroll(self):
        """The length of segments."""
        return self._num_unroll

    @property
    def prefetch_op(self):
        """The operation that takes in a sequence, and waits while there are too many; for a QueueRunner."""
        if self._prefetch_op is None:
            with tf.name_scope(None), tf.name_scope(self._name, values=[self._barrier.barrier_ref]):
                self._prefetch_op = self._prefetch()
        return self._prefetch_op

    @property
    def next_batch(self):
        """The NextQueuedSequenceBatch; a run waits until there are enough segments."""
        if self._next_batch is None:
            # In TensorFlow, too, the operation that takes in is there before those that give.
            _ = self.prefetch_op
            with tf.name_scope(None), tf.name_scope(self._name, values=[self._barrier.barrier_ref]):
                self._next_batch = NextQueuedSequenceBatch(self)
        return self._next_batch

    def close(self, cancel_pending_enqueues=False, name=None):
        """An operation that ends the input; with `cancel_pending_enqueues`, sequences under way end, too."""
        with tf.name_scope(name, "SQSSClose", [self._prefetch_op]) as scope:
            return tf.group(self._barrier.close(cancel_pending_enqueues, "BarrierClose"),
                            self._tokens.close(cancel_pending_enqueues, "FIFOClose"), name=scope)

    def insert(self, kind, part, keys, value, name):
        """An operation that brings a part of the segments `keys`."""
        return self._barrier.insert_many(self.parts.index((kind, part)), keys, value, name=name)

    def make_room(self, count):
        """An operation that forgets about `count` sequences, which are over."""
        return self._tokens.dequeue_many(count)

    def _prefetch(self):
        count, unroll = self._padded // self._num_unroll, self._num_unroll
        number, ones = tf.range(count), tf.ones([count], tf.int32)
        keys = tf.string_join([tf.as_string(number, width=5, fill="0"), "_of_",
                               tf.as_string(count, width=5, fill="0"), ":", self._key], name="StringJoinCurrentKeys")
        values = {
            ("length", None): tf.minimum(unroll, tf.maximum(0, self._length - unroll * number)),
            ("total_length", None): self._length * ones,
            ("next_key", None): tf.concat([keys[1:], tf.expand_dims(tf.string_join(["STOP:", self._key]), 0)], 0),
            ("sequence", None): number, ("sequence_count", None): count * ones}
        for name, tensor in self._sequences.items():
            rest = tensor.shape.as_list()[1:]
            values["sequences", name] = tf.reshape(tensor, [count, unroll, *rest], name=f"reshape_sequences_{name}")
        for name, tensor in self._context.items():
            values["context", name] = tf.tile(
                tf.expand_dims(tensor, 0), [count] + [1] * tensor.shape.ndims, name=f"tile_context_{name}")
        inserts = {part: self.insert(*part, keys, value, "BarrierInsert_" + "_".join(filter(None, part)))
                   for part, value in values.items()}
        token = self._tokens.enqueue((0,))
        # The number comes first, for all segments at once: then they get one insertion index.
        with tf.control_dependencies([inserts["sequence", None], token]):
            states = [self.insert("state", name, keys[:1], tf.expand_dims(value, 0),
                                  f"BarrierInitialInsertState_{name}") for name, value in self._states.items()]
        return tf.group(token, *inserts.values(), *states, name="StateSaverPrefetchGroup")


def _check_dicts(sequences, context, states):
    if not isinstance(states, dict):
        raise TypeError("initial_states must be a dictionary")
    if not states:
        raise ValueError("initial_states may not be empty: at least one state variable is required to properly enqueue "
                         "split sequences to run in separate iterations")
    check_names("state name", states)
    for kind, tensors in (("sequence", sequences), ("context", context)):
        if not isinstance(tensors, dict):
            raise TypeError(f"{'sequences' if kind == 'sequence' else kind} must be a dict")
    if not sequences:
        raise ValueError("must have at least one sequence tensor")
    check_names("sequence key", sequences)
    check_names("context key", context)
