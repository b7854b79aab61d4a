"""Helpers: where a decoder's inputs come from, and what is sampled from its outputs.

State: what they were made with; TensorArrays of inputs.
"""

import abc

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.nn.sequences import transpose_batch_time


@tf_export("contrib.seq2seq.Helper")
class Helper(abc.ABC):
    """What BasicDecoder asks of a helper."""

    @property
    @abc.abstractmethod
    def batch_size(self):
        """Number of sequences."""

    @property
    @abc.abstractmethod
    def sample_ids_shape(self):
        """TensorShape of samples, without the batch."""

    @property
    @abc.abstractmethod
    def sample_ids_dtype(self):
        """DType of samples."""

    @abc.abstractmethod
    def initialize(self, name=None):
        """(finished, first inputs)."""

    @abc.abstractmethod
    def sample(self, time, outputs, state, name=None):
        """Samples from the outputs of a step."""

    @abc.abstractmethod
    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, next state)."""


class _SymbolHelper(Helper):
    """A helper whose samples are one int32 for each sequence."""

    _batch_size = None

    @property
    def batch_size(self):
        """Number of sequences."""
        return self._batch_size

    @property
    def sample_ids_shape(self):
        """That of a scalar."""
        return tf.TensorShape([])

    @property
    def sample_ids_dtype(self):
        """int32."""
        return tf.int32


def unstacked(value):
    """The parts of a tensor as a TensorArray."""
    return tf.TensorArray(dtype=value.dtype, size=tf.shape(value)[0], element_shape=value.shape[1:]).unstack(value)


def embedding_function(embedding):
    """`embedding`, if it is a function, else the look-up in it."""
    return embedding if callable(embedding) else lambda ids: tf.nn.embedding_lookup(embedding, ids)


def categorical_sample(logits, seed=None):
    """A symbol for each row of `logits` [batch, classes], drawn by the probabilities that it gives them."""
    return tf.reshape(tf.multinomial(logits, 1, seed=seed, output_dtype=tf.int32), [-1])


def bernoulli_sample(probs, sample_shape, dtype=tf.int32, seed=None):
    """`sample_shape` (a scalar: a vector as long) draws of true with probability `probs` (a scalar, or one each)."""
    probs = tf.convert_to_tensor(probs, name="probs")
    shape = tf.reshape(sample_shape, [-1]) if probs.shape.ndims == 0 else tf.shape(probs)
    return tf.cast(tf.less(tf.random_uniform(shape, seed=seed, dtype=probs.dtype), probs), dtype)


@tf_export("contrib.seq2seq.CustomHelper")
class CustomHelper(Helper):
    """A helper of three functions.

    Args: initialize_fn: () -> (finished, first inputs). sample_fn: (time, outputs, state) -> samples. next_inputs_fn:
      (time, outputs, state, sample_ids) -> (finished, next inputs, next state). sample_ids_shape: of samples, scalars
      by default. sample_ids_dtype: int32 by default.
    """

    def __init__(self, initialize_fn, sample_fn, next_inputs_fn, sample_ids_shape=None, sample_ids_dtype=None):
        self._initialize_fn = initialize_fn
        self._sample_fn = sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = None
        self._sample_ids_shape = tf.TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or tf.int32

    @property
    def batch_size(self):
        """Number of sequences; ValueError before `initialize` was called."""
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self):
        """TensorShape of samples, without the batch."""
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self):
        """DType of samples."""
        return self._sample_ids_dtype

    def initialize(self, name=None):
        """(finished, first inputs)."""
        with tf.name_scope(name, f"{type(self).__name__}Initialize"):
            finished, inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = tf.size(finished)
        return finished, inputs

    def sample(self, time, outputs, state, name=None):
        """Samples from the outputs of a step."""
        with tf.name_scope(name, f"{type(self).__name__}Sample", (time, outputs, state)):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, next state)."""
        with tf.name_scope(name, f"{type(self).__name__}NextInputs", (time, outputs, state)):
            return self._next_inputs_fn(time=time, outputs=outputs, state=state, sample_ids=sample_ids)


