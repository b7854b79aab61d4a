"""Attention mechanisms: how much of each step of a memory a query gets. State: their layers and the memory.

`alignments, state = mechanism(query, state)`: alignments are [batch, memory time]. Mechanisms whose attention
only moves forward are in `monotonic.py`.
"""

import math

import numpy as np

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.nn.rnn_cell.base import zeros_of_size


@tf_export("contrib.seq2seq.AttentionMechanism")
class AttentionMechanism:
    """Base of attention mechanisms."""

    @property
    def alignments_size(self):
        """Number of steps of the memory."""
        raise NotImplementedError

    @property
    def state_size(self):
        """Size of the mechanism's state."""
        raise NotImplementedError


def _mask(memory_sequence_length, length, dtype=tf.bool):
    return tf.sequence_mask(memory_sequence_length, maxlen=length, dtype=dtype)


def prepared_memory(memory, memory_sequence_length, check_inner_dims_defined):
    """The memory as tensors that are zero past its length."""
    memory = tf.nest.map_structure(lambda value: tf.convert_to_tensor(value, name="memory"), memory)
    if check_inner_dims_defined:
        for value in tf.nest.flatten(memory):
            if not value.shape[2:].is_fully_defined():
                raise ValueError(f"Expected memory {value.name} to have fully defined inner dims, but saw shape: "
                                 f"{value.shape}")
    if memory_sequence_length is None:
        return memory
    lengths = tf.convert_to_tensor(memory_sequence_length, name="memory_sequence_length")

    def masked(value):
        mask = _mask(lengths, tf.shape(value)[1], value.dtype)
        rank = tf.rank(value) if value.shape.ndims is None else value.shape.ndims
        return value * tf.reshape(mask, tf.concat((tf.shape(mask), tf.ones(rank - 2, dtype=tf.int32)), 0))

    return tf.nest.map_structure(masked, memory)


def masked_score(score, memory_sequence_length, score_mask_value):
    """`score` with another value past the memory's lengths, which must be positive."""
    if memory_sequence_length is None:
        return score
    message = "All values in memory_sequence_length must be greater than zero."
    with tf.control_dependencies([tf.assert_positive(memory_sequence_length, message=message)]):
        mask = _mask(memory_sequence_length, tf.shape(score)[1])
    return tf.where(mask, score, score_mask_value * tf.ones_like(score))


class BaseAttentionMechanism(AttentionMechanism):
    """A mechanism with layers for query and memory; subclasses are called with a query and their state.

    Args: query_layer, memory_layer: layers, or None. memory: [batch, time, ...]. probability_fn: function (score,
      state) -> alignments. memory_sequence_length: int [batch], or None. check_inner_dims_defined: whether the memory's
      inner sizes must be known. score_mask_value: of what lies past the lengths, -inf by default.
      custom_key_value_fn: function (keys, values) -> (keys, values), or None.
    """

    def __init__(self, query_layer, memory, probability_fn, memory_sequence_length=None, memory_layer=None,
                 check_inner_dims_defined=True, score_mask_value=None, custom_key_value_fn=None, name=None):
        for what, layer in (("query_layer", query_layer), ("memory_layer", memory_layer)):
            if layer is not None and not isinstance(layer, tf.layers.Layer):
                raise TypeError(f"{what} is not a Layer: {type(layer).__name__}")
        if not callable(probability_fn):
            raise TypeError(f"probability_fn must be callable, saw type: {type(probability_fn).__name__}")
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        self.dtype = memory_layer.dtype
        if score_mask_value is None:
            score_mask_value = tf.as_dtype(memory_layer.dtype).as_numpy_dtype(-np.inf)
        self._probability_fn = lambda score, state: probability_fn(
            masked_score(score, memory_sequence_length, score_mask_value), state)
        with tf.name_scope(name, "BaseAttentionMechanismInit", tf.nest.flatten(memory)):
            self._values = prepared_memory(memory, memory_sequence_length, check_inner_dims_defined)
            self._keys = memory_layer(self._values) if memory_layer else self._values
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            batch, time = self._keys.shape.as_list()[:2]
            self._batch_size = batch or tf.shape(self._keys)[0]
            self._alignments_size = time or tf.shape(self._keys)[1]

    @property
    def memory_layer(self):
        """The layer that makes keys of the memory."""
        return self._memory_layer

    @property
    def query_layer(self):
        """The layer that queries go through, or None."""
        return self._query_layer

    @property
    def values(self):
        """What is attended to."""
        return self._values

    @property
    def keys(self):
        """What queries are compared with."""
        return self._keys

    @property
    def batch_size(self):
        """Number of memories: an int, or a tensor."""
        return self._batch_size

    @property
    def alignments_size(self):
        """Number of steps of the memory: an int, or a tensor."""
        return self._alignments_size

    @property
    def state_size(self):
        """The same: the state is the alignments."""
        return self._alignments_size

    def initial_alignments(self, batch_size, dtype):
        """Zeros."""
        return zeros_of_size(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size, dtype):
        """The initial alignments."""
        return self.initial_alignments(batch_size, dtype)


