"""`Decoder`, what steps through a sequence, and `dynamic_decode`, the loop that lets it. Holds no state."""

import abc
import contextlib

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.nn import sequences
from graphflow.nn.rnn_cell.base import zeros_of_size


@tf_export("contrib.seq2seq.Decoder")
class Decoder(abc.ABC):
    """What `dynamic_decode` asks of a decoder.

    Properties `batch_size`, `output_size` and `output_dtype` (alike structures); methods `initialize` and `step`, and
    maybe `finalize`.
    """

    @property
    def batch_size(self):
        """Number of sequences: an int, or a tensor."""
        raise NotImplementedError

    @property
    def output_size(self):
        """Sizes of what a step gives out, without the batch: ints or TensorShapes."""
        raise NotImplementedError

    @property
    def output_dtype(self):
        """DTypes of what a step gives out."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name=None):
        """(finished, first inputs, initial state)."""

    @abc.abstractmethod
    def step(self, time, inputs, state, name=None):
        """(outputs, next state, next inputs, finished)."""

    def finalize(self, outputs, final_state, sequence_lengths):
        """(outputs, final state) as the caller gets them."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self):
        """Whether finished sequences may go on (beams change places), so that `step` alone says what is finished."""
        return False


def _static_batch(batch_size):
    known = tf.get_static_value(tf.convert_to_tensor(batch_size, name="batch_size"))
    return None if known is None else int(known)


def _array(decoder, size, dtype):
    shape = None
    if isinstance(size, tf.TensorShape) and size.ndims != 0:
        shape = tf.TensorShape([_static_batch(decoder.batch_size)]).concatenate(size)
    return tf.TensorArray(dtype=dtype, size=0, dynamic_size=True, element_shape=shape)


def _maximum(maximum_iterations):
    if maximum_iterations is None:
        return None
    maximum = tf.convert_to_tensor(maximum_iterations, dtype=tf.int32, name="maximum_iterations")
    if maximum.shape.ndims != 0:
        raise ValueError("maximum_iterations must be a scalar")
    return maximum


@tf_export("contrib.seq2seq.dynamic_decode")
def dynamic_decode(decoder, output_time_major=False, impute_finished=False, maximum_iterations=None,
                   parallel_iterations=32, swap_memory=False, scope=None, **kwargs):
    """Lets a decoder step until all sequences are finished: (outputs, final state, sequence lengths).

    Args:
      decoder: a Decoder. output_time_major: whether outputs are [time, batch, ...] instead of [batch, time, ...].
      impute_finished: whether finished sequences keep their state and give out zeros. maximum_iterations: int scalar,
      or None. parallel_iterations, swap_memory: accepted. scope: variable scope, "decoder" by default.
    Raises TypeError if `decoder` is none, ValueError if `maximum_iterations` is no scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    if kwargs:
        raise TypeError(f"dynamic_decode() got an unexpected keyword argument {next(iter(kwargs))!r}")
    with tf.variable_scope(scope, "decoder") as varscope:
        sequences.cache_reads(varscope)
        maximum = _maximum(maximum_iterations)
        finished, inputs, state = decoder.initialize()
        zeros = tf.nest.map_structure(lambda size, dtype: zeros_of_size(size, decoder.batch_size, dtype),
                                      decoder.output_size, decoder.output_dtype)
        if maximum is not None:
            finished = tf.logical_or(finished, 0 >= maximum)
        lengths = tf.zeros_like(finished, dtype=tf.int32)
        arrays = tf.nest.map_structure(lambda size, dtype: _array(decoder, size, dtype), decoder.output_size,
                                       decoder.output_dtype)
        result = tf.while_loop(
            lambda time, arrays, state, inputs, finished, lengths: tf.logical_not(tf.reduce_all(finished)),
            lambda *variables: _step(decoder, zeros, impute_finished, *variables),
            (tf.constant(0), arrays, state, inputs, finished, lengths), parallel_iterations=parallel_iterations,
            maximum_iterations=maximum, swap_memory=swap_memory)
        _, arrays, state, _, _, lengths = result
        outputs = tf.nest.map_structure(lambda array: array.stack(), arrays)
        with contextlib.suppress(NotImplementedError):  # most decoders have nothing to add
            outputs, state = decoder.finalize(outputs, state, lengths)
        if not output_time_major:
            outputs = tf.nest.map_structure(sequences.transpose_batch_time, outputs)
    return outputs, state, lengths


def _step(decoder, zeros, impute_finished, time, arrays, state, inputs, finished, lengths):
    """The loop's body: the next values of its variables."""
    outputs, next_state, next_inputs, now_finished = decoder.step(time, inputs, state)
    next_finished = now_finished if decoder.tracks_own_finished else tf.logical_or(now_finished, finished)
    next_lengths = tf.where(tf.logical_not(finished), tf.fill(tf.shape(lengths), time + 1), lengths)
    tf.nest.assert_same_structure(state, next_state)
    tf.nest.assert_same_structure(arrays, outputs)
    tf.nest.assert_same_structure(inputs, next_inputs)
    if impute_finished:
        outputs = tf.nest.map_structure(lambda out, zero: tf.where(finished, zero, out), outputs, zeros)
        next_state = tf.nest.map_structure(lambda new, old: _kept(finished, new, old), next_state, state)
    arrays = tf.nest.map_structure(lambda array, out: array.write(time, out), arrays, outputs)
    return time + 1, arrays, next_state, next_inputs, next_finished, next_lengths


def _kept(finished, new, old):
    if isinstance(old, tf.TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.ndims == 0 else tf.where(finished, old, new)
