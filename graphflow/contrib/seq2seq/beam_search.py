"""`BeamSearchDecoder`: the likeliest sequences of symbols. Holds no state beyond its arguments."""

import collections

import graphflow as tf
from graphflow.contrib.seq2seq.basic_decoder import check_output_layer, output_size_of
from graphflow.contrib.seq2seq.beam_step import (
    BeamSearchDecoderOutput,
    BeamSearchDecoderState,
    attention_probabilities,
    beam_search_step,
    check_rank,
    start_probabilities,
    static_size,
)
from graphflow.contrib.seq2seq.decoder import Decoder
from graphflow.contrib.seq2seq.helpers import embedding_function
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import assert_like_rnncell
from graphflow.platform import tf_logging


@tf_export("contrib.seq2seq.FinalBeamSearchDecoderOutput")
class FinalBeamSearchDecoderOutput(collections.namedtuple("FinalBeamDecoderOutput", (
        "predicted_ids", "beam_search_decoder_output"))):
    """What a beam search ends with: whole beams, best first, and the steps that they were made from."""

    __slots__ = ()


def _tiled(value, multiplier):
    value = tf.convert_to_tensor(value, name="t")
    if not value.shape.ndims:
        raise ValueError("t must have statically known rank")
    shape = tf.shape(value)
    tiled = tf.tile(tf.expand_dims(value, 1), [1, multiplier, *[1] * (value.shape.ndims - 1)])
    tiled = tf.reshape(tiled, tf.concat(([shape[0] * multiplier], shape[1:]), 0))
    known = value.shape.as_list()[0]
    tiled.set_shape(tf.TensorShape([None if known is None else known * multiplier]).concatenate(value.shape[1:]))
    return tiled


@tf_export("contrib.seq2seq.tile_batch")
def tile_batch(t, multiplier, name=None):
    """Each sequence `multiplier` times in a row, in a tensor or a structure of tensors [batch, ...].

    Raises ValueError for scalars and tensors of unknown rank.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.contrib.seq2seq.tile_batch(tf.constant([1, 2]), 3)))
      [1 1 1 2 2 2]
    """
    with tf.name_scope(name, "tile_batch", [*tf.nest.flatten(t), multiplier]):
        return tf.nest.map_structure(lambda value: _tiled(value, multiplier), t)


def gather_tree_from_array(t, parent_ids, sequence_length):
    """`gather_tree` for anything: t [time, batch (and beams), ...], sorted as beams [time, batch, beam] go on.

    Args: parent_ids: as of `gather_tree`. sequence_length: int [batch, beam].
    """
    time, batch, beams = (known or tf.shape(parent_ids)[i] for i, known in enumerate(parent_ids.shape.as_list()))
    own = tf.tile(tf.expand_dims(tf.expand_dims(tf.range(beams), 0), 0), [time, batch, 1])
    lengths = tf.cast(tf.reduce_max(sequence_length, axis=1), tf.int32)
    order = tf.contrib.seq2seq.gather_tree(own, parent_ids, lengths, beams + 1)
    inside = tf.transpose(tf.sequence_mask(sequence_length, maxlen=time), perm=[2, 0, 1])
    order = tf.where(inside, x=order, y=own)
    times = tf.tile(tf.reshape(tf.range(time), [-1, 1, 1]), [1, batch, beams])
    batches = tf.transpose(tf.tile(tf.reshape(tf.range(batch), [-1, 1, 1]), [1, time, beams]), perm=[1, 0, 2])
    sorted_beams = tf.gather_nd(tf.reshape(t, [time, batch, beams, -1]), tf.stack([times, batches, order], -1))
    return tf.reshape(sorted_beams, tf.shape(t))


def _fits_statically(shape, batch_size, beam_width):
    """Whether elements of a TensorArray may have a part for each beam, as far as known; warns if not."""
    sizes = shape.as_list()
    if batch_size is None or sizes[0] is None:
        return True
    if sizes[0] == batch_size * beam_width:
        return True
    if len(sizes) >= 2 and sizes[0] == batch_size and sizes[1] in (None, beam_width):
        return True
    tf_logging.warning(f"TensorArray reordering expects elements to be reshapable to {[batch_size, beam_width, None]} "
                       f"which is incompatible with the current shape {shape}. Consider setting reorder_tensor_arrays "
                       "to False to disable TensorArray reordering during the beam search.")
    return False


