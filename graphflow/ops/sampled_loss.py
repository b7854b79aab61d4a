"""Losses over many classes that look at the true and a few drawn classes only. Holds no state."""

from graphflow.framework import dtypes, raw_ops
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops.candidate_sampling import compute_accidental_hits, log_uniform_candidate_sampler
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.sigmoid_loss import sigmoid_cross_entropy_with_logits
from graphflow.ops.softmax import softmax_cross_entropy_with_logits_v2


def _sum_rows(x):
    """Sums of the rows, by a product with ones: its gradient is a product too."""
    ones = tf.ones(tf.stack([tf.shape(x)[1], 1]), x.dtype)
    return tf.reshape(tf.matmul(x, ones), [-1])


def _without_hits(logits, labels, sampled, num_true, num_sampled):
    """`logits` of the drawn classes, with those of true classes lowered out of sight."""
    rows, columns, weights = compute_accidental_hits(labels, sampled, num_true=num_true)
    rows = tf.reshape(rows, [-1, 1])
    columns = tf.reshape(tf.cast(columns, dtypes.int32), [-1, 1])
    indices = tf.concat([rows, columns], 1, "sparse_indices")
    shape = tf.concat([tf.shape(labels)[:1], tf.expand_dims(num_sampled, 0)], 0)
    if logits.dtype != weights.dtype:
        weights = tf.cast(weights, logits.dtype)
    return logits + raw_ops.SparseToDense(indices, shape, weights, 0.0, validate_indices=False)


def _looked_up(params, ids, strategy, dtype):
    rows = embedding_lookup(params, ids, partition_strategy=strategy)
    return rows if rows.dtype == dtype else tf.cast(rows, dtype)


def _sampled_logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
                    remove_accidental_hits, strategy, name, seed=None):
    """Logits [batch, num_true + num_sampled], corrected for how likely classes are drawn, and their labels."""
    if hasattr(weights, "_get_variable_list"):  # a PartitionedVariable
        weights = weights._get_variable_list()
    weights = list(weights) if isinstance(weights, list) else [weights]
    with name_scope(name, "compute_sampled_logits", [*weights, biases, inputs, labels]):
        if labels.dtype != dtypes.int64:
            labels = tf.cast(labels, dtypes.int64)
        flat = tf.reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                true_classes=labels, num_true=num_true, num_sampled=num_sampled, unique=True, range_max=num_classes,
                seed=seed)
        sampled, true_expected, sampled_expected = [tf.stop_gradient(s) for s in sampled_values]
        sampled = tf.cast(sampled, dtypes.int64)
        ids = tf.concat([flat, sampled], 0)
        all_w = _looked_up(weights, ids, strategy, inputs.dtype)
        true_w = tf.slice(all_w, [0, 0], tf.stack([tf.shape(flat)[0], -1]))
        sampled_w = tf.slice(all_w, tf.stack([tf.shape(flat)[0], 0]), [-1, -1])
        sampled_logits = tf.matmul(inputs, sampled_w, transpose_b=True)
        all_b = _looked_up(biases, ids, strategy, inputs.dtype)
        true_b = tf.slice(all_b, [0], tf.shape(flat))
        sampled_b = tf.slice(all_b, tf.shape(flat), [-1])
        true_logits = _true_logits(inputs, true_w, num_true)
        true_logits += tf.reshape(true_b, [-1, num_true])
        sampled_logits += sampled_b
        if remove_accidental_hits:
            sampled_logits = _without_hits(sampled_logits, labels, sampled, num_true, num_sampled)
        true_logits -= tf.log(true_expected)
        sampled_logits -= tf.log(sampled_expected)
        logits = tf.concat([true_logits, sampled_logits], 1)
        out_labels = tf.concat([tf.ones_like(true_logits) / num_true, tf.zeros_like(sampled_logits)], 1)
        return logits, out_labels


def _true_logits(inputs, true_w, num_true):
    """Products of each example with the weights of its true classes, [batch, num_true]."""
    size = tf.shape(true_w)[1:2]
    grouped = tf.concat([[-1, num_true], size], 0)
    products = tf.multiply(tf.expand_dims(inputs, 1), tf.reshape(true_w, grouped))
    rows = tf.reshape(products, tf.concat([[-1], size], 0))
    return tf.reshape(_sum_rows(rows), [-1, num_true])


@tf_export("nn.nce_loss")
def nce_loss(weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
             remove_accidental_hits=False, partition_strategy="mod", name="nce_loss"):
    """Noise-contrastive estimation: tells true classes from drawn ones.

    Args:
      weights: [num_classes, dim], or a list of partitions of it. biases: [num_classes].
      labels: int64 [batch, num_true]. inputs: [batch, dim], what the weights are multiplied with.
      num_sampled: classes drawn per batch. sampled_values: what a candidate sampler returned
        (default: `tf.nn.log_uniform_candidate_sampler`).
      remove_accidental_hits: whether drawn classes that are true do not count.
      partition_strategy: "mod" or "div", see `tf.nn.embedding_lookup`.
    Returns one loss per example, [batch].

    Example:
      >>> import graphflow as tf
      >>> labels = tf.constant([[1], [2]], tf.int64)
      >>> tf.nn.nce_loss(tf.zeros([50, 8]), tf.zeros([50]), labels, tf.ones([2, 8]), 4, 50).shape
      TensorShape([Dimension(2)])
    """
    logits, labels = _sampled_logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true,
                                     sampled_values, remove_accidental_hits, partition_strategy, name)
    losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="sampled_losses")
    return _sum_rows(losses)


@tf_export("compat.v2.nn.nce_loss")
def nce_loss_v2(weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
                remove_accidental_hits=False, name="nce_loss"):
    """`tf.nn.nce_loss` with the partition strategy "div"."""
    return nce_loss(weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
                    remove_accidental_hits, "div", name)


@tf_export("nn.sampled_softmax_loss")
def sampled_softmax_loss(weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
                         remove_accidental_hits=True, partition_strategy="mod", name="sampled_softmax_loss",
                         seed=None):
    """Softmax cross entropy over the true and a few drawn classes, for training only.

    Arguments are those of `tf.nn.nce_loss`; `seed` is the default sampler's. Returns one loss per example.
    """
    logits, labels = _sampled_logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true,
                                     sampled_values, remove_accidental_hits, partition_strategy, name, seed)
    labels = tf.stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)


@tf_export("compat.v2.nn.sampled_softmax_loss")
def sampled_softmax_loss_v2(weights, biases, labels, inputs, num_sampled, num_classes, num_true=1,
                            sampled_values=None, remove_accidental_hits=True, seed=None, name="sampled_softmax_loss"):
    """`tf.nn.sampled_softmax_loss` with the partition strategy "div"."""
    return sampled_softmax_loss(weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
                                remove_accidental_hits, "div", name, seed)
