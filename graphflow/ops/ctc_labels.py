"""CTC with the arguments of TensorFlow 2: dense labels, any class as the blank; and what prepares such labels.

Built of other ops; holds no state.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.sparse_tensor import SparseTensor
from graphflow.ops.ctc import ctc_beam_search_decoder, ctc_loss


def _size(tensor, axis):
    """A size, as a number where it is known."""
    known = tensor.get_shape()[axis].value if tensor.get_shape().ndims is not None else None
    return tf.shape(tensor)[axis] if known is None else known


def _blank_last(logits, blank, labels):
    """Logits with class `blank` moved to the end, and label numbers (a tensor) without it."""
    classes = _size(logits, 2)
    if blank < 0:
        blank += classes
    if blank == classes - 1:
        return logits, labels
    logits = tf.concat([logits[:, :, :blank], logits[:, :, blank + 1:], logits[:, :, blank:blank + 1]], axis=2)
    return logits, tf.where(labels < blank, labels, labels - 1)


def _as_sparse(labels, lengths):
    """The first `lengths` numbers of each row of a matrix, as a SparseTensor of int32."""
    mask = tf.sequence_mask(lengths, maxlen=tf.shape(labels)[1])
    return SparseTensor(tf.where(mask), tf.cast(tf.boolean_mask(labels, mask), dtypes.int32),
                        tf.shape(labels, out_type=dtypes.int64))


@tf_export("nn.ctc_loss_v2", "compat.v2.nn.ctc_loss")
def ctc_loss_v2(labels, logits, label_length, logit_length, logits_time_major=True, unique=None, blank_index=None,
                name=None):
    """-log of the probability that logits say `labels`, blanks and repetitions left out, [batch].

    Args:
      labels: integers [batch, longest], or a SparseTensor of int32. logits: float [time, batch, classes].
      label_length: how many labels each row has (not used for sparse labels). logit_length: int32 [batch].
      logits_time_major: False for logits [batch, time, classes]. unique: what `tf.nn.ctc_unique_labels` gave; accepted,
      not needed. blank_index: class of the blank, 0 by default; negative ones count from the end.
    Raises ValueError for sparse labels without a `blank_index`.
    """
    sparse = isinstance(labels, SparseTensor)
    if sparse and blank_index is None:
        raise ValueError("blank_index must be given when using SparseTensor labels.")
    with name_scope(name, "ctc_loss_dense" if not sparse else "ctc_loss", [logits, labels]):
        logits = convert_to_tensor(logits, name="logits")
        labels = labels if sparse else _as_sparse(convert_to_tensor(labels, name="labels"), label_length)
        logits, values = _blank_last(logits, blank_index or 0, labels.values)
        labels = SparseTensor(labels.indices, values, labels.dense_shape)
        return ctc_loss(labels=labels, inputs=logits, sequence_length=tf.cast(logit_length, dtypes.int32),
                        time_major=logits_time_major)


@tf_export("nn.ctc_beam_search_decoder_v2", "compat.v2.nn.ctc_beam_search_decoder")
def ctc_beam_search_decoder_v2(inputs, sequence_length, beam_width=100, top_paths=1):
    """`tf.nn.ctc_beam_search_decoder` that leaves equal neighbours in the result as they are."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, merge_repeated=False)


@tf_export("nn.collapse_repeated")
def collapse_repeated(labels, seq_length, name=None):
    """Rows of labels without repetitions of a neighbour, and their lengths.

    Args: labels: [batch, longest]. seq_length: how many labels each row has.
    Returns (labels [batch, longest left], padded with zeros; lengths [batch] of the dtype of `seq_length`).

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.nn.collapse_repeated([[1, 1, 2, 1]], [4]))[0])
      [[1 2 1]]
    """
    with name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        labels = convert_to_tensor(labels, name="labels")
        seq_length = convert_to_tensor(seq_length, name="seq_length")
        starts = tf.concat([tf.ones_like(labels[:, :1], dtypes.bool), tf.not_equal(labels[:, 1:], labels[:, :-1])], 1)
        kept = tf.logical_and(starts, tf.sequence_mask(seq_length, maxlen=_size(labels, 1)))
        lengths = tf.reduce_sum(tf.cast(kept, dtypes.int32), axis=1)
        places = tf.where(tf.sequence_mask(lengths, maxlen=tf.reduce_max(lengths)))
        shape = tf.cast(tf.stack([_size(labels, 0), tf.reduce_max(lengths)]), dtypes.int64)
        return tf.scatter_nd(places, tf.boolean_mask(labels, kept), shape), tf.cast(lengths, seq_length.dtype)


@tf_export("nn.ctc_unique_labels")
def ctc_unique_labels(labels, name=None):
    """The distinct labels of each row, and where each label is among them.

    Args: labels: integers [batch, longest].
    Returns (int64 [batch, longest], in order of appearance and padded with zeros; int32 positions of that shape).
    """
    with name_scope(name, "ctc_unique_labels", [labels]):
        labels = tf.cast(convert_to_tensor(labels, name="labels"), dtypes.int64)
        length = _size(labels, 1)
        equal = tf.cast(tf.equal(tf.expand_dims(labels, 2), tf.expand_dims(labels, 1)), dtypes.int32)
        first = tf.argmax(equal, axis=2, output_type=dtypes.int32)
        new = tf.cast(tf.equal(first, tf.range(length)), dtypes.int32)
        positions = tf.batch_gather(tf.cumsum(new, axis=1) - 1, first)
        hot = tf.one_hot(positions, length, dtype=dtypes.int64) * tf.expand_dims(tf.cast(new, dtypes.int64), 2)
        return tf.reduce_sum(hot * tf.expand_dims(labels, 2), axis=1), positions