def _assert_fits(value, batch_size, beam_width):
    shape = tf.shape(value)
    fits = tf.equal(shape[1], batch_size * beam_width)
    if value.shape.ndims != 2:
        fits = tf.logical_or(fits, tf.logical_and(tf.equal(shape[1], batch_size), tf.equal(shape[2], beam_width)))
    return tf.Assert(fits, ["TensorArray reordering expects elements to be reshapable to [batch_size, beam_size, -1] "
                            f"which is incompatible with the dynamic shape of {value.name} elements. Consider setting "
                            "reorder_tensor_arrays to False to disable TensorArray reordering during the beam search."])


@tf_export("contrib.seq2seq.BeamSearchDecoder")
class BeamSearchDecoder(Decoder):
    """A decoder that follows the `beam_width` likeliest sequences.

    With attention, tile memory, lengths and the encoder's state by `tile_batch` first.

    Args:
      cell: an RNNCell. embedding: function of symbols, or params of `tf.nn.embedding_lookup`. start_tokens: int
      [batch]. end_token: the symbol that ends a sequence, a scalar. initial_state: the cell's, for batch * beam_width.
      output_layer: layer that makes logits of the cell's outputs, or None. length_penalty_weight: 0 for none.
      coverage_penalty_weight: 0 for none. reorder_tensor_arrays: whether TensorArrays in the state are sorted at the
      end as the beams are; they become tensors.
    Raises TypeError or ValueError for arguments that don't fit.
    """

    def __init__(self, cell, embedding, start_tokens, end_token, initial_state, beam_width, output_layer=None,
                 length_penalty_weight=0.0, coverage_penalty_weight=0.0, reorder_tensor_arrays=True):
        assert_like_rnncell("cell", cell)
        check_output_layer(output_layer)
        self._cell = cell
        self._output_layer = output_layer
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._beam_width = beam_width
        self._weights = {"length_penalty_weight": length_penalty_weight,
                         "coverage_penalty_weight": coverage_penalty_weight}
        self._embedding_fn = embedding_function(embedding)
        starts = tf.convert_to_tensor(start_tokens, dtype=tf.int32, name="start_tokens")
        if starts.shape.ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token = tf.convert_to_tensor(end_token, dtype=tf.int32, name="end_token")
        if self._end_token.shape.ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = tf.size(start_tokens)
        self._initial_cell_state = tf.nest.map_structure(self._maybe_split, initial_state, cell.state_size)
        self._start_inputs = self._embedding_fn(tf.tile(tf.expand_dims(starts, 1), [1, beam_width]))
        self._finished = tf.one_hot(tf.zeros([self._batch_size], dtype=tf.int32), depth=beam_width, on_value=False,
                                    off_value=True, dtype=tf.bool)

    @property
    def batch_size(self):
        """Number of sequences, a tensor."""
        return self._batch_size

    @property
    def tracks_own_finished(self):
        """True: beams that ended may change places with others."""
        return True

    @property
    def output_size(self):
        """BeamSearchDecoderOutput of sizes."""
        return BeamSearchDecoderOutput(*[tf.TensorShape([self._beam_width])] * 3)

    @property
    def output_dtype(self):
        """BeamSearchDecoderOutput of DTypes."""
        dtype = tf.nest.flatten(self._initial_cell_state)[0].dtype
        size = output_size_of(self._cell, self._output_layer)
        return BeamSearchDecoderOutput(tf.nest.map_structure(lambda _: dtype, size), tf.int32, tf.int32)

    def initialize(self, name=None):
        """(finished, first inputs, initial state)."""
        dtype = tf.nest.flatten(self._initial_cell_state)[0].dtype
        attention = attention_probabilities(self._initial_cell_state, self._weights["coverage_penalty_weight"])
        return self._finished, self._start_inputs, BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=start_probabilities(self._batch_size, self._beam_width, dtype), finished=self._finished,
            lengths=tf.zeros([self._batch_size, self._beam_width], dtype=tf.int64),
            accumulated_attention_probs=() if attention is None else attention)

    def step(self, time, inputs, state, name=None):
        """(outputs, next state, next inputs, finished)."""
        sizes = self._cell.state_size
        with tf.name_scope(name, "BeamSearchDecoderStep", (time, inputs, state)):
            inputs = tf.nest.map_structure(lambda value: self._merged(value, value.shape[2:]), inputs)
            cell_state = tf.nest.map_structure(self._maybe_merge, state.cell_state, sizes)
            outputs, cell_state = self._cell(inputs, cell_state)
            outputs = tf.nest.map_structure(lambda value: self._split(value, value.shape[1:]), outputs)
            cell_state = tf.nest.map_structure(self._maybe_split, cell_state, sizes)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            found, next_state = beam_search_step(
                time=time, logits=outputs, next_cell_state=cell_state, beam_state=state, batch_size=self._batch_size,
                beam_width=self._beam_width, end_token=self._end_token, **self._weights)
            inputs = tf.cond(tf.reduce_all(next_state.finished), lambda: self._start_inputs,
                             lambda: self._embedding_fn(found.predicted_ids))
        return found, next_state, inputs, next_state.finished

    def finalize(self, outputs, final_state, sequence_lengths):
        """(FinalBeamSearchDecoderOutput, final state)."""
        lengths = tf.cast(tf.reduce_max(final_state.lengths, axis=1), tf.int32)
        beams = tf.contrib.seq2seq.gather_tree(outputs.predicted_ids, outputs.parent_ids, lengths, self._end_token)
        if self._reorder_tensor_arrays:
            final_state = final_state._replace(cell_state=tf.nest.map_structure(
                lambda part: self._maybe_sort(part, outputs.parent_ids, final_state.lengths), final_state.cell_state))
        return FinalBeamSearchDecoderOutput(beams, outputs), final_state

    # ---- [batch, beam, ...] and [batch * beam, ...]

    def _merged(self, value, size):
        batch = static_size(self._batch_size)
        merged = tf.reshape(value, tf.concat(([self._batch_size * self._beam_width], tf.shape(value)[2:]), 0))
        merged.set_shape(tf.TensorShape([None if batch is None else batch * self._beam_width]).concatenate(
            _static_shape(size)))
        return merged

    def _split(self, value, size):
        split = tf.reshape(value, tf.concat(([self._batch_size, self._beam_width], tf.shape(value)[1:]), 0))
        shape = tf.TensorShape([static_size(self._batch_size), self._beam_width]).concatenate(_static_shape(size))
        if not split.shape.is_compatible_with(shape):
            raise ValueError("Unexpected behavior when reshaping between beam width and batch size.  The reshaped "
                             f"tensor has shape: {split.shape}.  We expected it to have shape (batch_size, beam_width, "
                             f"depth) == {shape}.  Perhaps you forgot to create a zero_state with "
                             "batch_size=encoder_batch_size * beam_width?")
        split.set_shape(shape)
        return split

    def _maybe_split(self, value, size):
        if isinstance(value, tf.TensorArray):
            return value
        check_rank(value)
        return self._split(value, size) if value.shape.ndims >= 1 else value

    def _maybe_merge(self, value, size):
        if isinstance(value, tf.TensorArray):
            return value
        check_rank(value)
        return self._merged(value, size) if value.shape.ndims >= 2 else value

    def _maybe_sort(self, value, parent_ids, lengths):
        """A TensorArray of the state, stacked and sorted as the beams are, if it has a part for each."""
        if not isinstance(value, tf.TensorArray):
            return value
        shape = value.element_shape
        if not shape.ndims:
            tf_logging.warning(
                f"The TensorArray {value.handle.name} in the cell state is not amenable to sorting based on the beam "
                "search result. For a TensorArray to be sorted, its elements shape must be defined and have at least a "
                f"rank of 1, but saw shape: {shape}")
            return value
        if not _fits_statically(shape, static_size(self._batch_size), self._beam_width):
            return value
        stacked = value.stack()
        with tf.control_dependencies([_assert_fits(stacked, self._batch_size, self._beam_width)]):
            return gather_tree_from_array(stacked, parent_ids, lengths)


def _static_shape(size):
    if isinstance(size, tf.Tensor):
        known = static_size(size)
        return tf.TensorShape([known])
    return tf.TensorShape(size)
