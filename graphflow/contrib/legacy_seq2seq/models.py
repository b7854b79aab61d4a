"""Whole sequence-to-sequence models: an encoder, and one of the decoders.

State: variables in the scopes that TensorFlow gives them.
"""

import graphflow as tf
from graphflow.contrib.legacy_seq2seq.decoders import (
    argmax_and_embed,
    check_projection,
    embedding_attention_decoder,
    embedding_rnn_decoder,
    rnn_decoder,
)
from graphflow.contrib.rnn.projections import EmbeddingWrapper, OutputProjectionWrapper
from graphflow.framework.api import tf_export
from graphflow.layers.base import unbuilt_copy
from graphflow.nn.rnn_cell.base import RNNCell


def _chosen(feed_previous, decode, steps, structure):
    """`decode(feed_previous)`, both ways in a `tf.cond` if that is a tensor; `structure` is the state's."""
    if isinstance(feed_previous, bool):
        return decode(feed_previous)

    def branch(fed_back):
        with tf.variable_scope(tf.get_variable_scope(), reuse=None if fed_back else True):
            outputs, state = decode(fed_back)
            return [*outputs, *tf.nest.flatten(state)]

    found = tf.cond(feed_previous, lambda: branch(True), lambda: branch(False))
    state = found[steps:]
    return found[:steps], tf.nest.pack_sequence_as(structure, state) if tf.nest.is_nested(structure) else state[0]


@tf_export("contrib.legacy_seq2seq.basic_rnn_seq2seq", legacy=("nn.seq2seq.basic_rnn_seq2seq",))
def basic_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, dtype=tf.float32, scope=None):
    """An encoder, and a decoder that starts from its last state: (outputs, last state)."""
    with tf.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = tf.nn.static_rnn(unbuilt_copy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


@tf_export("contrib.legacy_seq2seq.tied_rnn_seq2seq", legacy=("nn.seq2seq.tied_rnn_seq2seq",))
def tied_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, loop_function=None, dtype=tf.float32, scope=None):
    """`basic_rnn_seq2seq` whose encoder and decoder share their variables."""
    with tf.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = tf.nn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        tf.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


@tf_export("contrib.legacy_seq2seq.embedding_rnn_seq2seq", legacy=("nn.seq2seq.embedding_rnn_seq2seq",))
def embedding_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, num_encoder_symbols, num_decoder_symbols,
                          embedding_size, output_projection=None, feed_previous=False, dtype=None, scope=None):
    """An encoder and a decoder of symbols: (outputs, last state).

    Args: encoder_inputs, decoder_inputs: lists of int [batch]. output_projection: (weights, biases) that make
      logits of outputs; by default outputs are logits. feed_previous: bool, or scalar bool tensor: whether the
      likeliest symbol of a step is the next step's input. dtype: of the encoder's state, the scope's by default.
    """
    with tf.variable_scope(scope or "embedding_rnn_seq2seq") as scope:
        if dtype is not None:
            scope.set_dtype(dtype)
        encoder = EmbeddingWrapper(unbuilt_copy(cell), embedding_classes=num_encoder_symbols,
                                   embedding_size=embedding_size)
        _, state = tf.nn.static_rnn(encoder, encoder_inputs, dtype=scope.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
        update = isinstance(feed_previous, bool)
        return _chosen(feed_previous, lambda fed_back: embedding_rnn_decoder(
            decoder_inputs, state, cell, num_decoder_symbols, embedding_size, output_projection=output_projection,
            feed_previous=fed_back, update_embedding_for_previous=update), len(decoder_inputs), state)


@tf_export("contrib.legacy_seq2seq.embedding_tied_rnn_seq2seq", legacy=("nn.seq2seq.embedding_tied_rnn_seq2seq",))
def embedding_tied_rnn_seq2seq(encoder_inputs, decoder_inputs, cell, num_symbols, embedding_size,
                               num_decoder_symbols=None, output_projection=None, feed_previous=False, dtype=None,
                               scope=None):
    """`embedding_rnn_seq2seq` whose encoder and decoder share cell and embedding."""
    with tf.variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as scope:
        dtype = scope.dtype
        check_projection(output_projection, num_symbols, dtype)
        embedding = tf.get_variable("embedding", [num_symbols, embedding_size], dtype=dtype)
        encoded, decoded = ([tf.nn.embedding_lookup(embedding, x) for x in inputs]
                            for inputs in (encoder_inputs, decoder_inputs))
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_symbols if num_decoder_symbols is None else num_decoder_symbols)
        update = isinstance(feed_previous, bool)

        def decode(fed_back):
            loop_function = argmax_and_embed(embedding, output_projection, update) if fed_back else None
            return tied_rnn_seq2seq(encoded, decoded, cell, loop_function=loop_function, dtype=dtype)

        return _chosen(feed_previous, decode, len(decoder_inputs), cell.state_size)


