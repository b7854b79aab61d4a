"""Attention that only moves forward through the memory (arXiv 1704.00784). State: as of `attention.py`."""

import functools

import numpy as np

import graphflow as tf
from graphflow.contrib.seq2seq.attention import (
    BahdanauBase,
    BaseAttentionMechanism,
    LuongBase,
    dense,
)
from graphflow.framework.api import tf_export


@tf_export("contrib.seq2seq.safe_cumprod")
def safe_cumprod(x, *args, **kwargs):
    """`tf.cumprod` of numbers in [0, 1], through logarithms, whose gradient is safe."""
    with tf.name_scope(None, "SafeCumprod", [x]):
        x = tf.convert_to_tensor(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        return tf.exp(tf.cumsum(tf.log(tf.clip_by_value(x, tiny, 1)), *args, **kwargs))


@tf_export("contrib.seq2seq.monotonic_attention")
def monotonic_attention(p_choose_i, previous_attention, mode):
    """Alignments [batch, time] that lie no earlier than the previous ones.

    Args: p_choose_i: probability to stop at each step. previous_attention: alignments before. mode: "recursive"
      (exact, slow), "parallel" (approximate, fast) or "hard" (p_choose_i is 0 or 1).
    Raises ValueError for other modes.
    """
    p = tf.convert_to_tensor(p_choose_i, name="p_choose_i")
    previous = tf.convert_to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        batch = p.shape.as_list()[0] or tf.shape(p)[0]
        passed = tf.concat([tf.ones((batch, 1)), 1 - p[:, :-1]], 1)
        mass = tf.scan(lambda x, step: tf.reshape(step[0] * x + step[1], (batch,)),
                       [tf.transpose(passed), tf.transpose(previous)], tf.zeros((batch,)))
        return p * tf.transpose(mass)
    if mode == "parallel":
        passed = safe_cumprod(1 - p, axis=1, exclusive=True)
        return p * passed * tf.cumsum(previous / tf.clip_by_value(passed, 1e-10, 1.0), axis=1)
    if mode == "hard":
        p *= tf.cumsum(previous, axis=1)
        return p * tf.cumprod(1 - p, axis=1, exclusive=True)
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


def _probability(score, previous, sigmoid_noise, mode, seed):
    if sigmoid_noise > 0:
        score += sigmoid_noise * tf.random_normal(tf.shape(score), dtype=score.dtype, seed=seed)
    p = tf.cast(score > 0, score.dtype) if mode == "hard" else tf.sigmoid(score)
    return monotonic_attention(p, previous, mode)


class _Monotonic(BaseAttentionMechanism):
    """A mechanism that begins at the first step of the memory."""

    def initial_alignments(self, batch_size, dtype):
        """One at the first step, else zero."""
        return tf.one_hot(tf.zeros((batch_size,), dtype=tf.int32), self._alignments_size, dtype=dtype)

    def _aligned(self, scope, query, state):
        with tf.variable_scope(None, scope, [query]):
            score = self._score(query)
            score += tf.get_variable("attention_score_bias", dtype=query.dtype, initializer=self._score_bias_init)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


@tf_export("contrib.seq2seq.BahdanauMonotonicAttention")
class BahdanauMonotonicAttention(_Monotonic, BahdanauBase):
    """Monotonic attention with additive scores.

    Args: as of BahdanauAttention; sigmoid_noise: deviation of noise added to scores while training. sigmoid_noise_seed:
      int. score_bias_init: initial value of a bias of scores. mode: as of `monotonic_attention`.
    """

    def __init__(self, num_units, memory, memory_sequence_length=None, normalize=False, score_mask_value=None,
                 sigmoid_noise=0.0, sigmoid_noise_seed=None, score_bias_init=0.0, mode="parallel", dtype=None,
                 name="BahdanauMonotonicAttention"):
        function = functools.partial(_probability, sigmoid_noise=sigmoid_noise, mode=mode, seed=sigmoid_noise_seed)
        super().__init__(dense(num_units, "query_layer", dtype), memory, function, memory_sequence_length,
                         dense(num_units, "memory_layer", dtype), score_mask_value=score_mask_value, name=name)
        self._num_units = num_units
        self._normalize = normalize
        self._score_bias_init = score_bias_init

    def __call__(self, query, state):
        """(alignments, next state)."""
        return self._aligned("bahdanau_monotonic_attention", query, state)


@tf_export("contrib.seq2seq.LuongMonotonicAttention")
class LuongMonotonicAttention(_Monotonic, LuongBase):
    """Monotonic attention with multiplicative scores.

    Args: as of LuongAttention and BahdanauMonotonicAttention.
    """

    def __init__(self, num_units, memory, memory_sequence_length=None, scale=False, score_mask_value=None,
                 sigmoid_noise=0.0, sigmoid_noise_seed=None, score_bias_init=0.0, mode="parallel", dtype=None,
                 name="LuongMonotonicAttention"):
        function = functools.partial(_probability, sigmoid_noise=sigmoid_noise, mode=mode, seed=sigmoid_noise_seed)
        super().__init__(None, memory, function, memory_sequence_length, dense(num_units, "memory_layer", dtype),
                         score_mask_value=score_mask_value, name=name)
        self._num_units = num_units
        self._scale = scale
        self._score_bias_init = score_bias_init

    def __call__(self, query, state):
        """(alignments, next state)."""
        return self._aligned("luong_monotonic_attention", query, state)
