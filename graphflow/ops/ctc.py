"""Connectionist temporal classification: the loss, and decoding by the best path or by beam search.

The last class is the blank. Inputs are [time, batch, classes] and need no normalisation. Holds no state.
"""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.deprecation import either_argument
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.sparse_tensor import SparseTensor


def _loss_shape(c):
    time, batch, classes = shapes.with_rank(c.shape(0), 3)
    indices, values = shapes.with_rank(c.shape(1), 2), shapes.with_rank(c.shape(2), 1)
    shapes.merge_dim(indices[0], values[0])
    batch = shapes.merge_dim(batch, shapes.with_rank(c.shape(3), 1)[0])
    return [(batch,), (time, batch, classes)]


def _decoded_shape(c):
    batch = shapes.merge_dim(shapes.with_rank(c.shape(0), 3)[1], shapes.with_rank(c.shape(1), 1)[0])
    paths = (c.num_outputs - 1) // 3
    return [(None, 2)] * paths + [(None,)] * paths + [(2,)] * paths + [(batch, paths)]


register_op("CTCLoss", inputs="inputs: T, labels_indices: int64, labels_values: int32, sequence_length: int32",
            outputs="loss: T, gradient: T",
            attrs="preprocess_collapse_repeated: bool = false; ctc_merge_repeated: bool = true; "
            "ignore_longer_outputs_than_inputs: bool = false; T: {float, double} = DT_FLOAT", shape=_loss_shape)
register_op("CTCGreedyDecoder", inputs="inputs: T, sequence_length: int32",
            outputs="decoded_indices: int64, decoded_values: int64, decoded_shape: int64, log_probability: T",
            attrs="merge_repeated: bool = false; T: {float, double} = DT_FLOAT", shape=_decoded_shape, allocates=True)
register_op("CTCBeamSearchDecoder", inputs="inputs: T, sequence_length: int32",
            outputs="decoded_indices: top_paths * int64, decoded_values: top_paths * int64, "
            "decoded_shape: top_paths * int64, log_probability: T",
            attrs="beam_width: int >= 1; top_paths: int >= 1; merge_repeated: bool = true; "
            "T: {float, double} = DT_FLOAT", shape=_decoded_shape, allocates=True)
NotDifferentiable("CTCGreedyDecoder")
NotDifferentiable("CTCBeamSearchDecoder")


@RegisterGradient("CTCLoss")
def _loss_grad(op, grad, _):
    gradient = raw_ops.PreventGradient(op.outputs[1], message="The second derivative of ctc_loss is not implemented")
    return tf.expand_dims(grad, -1) * gradient, None, None, None


@tf_export("nn.ctc_loss")
def ctc_loss(labels, inputs=None, sequence_length=None, preprocess_collapse_repeated=False, ctc_merge_repeated=True,
             ignore_longer_outputs_than_inputs=False, time_major=True, logits=None):
    """-log of the probability that inputs say `labels`, blanks and repetitions left out, [batch].

    Args:
      labels: int32 SparseTensor [batch, longest]. inputs: float [time, batch, classes], scores before softmax, the
        last class for the blank; `logits` is its other name. sequence_length: int32 [batch].
      preprocess_collapse_repeated: whether repeated labels count once. ctc_merge_repeated: whether repeated
        outputs count once. ignore_longer_outputs_than_inputs: whether labels that do not fit cost nothing,
        rather than raise InvalidArgumentError. time_major: False for inputs [batch, time, classes].
    Raises TypeError if `labels` is not sparse.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    inputs = either_argument("logits", logits, "inputs", inputs)
    if not time_major:
        inputs = tf.transpose(inputs, [1, 0, 2])
    return raw_ops.CTCLoss(inputs, labels.indices, labels.values, sequence_length,
                           preprocess_collapse_repeated=preprocess_collapse_repeated,
                           ctc_merge_repeated=ctc_merge_repeated,
                           ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs)[0]


@tf_export("nn.ctc_greedy_decoder")
def ctc_greedy_decoder(inputs, sequence_length, merge_repeated=True):
    """The labels of the best path, and the negated sum of its scores [batch, 1].

    Returns ([SparseTensor of int64 labels [batch, longest]], scores).
    """
    indices, values, shape, score = raw_ops.CTCGreedyDecoder(inputs, sequence_length, merge_repeated=merge_repeated)
    return [SparseTensor(indices, values, shape)], score


@tf_export("nn.ctc_beam_search_decoder")
def ctc_beam_search_decoder(inputs, sequence_length, beam_width=100, top_paths=1, merge_repeated=True):
    """The `top_paths` most probable label sequences found by beam search.

    Args: merge_repeated: whether equal neighbours in the result are merged, too (also real repetitions).
    Returns (a list of SparseTensors of int64 labels, their log probabilities [batch, top_paths]).
    """
    indices, values, sizes, scores = raw_ops.CTCBeamSearchDecoder(
        inputs, sequence_length, beam_width=beam_width, top_paths=top_paths, merge_repeated=merge_repeated)
    return [SparseTensor(*parts) for parts in zip(indices, values, sizes)], scores
