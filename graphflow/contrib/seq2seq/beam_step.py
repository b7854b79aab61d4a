"""One step of a beam search: which beams go on, with which symbols. Holds no state."""

import collections

import numpy as np

import graphflow as tf
from graphflow.contrib.seq2seq.attention_wrapper import AttentionWrapperState
from graphflow.framework.api import tf_export


@tf_export("contrib.seq2seq.BeamSearchDecoderState")
class BeamSearchDecoderState(collections.namedtuple("BeamSearchDecoderState", (
        "cell_state", "log_probs", "finished", "lengths", "accumulated_attention_probs"))):
    """State of a beam search: the cell's, and of each beam its probability, whether it ended, and its length."""

    __slots__ = ()


@tf_export("contrib.seq2seq.BeamSearchDecoderOutput")
class BeamSearchDecoderOutput(collections.namedtuple("BeamSearchDecoderOutput", (
        "scores", "predicted_ids", "parent_ids"))):
    """What a step of a beam search gives out, [batch, beam] each."""

    __slots__ = ()


def check_rank(tensor):
    """Raises ValueError for a tensor of unknown rank."""
    if tensor.shape.ndims is None:
        raise ValueError(f"Expected tensor ({tensor}) to have known rank, but ndims == None.")


def static_size(value):
    """An int, or None."""
    known = tf.get_static_value(value)
    return None if known is None else int(known)


def _gathered(indices, source, batch_size, range_size, shape, name=None):
    """Rows of `source`, reshaped to `shape`, at `indices` [batch, beam] that count within each sequence."""
    with tf.name_scope(name, "tensor_gather_helper"):
        start = tf.expand_dims(tf.range(batch_size) * range_size, 1)
        rows = tf.gather(tf.reshape(source, shape), tf.reshape(indices + start, [-1]))
        rank = 1 + len(shape)
        result = tf.reshape(rows, tf.shape(source)[:rank], name="output")
        result.set_shape(tf.TensorShape([static_size(batch_size)]).concatenate(source.shape[1:rank]))
        return result


def _gathered_state(indices, part, batch_size, beam_width):
    """A part of a cell's state, beams in their new places; TensorArrays are sorted at the end."""
    if isinstance(part, tf.TensorArray):
        return part
    check_rank(part)
    shape = [batch_size * beam_width, -1]
    return _gathered(indices, part, batch_size, beam_width, shape) if part.shape.ndims >= len(shape) else part


def _masked(log_probs, end_token, finished):
    """Log probabilities with which finished beams can only end again."""
    vocabulary = tf.shape(log_probs)[2]
    row = tf.one_hot(end_token, vocabulary, dtype=log_probs.dtype, on_value=tf.constant(0.0, log_probs.dtype),
                     off_value=tf.constant(log_probs.dtype.min, log_probs.dtype))
    rows = tf.tile(tf.reshape(row, [1, 1, -1]), tf.concat([tf.shape(finished), [1]], 0))
    return tf.where(tf.tile(tf.expand_dims(finished, 2), [1, 1, vocabulary]), rows, log_probs)


def _length_penalty(lengths, factor):
    """((5 + length) / 6) ** factor; 1 for factor 0."""
    factor = tf.convert_to_tensor(factor, name="penalty_factor")
    factor.set_shape(())
    known = tf.get_static_value(factor)
    if known is not None and known == 0:
        return 1.0
    return tf.div((5.0 + tf.cast(lengths, tf.float32)) ** factor, (5.0 + 1.0) ** factor)


def _scores(log_probs, lengths, length_weight, coverage_weight, finished, attention):
    """Log probabilities by length, plus how much of the memory finished beams have covered."""
    scores = log_probs / tf.cast(_length_penalty(lengths, length_weight), log_probs.dtype)
    coverage_weight = tf.convert_to_tensor(coverage_weight, name="coverage_penalty_weight")
    if coverage_weight.shape.ndims != 0:
        raise ValueError(f"coverage_penalty_weight should be a scalar, but saw shape: {coverage_weight.shape}")
    if tf.get_static_value(coverage_weight) == 0.0:
        return scores
    if attention is None:
        raise ValueError("accumulated_attention_probs can be None only if coverage penalty is disabled.")
    # Steps of the memory that nobody looks at (padding) don't count.
    attention = tf.where(tf.equal(attention, 0.0), tf.ones_like(attention), attention)
    coverage = tf.reduce_sum(tf.log(tf.minimum(attention, 1.0)), 2) * tf.cast(finished, tf.float32)
    return scores + tf.expand_dims(coverage * coverage_weight, 2)


