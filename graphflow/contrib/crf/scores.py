"""Linear-chain conditional random fields: scores and likelihood of tags, and the best tags.

A sequence has scores [steps, tags]; `transition_params` [tags, tags] scores each tag after another. Built of other
ops; holds no state.
"""

import numpy as np

from graphflow.contrib.crf.cells import CrfDecodeBackwardRnnCell, CrfDecodeForwardRnnCell, CrfForwardRnnCell
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export


def _for_length(inputs, single, longer):
    """`single()` for sequences of one step, else `longer()`; chosen in the run if the graph does not tell."""
    steps = inputs.shape[1].value
    if steps is not None:
        return single() if steps == 1 else longer()
    return tf.cond(tf.equal(tf.shape(inputs)[1], 1), single, longer)


def _zero_if_empty(values, sequence_lengths):
    return tf.where(tf.less_equal(sequence_lengths, 0), tf.zeros_like(values), values)


def _less_one(sequence_lengths):
    return tf.maximum(tf.constant(0, dtype=sequence_lengths.dtype), sequence_lengths - 1)


def _first_step(inputs):
    return tf.squeeze(tf.slice(inputs, [0, 0, 0], [-1, 1, -1]), [1])


def _later_steps(inputs):
    return tf.slice(inputs, [0, 1, 0], [-1, -1, -1])


@tf_export("contrib.crf.crf_unary_score")
def crf_unary_score(tag_indices, sequence_lengths, inputs):
    """Sums of the scores of given tags, [batch].

    Args: tag_indices: integers [batch, steps]. sequence_lengths: [batch]. inputs: scores [batch, steps, tags].
    """
    batch, steps, tags = (tf.shape(inputs)[i] for i in range(3))
    offsets = tf.expand_dims(tf.range(batch) * steps * tags, 1) + tf.expand_dims(tf.range(steps) * tags, 0)
    flat = tf.reshape(tf.cast(offsets, tag_indices.dtype) + tag_indices, [-1])
    scores = tf.reshape(tf.gather(tf.reshape(inputs, [-1]), flat), [batch, steps])
    mask = tf.sequence_mask(sequence_lengths, maxlen=tf.shape(tag_indices)[1], dtype=dtypes.float32)
    return tf.reduce_sum(scores * mask, 1)


@tf_export("contrib.crf.crf_binary_score")
def crf_binary_score(tag_indices, sequence_lengths, transition_params):
    """Sums of the scores of transitions between given tags, [batch]; see `crf_unary_score`."""
    tags = transition_params.get_shape()[0].value
    steps = tf.shape(tag_indices)[1] - 1
    starts, ends = tf.slice(tag_indices, [0, 0], [-1, steps]), tf.slice(tag_indices, [0, 1], [-1, steps])
    scores = tf.gather(tf.reshape(transition_params, [-1]), starts * tags + ends)
    mask = tf.sequence_mask(sequence_lengths, maxlen=tf.shape(tag_indices)[1], dtype=dtypes.float32)
    return tf.reduce_sum(scores * tf.slice(mask, [0, 1], [-1, -1]), 1)


@tf_export("contrib.crf.crf_sequence_score")
def crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params):
    """Scores of sequences of tags, not normalised, [batch].

    Args:
      inputs: float32 scores [batch, steps, tags]. tag_indices: integers [batch, steps].
      sequence_lengths: integers [batch]; empty sequences score 0. transition_params: [tags, tags].
    """
    def single():
        batch = tf.shape(inputs, out_type=tag_indices.dtype)[0]
        rows = tf.reshape(tf.range(batch, dtype=tag_indices.dtype), [-1, 1])
        scores = tf.gather_nd(tf.squeeze(inputs, [1]), tf.concat([rows, tag_indices[:, :1]], axis=1))
        return _zero_if_empty(scores, sequence_lengths)

    def longer():
        return (crf_unary_score(tag_indices, sequence_lengths, inputs)
                + crf_binary_score(tag_indices, sequence_lengths, transition_params))

    return _for_length(inputs, single, longer)


@tf_export("contrib.crf.crf_multitag_sequence_score")
def crf_multitag_sequence_score(inputs, tag_bitmap, sequence_lengths, transition_params):
    """Log of the summed scores of all sequences whose tags `tag_bitmap` (bool [batch, steps, tags]) allows, [batch]."""
    inputs, sequence_lengths = map(tf.convert_to_tensor, (inputs, sequence_lengths))
    allowed = tf.where(tag_bitmap, inputs, tf.fill(tf.shape(inputs), float("-inf")))
    return _for_length(inputs, lambda: tf.reduce_logsumexp(allowed, axis=[1, 2]),
                       lambda: crf_log_norm(allowed, sequence_lengths, transition_params))