@tf_export("contrib.legacy_seq2seq.embedding_attention_seq2seq", legacy=("nn.seq2seq.embedding_attention_seq2seq",))
def embedding_attention_seq2seq(encoder_inputs, decoder_inputs, cell, num_encoder_symbols, num_decoder_symbols,
                                embedding_size, num_heads=1, output_projection=None, feed_previous=False, dtype=None,
                                scope=None, initial_state_attention=False):
    """`embedding_rnn_seq2seq` whose decoder attends to the encoder's outputs; see `attention_decoder`, too."""
    with tf.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as scope:
        encoder = EmbeddingWrapper(unbuilt_copy(cell), embedding_classes=num_encoder_symbols,
                                   embedding_size=embedding_size)
        encoder_outputs, state = tf.nn.static_rnn(encoder, encoder_inputs, dtype=scope.dtype)
        attention_states = tf.concat([tf.reshape(e, [-1, 1, cell.output_size]) for e in encoder_outputs], 1)
        output_size = None
        if output_projection is None:
            cell, output_size = OutputProjectionWrapper(cell, num_decoder_symbols), num_decoder_symbols
        update = isinstance(feed_previous, bool)
        return _chosen(feed_previous, lambda fed_back: embedding_attention_decoder(
            decoder_inputs, state, attention_states, cell, num_decoder_symbols, embedding_size, num_heads=num_heads,
            output_size=output_size, output_projection=output_projection, feed_previous=fed_back,
            update_embedding_for_previous=update, initial_state_attention=initial_state_attention),
            len(decoder_inputs), state)


@tf_export("contrib.legacy_seq2seq.one2many_rnn_seq2seq", legacy=("nn.seq2seq.one2many_rnn_seq2seq",))
def one2many_rnn_seq2seq(encoder_inputs, decoder_inputs_dict, enc_cell, dec_cells_dict, num_encoder_symbols,
                         num_decoder_symbols_dict, embedding_size, feed_previous=False, dtype=None, scope=None):
    """One encoder and several decoders, by name: (dict of outputs, dict of last states).

    Raises TypeError for cells that are no RNNCells, ValueError if cells and inputs have other names.
    """
    if not isinstance(enc_cell, RNNCell):
        raise TypeError(f"enc_cell is not an RNNCell: {type(enc_cell)}")
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict != keys of decodre_inputs_dict")
    for cell in dec_cells_dict.values():
        if not isinstance(cell, RNNCell):
            raise TypeError(f"dec_cell is not an RNNCell: {type(cell)}")
    outputs, states = {}, {}
    with tf.variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as scope:
        encoder = EmbeddingWrapper(enc_cell, embedding_classes=num_encoder_symbols, embedding_size=embedding_size)
        _, state = tf.nn.static_rnn(encoder, encoder_inputs, dtype=scope.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with tf.variable_scope(f"one2many_decoder_{name}"):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)
                outputs[name], states[name] = _chosen(
                    feed_previous, lambda fed_back, inputs=inputs, cell=cell, symbols=symbols: embedding_rnn_decoder(
                        inputs, state, cell, symbols, embedding_size, feed_previous=fed_back), len(inputs), state)
    return outputs, states