def _mean(probabilities):
    return tf.reduce_mean(tf.concat([tf.expand_dims(p, -1) for p in probabilities], -1), -1)


def attention_probabilities(cell_state, coverage_weight):
    """The mean alignments of a cell's attention layers, or None if coverage does not count."""
    if coverage_weight == 0.0:
        return None
    states = [cell_state] if isinstance(cell_state, AttentionWrapperState) else (
        [s for s in cell_state if isinstance(s, AttentionWrapperState)] if isinstance(cell_state, tuple) else [])
    found = [_mean(s.alignments) if isinstance(s.alignments, tuple) else s.alignments for s in states]
    if not found:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    return found[0] if len(found) == 1 else _mean(found)


def beam_search_step(time, logits, next_cell_state, beam_state, batch_size, beam_width, end_token,
                     length_penalty_weight, coverage_penalty_weight):
    """(BeamSearchDecoderOutput, next BeamSearchDecoderState) for logits [batch, beam, vocabulary]."""
    tf.convert_to_tensor(time, name="time")
    finished, lengths = beam_state.finished, beam_state.lengths
    going_on = tf.logical_not(finished)
    log_probs = tf.expand_dims(beam_state.log_probs, 2) + _masked(tf.nn.log_softmax(logits), end_token, finished)
    vocabulary = logits.shape.as_list()[-1] or tf.shape(logits)[-1]
    longer = tf.one_hot(tf.fill([batch_size, beam_width], end_token), depth=vocabulary,
                        on_value=tf.constant(0, tf.int64), off_value=tf.constant(1, tf.int64), dtype=tf.int64)
    longer *= tf.expand_dims(tf.cast(going_on, tf.int64), 2)
    attention = attention_probabilities(next_cell_state, coverage_penalty_weight)
    if attention is not None:
        attention *= tf.expand_dims(tf.cast(going_on, tf.float32), 2)
        attention = beam_state.accumulated_attention_probs + attention
    scores = _scores(log_probs, longer + tf.expand_dims(lengths, 2), length_penalty_weight, coverage_penalty_weight,
                     finished, attention)
    width = tf.convert_to_tensor(beam_width, dtype=tf.int32, name="beam_width")
    best, chosen = tf.nn.top_k(tf.reshape(scores, [batch_size, -1]), k=width)
    best.set_shape([static_size(batch_size), beam_width])
    chosen.set_shape([static_size(batch_size), beam_width])
    probabilities = _gathered(chosen, log_probs, batch_size, beam_width * vocabulary, [-1], name="next_beam_probs")
    symbols = tf.cast(tf.mod(chosen, vocabulary, name="next_beam_word_ids"), tf.int32)
    parents = tf.cast(chosen / vocabulary, tf.int32, name="next_beam_parent_ids")

    def of_parents(source):
        return _gathered(parents, source, batch_size, beam_width, [-1])

    finished = of_parents(finished)
    next_state = BeamSearchDecoderState(
        cell_state=tf.nest.map_structure(
            lambda part: _gathered_state(parents, part, batch_size, beam_width), next_cell_state),
        log_probs=probabilities, finished=tf.logical_or(finished, tf.equal(symbols, end_token),
                                                        name="next_beam_finished"),
        lengths=of_parents(lengths) + tf.cast(tf.logical_not(finished), tf.int64),
        accumulated_attention_probs=() if attention is None else _gathered(
            parents, attention, batch_size, beam_width, [batch_size * beam_width, -1],
            name="next_accumulated_attention_probs"))
    return BeamSearchDecoderOutput(best, symbols, parents), next_state


def start_probabilities(batch_size, beam_width, dtype):
    """Log probabilities with which all beams but the first are impossible: at the start all are the same."""
    return tf.one_hot(tf.zeros([batch_size], dtype=tf.int32), depth=beam_width, on_value=tf.constant(0.0, dtype),
                      off_value=tf.constant(-np.inf, dtype), dtype=dtype)