@tf_export("contrib.crf.crf_log_norm")
def crf_log_norm(inputs, sequence_lengths, transition_params):
    """Log of the summed scores of all sequences of tags, [batch]; arguments as `crf_sequence_score`."""
    first = _first_step(inputs)

    def single():
        return _zero_if_empty(tf.reduce_logsumexp(first, [1]), sequence_lengths)

    def longer():
        _, alphas = lookup("nn.dynamic_rnn")(
            cell=CrfForwardRnnCell(transition_params), inputs=_later_steps(inputs),
            sequence_length=_less_one(sequence_lengths), initial_state=first, dtype=dtypes.float32)
        return _zero_if_empty(tf.reduce_logsumexp(alphas, [1]), sequence_lengths)

    return _for_length(inputs, single, longer)


@tf_export("contrib.crf.crf_log_likelihood")
def crf_log_likelihood(inputs, tag_indices, sequence_lengths, transition_params=None):
    """Log-likelihood of tags, [batch], and the transition scores.

    Args:
      inputs: float32 scores [batch, steps, tags], tags known in the graph. tag_indices: integers [batch, steps].
      sequence_lengths: integers [batch]. transition_params: [tags, tags]; by default the variable "transitions".

    Example:
      >>> import graphflow as tf
      >>> scores = tf.zeros([1, 2, 3])
      >>> likelihood, _ = tf.contrib.crf.crf_log_likelihood(scores, [[0, 2]], [2], tf.zeros([3, 3]))
      >>> with tf.Session() as sess:
      ...     print(round(float(sess.run(likelihood)[0]), 4))
      -2.1972
    """
    inputs, tag_indices, sequence_lengths = map(tf.convert_to_tensor, (inputs, tag_indices, sequence_lengths))
    if transition_params is None:
        tags = inputs.shape[2].value
        transition_params = tf.get_variable("transitions", [tags, tags])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return score - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


@tf_export("contrib.crf.viterbi_decode")
def viterbi_decode(score, transition_params):
    """The best tags of one sequence, computed by NumPy.

    Args: score: array [steps, tags]. transition_params: array [tags, tags].
    Returns (list of tags, their score).
    """
    best, came_from = score[0], []
    for row in score[1:]:
        totals = best[:, None] + transition_params
        came_from.append(np.argmax(totals, 0))
        best = row + np.max(totals, 0)
    path = [np.argmax(best)]
    for step in reversed(came_from):
        path.append(step[path[-1]])
    return path[::-1], np.max(best)


@tf_export("contrib.crf.crf_decode")
def crf_decode(potentials, transition_params, sequence_length):
    """The best tags of each sequence, int32 [batch, steps], and their scores, [batch].

    Args: potentials: float32 scores [batch, steps, tags]. transition_params: [tags, tags]. sequence_length: [batch].
    Returns tags that are 0 after the end of a sequence.
    """
    rnn = lookup("nn.dynamic_rnn")

    def single():
        scores = tf.squeeze(potentials, [1])
        tags = tf.cast(tf.expand_dims(tf.argmax(scores, axis=1), 1), dtypes.int32)
        return tags, tf.reduce_max(scores, axis=1)

    def longer():
        lengths = _less_one(sequence_length)
        origins, last = rnn(CrfDecodeForwardRnnCell(transition_params), inputs=_later_steps(potentials),
                            sequence_length=lengths, initial_state=_first_step(potentials), dtype=dtypes.int32)
        origins = tf.reverse_sequence(origins, lengths, seq_dim=1)
        end = tf.expand_dims(tf.cast(tf.argmax(last, axis=1), dtypes.int32), -1)
        tags, _ = rnn(CrfDecodeBackwardRnnCell(potentials.shape[2].value), inputs=origins, sequence_length=lengths,
                      initial_state=end, dtype=dtypes.int32)
        tags = tf.concat([end, tf.squeeze(tags, axis=[2])], axis=1)
        return tf.reverse_sequence(tags, sequence_length, seq_dim=1), tf.reduce_max(last, axis=1)

    potentials, sequence_length = map(tf.convert_to_tensor, (potentials, sequence_length))
    return _for_length(potentials, single, longer)
