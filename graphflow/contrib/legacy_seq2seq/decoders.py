"""Decoders unrolled in the graph: plain, with embedded symbols, with attention.

State: variables in the scopes that TensorFlow gives them.
"""

import graphflow as tf
from graphflow.contrib.rnn.projections import Linear
from graphflow.framework.api import tf_export


def argmax_and_embed(embedding, output_projection=None, update_embedding=True):
    """The loop function that feeds back the embedding of the likeliest symbol.

    Args: output_projection: (weights, biases) that make logits of outputs, or None. update_embedding: whether
      gradients reach the embedding through what is fed back.
    """
    def loop_function(prev, _):
        if output_projection is not None:
            prev = tf.nn.xw_plus_b(prev, output_projection[0], output_projection[1])
        embedded = tf.nn.embedding_lookup(embedding, tf.argmax(prev, 1))
        return embedded if update_embedding else tf.stop_gradient(embedded)

    return loop_function


def check_projection(output_projection, num_symbols, dtype, with_weights=True):
    """Raises ValueError unless (weights, biases) make `num_symbols` logits."""
    if output_projection is None:
        return
    if with_weights:
        weights = tf.convert_to_tensor(output_projection[0], dtype=dtype)
        weights.shape.assert_is_compatible_with([None, num_symbols])
    biases = tf.convert_to_tensor(output_projection[1], dtype=dtype)
    biases.shape.assert_is_compatible_with([num_symbols])


@tf_export("contrib.legacy_seq2seq.rnn_decoder", legacy=("nn.seq2seq.rnn_decoder",))
def rnn_decoder(decoder_inputs, initial_state, cell, loop_function=None, scope=None):
    """Runs a cell over a list of inputs: (outputs, last state).

    Args: loop_function: function (previous output, step) -> input, which then stands in for all inputs but the first.
    """
    with tf.variable_scope(scope or "rnn_decoder"):
        state, outputs, prev = initial_state, [], None
        for i, value in enumerate(decoder_inputs):
            if loop_function is not None and prev is not None:
                with tf.variable_scope("loop_function", reuse=True):
                    value = loop_function(prev, i)
            if i > 0:
                tf.get_variable_scope().reuse_variables()
            prev, state = cell(value, state)
            outputs.append(prev)
        return outputs, state


@tf_export("contrib.legacy_seq2seq.embedding_rnn_decoder", legacy=("nn.seq2seq.embedding_rnn_decoder",))
def embedding_rnn_decoder(decoder_inputs, initial_state, cell, num_symbols, embedding_size, output_projection=None,
                          feed_previous=False, update_embedding_for_previous=True, scope=None):
    """`rnn_decoder` over symbols: (outputs, last state).

    Args: decoder_inputs: list of int [batch]. output_projection: (weights, biases) that make logits, or None.
      feed_previous: whether the likeliest symbol of a step is the input of the next; the inputs but the first do
      not count then. update_embedding_for_previous: whether gradients reach the embedding through these.
    Raises ValueError for a projection to another number of symbols.
    """
    with tf.variable_scope(scope or "embedding_rnn_decoder") as scope:
        check_projection(output_projection, num_symbols, scope.dtype)
        embedding = tf.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = argmax_and_embed(
            embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        embedded = [tf.nn.embedding_lookup(embedding, i) for i in decoder_inputs]
        return rnn_decoder(embedded, initial_state, cell, loop_function=loop_function)


class _Attention:
    """Attention of several heads to `states` [batch, length, size]. State: keys and vectors by head."""

    def __init__(self, states, num_heads, dtype):
        self.size = states.shape.as_list()[2]
        self._length = states.shape.as_list()[1] or tf.shape(states)[1]
        self._dtype = dtype
        self._hidden = tf.reshape(states, [-1, self._length, 1, self.size])
        self._heads = []
        for head in range(num_heads):
            kernel = tf.get_variable(f"AttnW_{head}", [1, 1, self.size, self.size], dtype=dtype)
            features = tf.nn.conv2d(self._hidden, kernel, [1, 1, 1, 1], "SAME")
            self._heads.append((features, tf.get_variable(f"AttnV_{head}", [self.size], dtype=dtype)))

    def __call__(self, query):
        """What each head sees, given a state."""
        query = tf.concat(tf.nest.flatten(query), 1) if tf.nest.is_nested(query) else query
        return [self._seen(head, query, *keys) for head, keys in enumerate(self._heads)]

    def _seen(self, head, query, features, vector):
        with tf.variable_scope(f"Attention_{head}"):
            compared = tf.cast(tf.reshape(Linear(query, self.size, True)(query), [-1, 1, 1, self.size]), self._dtype)
            scores = tf.reduce_sum(vector * tf.tanh(features + compared), [2, 3])
            weights = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), self._dtype)
            seen = tf.reduce_sum(tf.reshape(weights, [-1, self._length, 1, 1]) * self._hidden, [1, 2])
            return tf.reshape(seen, [-1, self.size])


