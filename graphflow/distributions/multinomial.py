"""The multinomial distribution: how often each class is drawn. Instances hold their parameters' tensors."""

from graphflow.distributions.base import NOT_REPARAMETERIZED, Distribution
from graphflow.distributions.scalar import arguments_of
from graphflow.distributions.util import (
    covariance,
    embed_check_nonnegative_integer_form,
    get_logits_and_probs,
    log_combinations,
)
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies


@tf_export("distributions.Multinomial", "contrib.distributions.Multinomial")
class Multinomial(Distribution):
    """Counts of k classes in `total_count` draws with probabilities `probs` [..., k] (or `softmax(logits)`).

    Counts are floats, as `total_count` is, of the dtype of `probs`.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Multinomial(4.0, probs=[0.25, 0.75]).mean()).tolist())
      [1.0, 3.0]
    """

    def __init__(self, total_count, logits=None, probs=None, validate_args=False, allow_nan_stats=True,
                 name="Multinomial"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[total_count, logits, probs]) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = embed_check_nonnegative_integer_form(self._total_count)
            self._logits, self._probs = get_logits_and_probs(logits, probs, multidimensional=True,
                                                             validate_args=validate_args, name=name)
            self._means = self._total_count[..., tf.newaxis] * self._probs
        super().__init__(self._probs.dtype.base_dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, arguments,
                         graph_parents=[self._total_count, self._logits, self._probs], name=name)

    total_count = property(lambda self: self._total_count, doc="Numbers of draws.")
    logits = property(lambda self: self._logits, doc="Unnormalised logarithms of the probabilities.")
    probs = property(lambda self: self._probs, doc="Probabilities.")

    def _batch_shape(self):
        return self._means.shape.with_rank_at_least(1)[:-1]

    def _batch_shape_tensor(self):
        return tf.shape(self._means)[:-1]

    def _event_shape(self):
        return self._means.shape.with_rank_at_least(1)[-1:]

    def _event_shape_tensor(self):
        return tf.shape(self._means)[-1:]

    def _sample_n(self, n, seed):
        classes = self.event_shape_tensor()[0]
        counts = tf.zeros(self.batch_shape_tensor(), dtypes.int32) + tf.cast(self._total_count, dtypes.int32)
        logits = tf.zeros_like(self._means) + self._logits

        def draw(row):
            drawn = lookup("multinomial")(row[0][tf.newaxis], n * row[1], seed=seed)
            drawn = tf.reshape(drawn, tf.stack([n, row[1]]))
            return tf.reduce_sum(tf.one_hot(drawn, depth=classes, dtype=self.dtype), axis=-2)

        rows = [tf.reshape(logits, tf.stack([-1, classes])), tf.reshape(counts, [-1])]
        drawn = tf.transpose(tf.map_fn(draw, rows, dtype=self.dtype), perm=[1, 0, 2])
        return tf.reshape(drawn, tf.concat([[n], self.batch_shape_tensor(), [classes]], 0))

    def _log_prob(self, counts):
        if self.validate_args:
            counts = checked_counts(counts, self._total_count, "counts must sum to `self.total_count`")
        return (tf.reduce_sum(counts * lookup("nn.log_softmax")(self._logits), -1)
                + log_combinations(self._total_count, counts))

    def _mean(self):
        return tf.identity(self._means)

    def _wide_probs(self):
        return self._probs + tf.zeros_like(self._means)

    def _variance(self):
        return self._means - self._means * self._wide_probs()

    def _covariance(self):
        return covariance(self._means, self._wide_probs(), self._variance())


def checked_counts(counts, total_count, message):
    """`counts` [..., k], whole and not negative, whose sum over the classes must be `total_count`."""
    counts = embed_check_nonnegative_integer_form(counts)
    return with_dependencies([tf.assert_equal(total_count, tf.reduce_sum(counts, -1), message=message)], counts)
