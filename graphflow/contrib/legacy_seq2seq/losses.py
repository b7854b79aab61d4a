"""Losses of unrolled sequences, and models of several lengths ("buckets"). Holds no state."""

import graphflow as tf
from graphflow.framework.api import tf_export


@tf_export("contrib.legacy_seq2seq.sequence_loss_by_example", legacy=("nn.seq2seq.sequence_loss_by_example",))
def sequence_loss_by_example(logits, targets, weights, average_across_timesteps=True, softmax_loss_function=None,
                             name=None):
    """Weighted cross entropy of each sequence: float [batch].

    Args: logits: list of [batch, classes]. targets: list of int [batch]. weights: list of float [batch].
      average_across_timesteps: divide by the sum of a sequence's weights. softmax_loss_function: function
      (labels, logits) -> losses to use instead of `sparse_softmax_cross_entropy_with_logits`.
    Raises ValueError unless the lists are equally long.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError("Lengths of logits, weights, and targets must be the same "
                         f"{len(logits)}, {len(weights)}, {len(targets)}.")
    with tf.name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(target, [-1]), logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total = tf.add_n(losses)
        if average_across_timesteps:
            total /= tf.add_n(weights) + 1e-12  # where all weights are zero
    return total


@tf_export("contrib.legacy_seq2seq.sequence_loss", legacy=("nn.seq2seq.sequence_loss",))
def sequence_loss(logits, targets, weights, average_across_timesteps=True, average_across_batch=True,
                  softmax_loss_function=None, name=None):
    """The sum of `sequence_loss_by_example`, divided by the batch size if `average_across_batch`: a scalar."""
    with tf.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost = tf.reduce_sum(sequence_loss_by_example(
            logits, targets, weights, average_across_timesteps=average_across_timesteps,
            softmax_loss_function=softmax_loss_function))
        return cost / tf.cast(tf.shape(targets[0])[0], cost.dtype) if average_across_batch else cost


@tf_export("contrib.legacy_seq2seq.model_with_buckets", legacy=("nn.seq2seq.model_with_buckets",))
def model_with_buckets(encoder_inputs, decoder_inputs, targets, weights, buckets, seq2seq, softmax_loss_function=None,
                       per_example_loss=False, name=None):
    """A model for each bucket, which share their variables: (list of outputs, list of losses).

    Args: buckets: list of (encoder steps, decoder steps), growing. seq2seq: function (encoder inputs, decoder
      inputs) -> (outputs, state). per_example_loss: losses [batch] instead of scalars. Others: lists as long as
      the last bucket, as of `sequence_loss`.
    Raises ValueError for lists that are shorter.
    """
    for what, values, size in (("encoder_inputs", encoder_inputs, buckets[-1][0]),
                               ("targets", targets, buckets[-1][1]), ("weights", weights, buckets[-1][1])):
        if len(values) < size:
            raise ValueError(f"Length of {what} ({len(values)}) must be at least that of last bucket ({size}).")
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    outputs, losses = [], []
    with tf.name_scope(name, "model_with_buckets", [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for i, (encoder_steps, steps) in enumerate(buckets):
            with tf.variable_scope(tf.get_variable_scope(), reuse=True if i else None):
                found, _ = seq2seq(encoder_inputs[:encoder_steps], decoder_inputs[:steps])
            outputs.append(found)
            losses.append(loss(found, targets[:steps], weights[:steps], softmax_loss_function=softmax_loss_function))
    return outputs, losses
