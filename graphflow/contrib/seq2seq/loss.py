"""Cross entropy of sequences. Holds no state."""

import graphflow as tf
from graphflow.framework.api import tf_export


@tf_export("contrib.seq2seq.sequence_loss")
def sequence_loss(logits, targets, weights, average_across_timesteps=True, average_across_batch=True,
                  sum_over_timesteps=False, sum_over_batch=False, softmax_loss_function=None, name=None):
    """Weighted cross entropy: a scalar, or a vector, or [batch, length], by what is averaged or summed.

    Args: logits: [batch, length, classes]. targets: int [batch, length]. weights: float [batch, length]. average_...:
      divide by the sum of weights over that dimension. sum_over_...: divide by the number of weights that are not
      zero instead. softmax_loss_function: function (labels, logits) -> losses of flat arguments to use instead of
      `sparse_softmax_cross_entropy_with_logits`.
    Raises ValueError for other ranks, or a dimension both averaged and summed.
    """
    for what, value, rank, text in (("Logits", logits, 3, " x logits"), ("Targets", targets, 2, ""),
                                    ("Weights", weights, 2, "")):
        if value.shape.ndims != rank:
            raise ValueError(f"{what} must be a [batch_size x sequence_length{text}] tensor")
    if average_across_timesteps and sum_over_timesteps:
        raise ValueError("average_across_timesteps and sum_over_timesteps cannot be set to True at same time.")
    if average_across_batch and sum_over_batch:
        raise ValueError("average_across_batch and sum_over_batch cannot be set to True at same time.")
    with tf.name_scope(name, "sequence_loss", [logits, targets, weights]):
        flat = tf.reshape(logits, [-1, tf.shape(logits)[2]])
        loss = (softmax_loss_function or tf.nn.sparse_softmax_cross_entropy_with_logits)(
            labels=tf.reshape(targets, [-1]), logits=flat)
        loss *= tf.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return tf.div_no_nan(tf.reduce_sum(loss), tf.reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            total = tf.reduce_sum(loss)
            return tf.div_no_nan(total, tf.cast(tf.count_nonzero(weights), total.dtype))
        loss = tf.reshape(loss, tf.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            axis = [0] if average_across_batch else [1]
            return tf.div_no_nan(tf.reduce_sum(loss, axis=axis), tf.reduce_sum(weights, axis=axis))
        if sum_over_timesteps or sum_over_batch:
            axis = [0] if sum_over_batch else [1]
            total = tf.reduce_sum(loss, axis=axis)
            return tf.div_no_nan(total, tf.cast(tf.count_nonzero(weights, axis=axis), dtype=total.dtype))
        return loss