def _zeros(batch_size, size, dtype):
    value = tf.zeros(tf.stack([batch_size, size]), dtype=dtype)
    value.set_shape([None, size])
    return value


@tf_export("contrib.legacy_seq2seq.attention_decoder", legacy=("nn.seq2seq.attention_decoder",))
def attention_decoder(decoder_inputs, initial_state, attention_states, cell, output_size=None, num_heads=1,
                      loop_function=None, dtype=None, scope=None, initial_state_attention=False):
    """`rnn_decoder` with attention to `attention_states` [batch, length, size]: (outputs, last state).

    Args: output_size: the cell's by default. num_heads: number of attentions. loop_function: as of `rnn_decoder`.
      dtype: of the scope by default. initial_state_attention: whether the first step attends to the initial state,
      or to nothing.
    Raises ValueError without inputs or heads, or if the states' size is not known.
    """
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    if attention_states.shape.as_list()[2] is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {attention_states.shape}")
    with tf.variable_scope(scope or "attention_decoder", dtype=dtype) as scope:
        dtype = scope.dtype
        attention = _Attention(attention_states, num_heads, dtype)
        batch_size = tf.shape(decoder_inputs[0])[0]
        seen = [_zeros(batch_size, attention.size, dtype) for _ in range(num_heads)]
        if initial_state_attention:
            seen = attention(initial_state)
        state, outputs, prev = initial_state, [], None
        for i, value in enumerate(decoder_inputs):
            if i > 0:
                tf.get_variable_scope().reuse_variables()
            if loop_function is not None and prev is not None:
                with tf.variable_scope("loop_function", reuse=True):
                    value = loop_function(prev, i)
            cell_output, state = cell(_joined(value, seen, dtype), state)
            reuse = True if i == 0 and initial_state_attention else None
            with tf.variable_scope(tf.get_variable_scope(), reuse=reuse):
                seen = attention(state)
            with tf.variable_scope("AttnOutputProjection"):
                parts = [tf.cast(cell_output, dtype), *seen]
                prev = Linear(parts, cell.output_size if output_size is None else output_size, True)(parts)
            outputs.append(prev)
    return outputs, state


def _joined(value, seen, dtype):
    """A cell's input: the decoder's, and what the heads see."""
    size = value.shape.with_rank(2).as_list()[1]
    if size is None:
        raise ValueError(f"Could not infer input size from input: {value.name}")
    parts = [tf.cast(part, dtype) for part in (value, *seen)]
    return Linear(parts, size, True)(parts)


@tf_export("contrib.legacy_seq2seq.embedding_attention_decoder", legacy=("nn.seq2seq.embedding_attention_decoder",))
def embedding_attention_decoder(decoder_inputs, initial_state, attention_states, cell, num_symbols, embedding_size,
                                num_heads=1, output_size=None, output_projection=None, feed_previous=False,
                                update_embedding_for_previous=True, dtype=None, scope=None,
                                initial_state_attention=False):
    """`attention_decoder` over symbols: (outputs, last state); see there and `embedding_rnn_decoder`."""
    check_projection(output_projection, num_symbols, dtype, with_weights=False)
    with tf.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = tf.get_variable("embedding", [num_symbols, embedding_size])
        loop_function = argmax_and_embed(
            embedding, output_projection, update_embedding_for_previous) if feed_previous else None
        embedded = [tf.nn.embedding_lookup(embedding, i) for i in decoder_inputs]
        return attention_decoder(embedded, initial_state, attention_states, cell,
                                 output_size=cell.output_size if output_size is None else output_size,
                                 num_heads=num_heads, loop_function=loop_function,
                                 initial_state_attention=initial_state_attention)
