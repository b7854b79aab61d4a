"""Training helpers that sometimes feed back what the decoder gave out (arXiv 1506.03099).

State: that of TrainingHelper.
"""

import graphflow as tf
from graphflow.contrib.seq2seq.helpers import (
    TrainingHelper,
    bernoulli_sample,
    categorical_sample,
    embedding_function,
    unstacked,
)
from graphflow.framework.api import tf_export
from graphflow.nn.sequences import transpose_batch_time


def _probability(value):
    tensor = tf.convert_to_tensor(value, name="sampling_probability")
    if tensor.shape.ndims not in (0, 1):
        raise ValueError(f"sampling_probability must be either a scalar or a vector. saw shape: {tensor.shape}")
    return tensor


def _positions(mask):
    """Index vectors of what is true."""
    return tf.cast(tf.where(mask), tf.int32)


def _merged(sampled_at, sampled, kept_at, kept, shape):
    return (tf.scatter_nd(indices=sampled_at, updates=sampled, shape=shape)
            + tf.scatter_nd(indices=kept_at, updates=kept, shape=shape))


@tf_export("contrib.seq2seq.ScheduledEmbeddingTrainingHelper")
class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Feeds given inputs, or with `sampling_probability` the embedding of a symbol drawn from the outputs.

    Args: as of TrainingHelper; embedding: function of symbols, or params of `tf.nn.embedding_lookup`. seed: of the
      symbols. scheduling_seed: of the choice. Samples are -1 where inputs are given.
    """

    def __init__(self, inputs, sequence_length, embedding, sampling_probability, time_major=False, seed=None,
                 scheduling_seed=None, name=None):
        with tf.name_scope(name, "ScheduledEmbeddingSamplingWrapper", [embedding, sampling_probability]):
            self._embedding_fn = embedding_function(embedding)
            self._sampling_probability = _probability(sampling_probability)
            self._seed = seed
            self._scheduling_seed = scheduling_seed
            super().__init__(inputs=inputs, sequence_length=sequence_length, time_major=time_major, name=name)

    def sample(self, time, outputs, state, name=None):
        """Symbols drawn, or -1."""
        with tf.name_scope(name, "ScheduledEmbeddingTrainingHelperSample", [time, outputs, state]):
            chosen = bernoulli_sample(self._sampling_probability, self.batch_size, tf.bool, self._scheduling_seed)
            return tf.where(chosen, categorical_sample(logits=outputs, seed=self._seed),
                            tf.fill([self.batch_size], -1))

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, state)."""
        with tf.name_scope(name, "ScheduledEmbeddingTrainingHelperNextInputs", [time, outputs, state, sample_ids]):
            finished, given, state = super().next_inputs(time=time, outputs=outputs, state=state, name=name)

            def sampled():
                chosen, others = _positions(sample_ids > -1), _positions(sample_ids <= -1)
                return _merged(chosen, self._embedding_fn(tf.gather_nd(sample_ids, chosen)), others,
                               tf.gather_nd(given, others), tf.shape(given))

            return finished, tf.cond(tf.reduce_all(finished), lambda: given, sampled), state


@tf_export("contrib.seq2seq.ScheduledOutputTrainingHelper")
class ScheduledOutputTrainingHelper(TrainingHelper):
    """Feeds given inputs, or with `sampling_probability` the outputs of the step before.

    Args: as of TrainingHelper; seed: of the choice. next_inputs_fn: function of outputs to inputs; outputs themselves
      by default. auxiliary_inputs: joined to inputs of both kinds, like `inputs`; or None. Samples say where outputs
      are fed back.
    """

    def __init__(self, inputs, sequence_length, sampling_probability, time_major=False, seed=None,
                 next_inputs_fn=None, auxiliary_inputs=None, name=None):
        with tf.name_scope(name, "ScheduledOutputTrainingHelper", [inputs, auxiliary_inputs, sampling_probability]):
            self._sampling_probability = _probability(sampling_probability)
            self._auxiliary = None
            if auxiliary_inputs is not None:
                inputs = tf.convert_to_tensor(inputs, name="inputs")
                auxiliary_inputs = tf.convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = tf.concat((inputs, auxiliary_inputs), -1)
                self._auxiliary = unstacked(auxiliary_inputs if time_major else transpose_batch_time(auxiliary_inputs))
            self._seed = seed
            self._next_inputs_fn = next_inputs_fn
            super().__init__(inputs=inputs, sequence_length=sequence_length, time_major=time_major, name=name)

    def sample(self, time, outputs, state, name=None):
        """1 where outputs are fed back, else 0."""
        with tf.name_scope(name, "ScheduledOutputTrainingHelperSample", [time, outputs, state]):
            return bernoulli_sample(self._sampling_probability, self.batch_size, seed=self._seed)

    def _with_auxiliary(self, outputs, time, positions=None):
        if self._auxiliary is None:
            return outputs
        auxiliary = self._auxiliary.read(time)
        return tf.concat((outputs, auxiliary if positions is None else tf.gather_nd(auxiliary, positions)), -1)

    def next_inputs(self, time, outputs, state, sample_ids, name=None):
        """(finished, next inputs, state)."""
        with tf.name_scope(name, "ScheduledOutputTrainingHelperNextInputs", [time, outputs, state, sample_ids]):
            finished, given, state = super().next_inputs(time=time, outputs=outputs, state=state, name=name)
            fed_back = tf.cast(sample_ids, tf.bool)

            def sampled():
                if self._next_inputs_fn is None:
                    return tf.where(fed_back, self._with_auxiliary(outputs, time + 1), given)
                chosen, others = _positions(fed_back), _positions(tf.logical_not(fed_back))
                inputs = self._with_auxiliary(self._next_inputs_fn(tf.gather_nd(outputs, chosen)), time + 1, chosen)
                return _merged(chosen, inputs, others, tf.gather_nd(given, others), tf.shape(given))

            none = tf.logical_or(tf.reduce_all(finished), tf.logical_not(tf.reduce_any(fed_back)))
            return finished, tf.cond(none, lambda: given, sampled), state
