"""The multinomial distribution whose probabilities are drawn themselves. Instances hold their parameters' tensors."""

from graphflow.distributions.base import NOT_REPARAMETERIZED, Distribution
from graphflow.distributions.multinomial import checked_counts
from graphflow.distributions.scalar import arguments_of
from graphflow.distributions.util import (
    covariance,
    embed_check_categorical_event_shape,
    embed_check_nonnegative_integer_form,
    gen_new_seed,
    log_combinations,
)
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies


@tf_export("distributions.DirichletMultinomial", "contrib.distributions.DirichletMultinomial")
class DirichletMultinomial(Distribution):
    """Counts of k classes in `total_count` draws, with probabilities that a Dirichlet distribution gave.

    Args: concentration: of the Dirichlet distribution, positive, [..., k]; its dtype is that of the counts.
    To be sampled, `total_count` must be a scalar (ValueError).

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.DirichletMultinomial(4.0, [1.0, 3.0]).mean()).tolist())
      [1.0, 3.0]
    """

    def __init__(self, total_count, concentration, validate_args=False, allow_nan_stats=True,
                 name="DirichletMultinomial"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[total_count, concentration]) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            self._concentration = convert_to_tensor(concentration, name="concentration")
            if validate_args:
                self._total_count = embed_check_nonnegative_integer_form(self._total_count)
                checked = embed_check_categorical_event_shape(self._concentration)
                self._concentration = with_dependencies([
                    tf.assert_positive(checked, message="Concentration parameter must be positive.")], checked)
            self._total_concentration = tf.reduce_sum(self._concentration, -1)
        super().__init__(self._concentration.dtype.base_dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats,
                         arguments, graph_parents=[self._total_count, self._concentration], name=name)

    total_count = property(lambda self: self._total_count, doc="Numbers of draws.")
    concentration = property(lambda self: self._concentration, doc="Concentrations [..., k].")
    total_concentration = property(lambda self: self._total_concentration, doc="Their sum over the classes.")

    def _batch_shape(self):
        return self._total_concentration.shape

    def _batch_shape_tensor(self):
        return tf.shape(self._total_concentration)

    def _event_shape(self):
        return self._concentration.shape.with_rank_at_least(1)[-1:]

    def _event_shape_tensor(self):
        return tf.shape(self._concentration)[-1:]

    def _sample_n(self, n, seed):
        classes = self.event_shape_tensor()[0]
        probs = lookup("random_gamma")([n], alpha=self._concentration, dtype=self.dtype, seed=seed)
        drawn = lookup("multinomial")(tf.reshape(tf.log(probs), tf.stack([-1, classes])),
                                      tf.cast(self._total_count, dtypes.int32),
                                      seed=gen_new_seed(seed, salt="dirichlet_multinomial"))
        counts = tf.reduce_sum(tf.one_hot(drawn, depth=classes, dtype=self.dtype), -2)
        return tf.reshape(counts, tf.concat([[n], self.batch_shape_tensor(), [classes]], 0))

    def _log_prob(self, counts):
        if self.validate_args:
            counts = checked_counts(counts, self._total_count,
                                    "counts last-dimension must sum to `self.total_count`")
        ordered = tf.lbeta(self._concentration + counts) - tf.lbeta(self._concentration)
        return ordered + log_combinations(self._total_count, counts)

    def _mean(self):
        return self._total_count * (self._concentration / self._total_concentration[..., tf.newaxis])

    def _scaled_mean(self):
        total = self._total_concentration[..., tf.newaxis]
        scale = tf.sqrt((1.0 + total / self._total_count) / (1.0 + total))
        return scale, scale * self._mean()

    def _variance(self):
        scale, scaled = self._scaled_mean()
        return scaled * (self._total_count * scale - scaled)

    def _covariance(self):
        _, scaled = self._scaled_mean()
        return covariance(scaled, scaled, self._variance())