@tf_export("contrib.seq2seq.TrainingHelper")
class TrainingHelper(_SymbolHelper):
    """Feeds given inputs, whatever the decoder says.

    Args: inputs: [batch, time, ...], or structure of such. sequence_length: int [batch]. time_major: whether inputs
      are [time, batch, ...].
    Raises ValueError unless `sequence_length` is a vector.
    """

    def __init__(self, inputs, sequence_length, time_major=False, name=None):
        with tf.name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            inputs = tf.nest.map_structure(lambda value: tf.convert_to_tensor(value, name="inputs"), inputs)
            self._inputs = inputs
            if not time_major:
                inputs = tf.nest.map_structure(transpose_batch_time, inputs)
            self._arrays = tf.nest.map_structure(unstacked, inputs)
            self._sequence_length = tf.convert_to_tensor(sequence_length, name="sequence_length")
            if self._sequence_length.shape.ndims != 1:
                raise ValueError("Expected sequence_length to be a vector, but received shape: "
                                 f"{self._sequence_length.shape}")
            self._zero_inputs = tf.nest.map_structure(lambda value: tf.zeros_like(value[0, :]), inputs)
            self._batch_size = tf.size(sequence_length)

    @property
    def inputs(self):
        """The inputs, as given."""
        return self._inputs

    @property
    def sequence_length(self):
        """The lengths."""
        return self._sequence_length

    def _inputs_at(self, time, finished):
        """Inputs of a step; zeros once all is finished, where there may be no more."""
        return tf.cond(tf.reduce_all(finished), lambda: self._zero_inputs,
                       lambda: tf.nest.map_structure(lambda array: array.read(time), self._arrays))

    def initialize(self, name=None):
        """(finished, first inputs)."""
        with tf.name_scope(name, "TrainingHelperInitialize"):
            finished = tf.equal(0, self._sequence_length)
            return finished, self._inputs_at(0, finished)

    def sample(self, time, outputs, name=None, **unused_kwargs):
        """The likeliest symbols."""
        with tf.name_scope(name, "TrainingHelperSample", [time, outputs]):
            return tf.cast(tf.argmax(outputs, axis=-1), tf.int32)

    def next_inputs(self, time, outputs, state, name=None, **unused_kwargs):
        """(finished, next inputs, state)."""
        with tf.name_scope(name, "TrainingHelperNextInputs", [time, outputs, state]):
            next_time = time + 1
            finished = next_time >= self._sequence_length
            return finished, self._inputs_at(next_time, finished), state


@tf_export("contrib.seq2seq.GreedyEmbeddingHelper")
class GreedyEmbeddingHelper(_SymbolHelper):
    """Feeds back the embedding of the likeliest symbol.

    Args: embedding: function of symbols, or params of `tf.nn.embedding_lookup`. start_tokens: int [batch]. end_token:
      the symbol that ends a sequence, a scalar.
    Raises ValueError for tokens of other ranks.
    """

    def __init__(self, embedding, start_tokens, end_token):
        self._embedding_fn = embedding_function(embedding)
        self._start_tokens = tf.convert_to_tensor(start_tokens, dtype=tf.int32, name="start_tokens")
        self._end_token = tf.convert_to_tensor(end_token, dtype=tf.int32, name="end_token")
        if self._start_tokens.shape.ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._batch_size = tf.size(start_tokens)
        if self._end_token.shape.ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._start_inputs = self._embedding_fn(self._start_tokens)

    def initialize(self, name=None):
        """(finished, first inputs)."""
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time, outputs, state, name=None):
        """The likeliest symbols; TypeError unless `outputs` is one tensor."""
        _check_tensor(outputs)
        return tf.argmax(outputs, axis=-1, output_type=tf.int32)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, state)."""
        finished = tf.equal(sample_ids, self._end_token)
        inputs = tf.cond(tf.reduce_all(finished), lambda: self._start_inputs, lambda: self._embedding_fn(sample_ids))
        return finished, inputs, state


def _check_tensor(outputs):
    if not isinstance(outputs, tf.Tensor):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")


@tf_export("contrib.seq2seq.SampleEmbeddingHelper")
class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Feeds back the embedding of a symbol drawn by the outputs' probabilities.

    Args: as of GreedyEmbeddingHelper; softmax_temperature: number that logits are divided by, or None. seed: int.
    """

    def __init__(self, embedding, start_tokens, end_token, softmax_temperature=None, seed=None):
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature = softmax_temperature
        self._seed = seed

    def sample(self, time, outputs, state, name=None):
        """Symbols drawn; TypeError unless `outputs` is one tensor."""
        _check_tensor(outputs)
        logits = outputs if self._softmax_temperature is None else outputs / self._softmax_temperature
        return categorical_sample(logits, seed=self._seed)


@tf_export("contrib.seq2seq.InferenceHelper")
class InferenceHelper(Helper):
    """Feeds back what is sampled.

    Args: sample_fn: function of outputs to samples. sample_shape, sample_dtype: of samples, without the batch.
      start_inputs: the first inputs. end_fn: function of samples to finished. next_inputs_fn: function of samples to
      inputs; samples themselves by default.
    """

    def __init__(self, sample_fn, sample_shape, sample_dtype, start_inputs, end_fn, next_inputs_fn=None):
        self._sample_fn = sample_fn
        self._sample_shape = tf.TensorShape(sample_shape)
        self._sample_dtype = sample_dtype
        self._end_fn = end_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = tf.shape(start_inputs)[0]
        self._start_inputs = tf.convert_to_tensor(start_inputs, name="start_inputs")

    @property
    def batch_size(self):
        """Number of sequences."""
        return self._batch_size

    @property
    def sample_ids_shape(self):
        """TensorShape of samples, without the batch."""
        return self._sample_shape

    @property
    def sample_ids_dtype(self):
        """DType of samples."""
        return self._sample_dtype

    def initialize(self, name=None):
        """(finished, first inputs)."""
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time, outputs, state, name=None):
        """Samples from the outputs of a step."""
        return self._sample_fn(outputs)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, state)."""
        inputs = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), inputs, state