def dense(num_units, name, dtype):
    """A layer without bias."""
    return tf.layers.Dense(num_units, name=name, use_bias=False, dtype=dtype or tf.float32)


def luong_score(query, keys, scale):
    """Scores [batch, time]: products of query and keys, times `scale` if given; ValueError for other sizes."""
    depth, key_units = query.shape.as_list()[-1], keys.shape.as_list()[-1]
    if depth is None or depth != key_units:
        raise ValueError(f"Incompatible or unknown inner dimensions between query and keys.  Query ({query}) has "
                         f"units: {depth}.  Keys ({keys}) have units: {key_units}.  Perhaps you need to set num_units "
                         f"to the keys' dimension ({key_units})?")
    score = tf.squeeze(tf.matmul(tf.expand_dims(query, 1), keys, transpose_b=True), [1])
    return score if scale is None else scale * score


def bahdanau_score(query, keys, vector, gain=None, bias=None):
    """Scores [batch, time]: `vector` times tanh of the sums of query and keys; normalised with `gain` and `bias`."""
    query = tf.expand_dims(query, 1)
    if gain is None:
        return tf.reduce_sum(vector * tf.tanh(keys + query), [2])
    normed = gain * vector * tf.rsqrt(tf.reduce_sum(tf.square(vector)))
    return tf.reduce_sum(normed * tf.tanh(keys + query + bias), [2])


class LuongBase(BaseAttentionMechanism):
    """What mechanisms with multiplicative scores share."""

    def _score(self, query):
        gain = None
        if self._scale:
            gain = tf.get_variable("attention_g", dtype=query.dtype, initializer=tf.ones_initializer(), shape=())
        return luong_score(query, self._keys, gain)


class BahdanauBase(BaseAttentionMechanism):
    """What mechanisms with additive scores share."""

    def _score(self, query):
        processed = self.query_layer(query) if self.query_layer else query
        vector = tf.get_variable("attention_v", [self._num_units], dtype=query.dtype)
        gain = bias = None
        if self._normalize:
            start = tf.constant_initializer(math.sqrt(1.0 / self._num_units))
            gain = tf.get_variable("attention_g", dtype=query.dtype, initializer=start, shape=())
            bias = tf.get_variable("attention_b", [self._num_units], dtype=query.dtype,
                                   initializer=tf.zeros_initializer())
        return bahdanau_score(processed, self._keys, vector, gain, bias)


@tf_export("contrib.seq2seq.LuongAttention")
class LuongAttention(LuongBase):
    """Multiplicative attention (arXiv 1508.04025).

    Args: num_units: size of queries and keys. memory: [batch, time, size]. memory_sequence_length: int [batch], or
      None. scale: whether scores have a trained factor. probability_fn: of scores to alignments, softmax by default.
      score_mask_value, custom_key_value_fn: as of the base.
    """

    def __init__(self, num_units, memory, memory_sequence_length=None, scale=False, probability_fn=None,
                 score_mask_value=None, dtype=None, custom_key_value_fn=None, name="LuongAttention"):
        function = probability_fn or tf.nn.softmax
        super().__init__(None, memory, lambda score, _: function(score), memory_sequence_length,
                         dense(num_units, "memory_layer", dtype), score_mask_value=score_mask_value,
                         custom_key_value_fn=custom_key_value_fn, name=name)
        self._num_units = num_units
        self._scale = scale

    def __call__(self, query, state):
        """(alignments, next state)."""
        with tf.variable_scope(None, "luong_attention", [query]):
            score = self._score(query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


@tf_export("contrib.seq2seq.BahdanauAttention")
class BahdanauAttention(BahdanauBase):
    """Additive attention (arXiv 1409.0473).

    Args: as of LuongAttention; normalize: whether weights are normalised (arXiv 1602.07868).
    """

    def __init__(self, num_units, memory, memory_sequence_length=None, normalize=False, probability_fn=None,
                 score_mask_value=None, dtype=None, custom_key_value_fn=None, name="BahdanauAttention"):
        function = probability_fn or tf.nn.softmax
        super().__init__(dense(num_units, "query_layer", dtype), memory, lambda score, _: function(score),
                         memory_sequence_length, dense(num_units, "memory_layer", dtype),
                         score_mask_value=score_mask_value, custom_key_value_fn=custom_key_value_fn, name=name)
        self._num_units = num_units
        self._normalize = normalize

    def __call__(self, query, state):
        """(alignments, next state)."""
        with tf.variable_scope(None, "bahdanau_attention", [query]):
            score = self._score(query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


@tf_export("contrib.seq2seq.hardmax")
def hardmax(logits, name=None):
    """1 where the last dimension is largest (the first such place), else 0."""
    with tf.name_scope(name, "Hardmax", [logits]):
        logits = tf.convert_to_tensor(logits, name="logits")
        depth = logits.shape.as_list()[-1]
        return tf.one_hot(tf.argmax(logits, -1), tf.shape(logits)[-1] if depth is None else depth, dtype=logits.dtype)
