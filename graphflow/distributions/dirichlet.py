"""The Dirichlet distribution. Instances hold their parameters' tensors."""

from graphflow.distributions.base import FULLY_REPARAMETERIZED, Distribution
from graphflow.distributions.divergence import RegisterKL
from graphflow.distributions.scalar import arguments_of
from graphflow.distributions.util import covariance
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies


@tf_export("distributions.Dirichlet", "contrib.distributions.Dirichlet")
class Dirichlet(Distribution):
    """Probabilities of k classes, positive and of sum 1: density proportional to the product of `x**(c - 1)`.

    Args: concentration: positive, [..., k]. The mode is undefined where one is at most 1. Samples have no gradient
      for them.

    Example:
      >>> import graphflow as tf
      >>> dirichlet = tf.distributions.Dirichlet([[1.0, 2.0, 1.0], [3.0, 3.0, 2.0]])
      >>> dirichlet.batch_shape, dirichlet.event_shape
      (TensorShape([Dimension(2)]), TensorShape([Dimension(3)]))
      >>> with tf.Session() as session:
      ...     print(session.run(dirichlet.mean())[0].tolist())
      [0.25, 0.5, 0.25]
    """

    def __init__(self, concentration, validate_args=False, allow_nan_stats=True, name="Dirichlet"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[concentration]) as name:
            concentration = convert_to_tensor(concentration, name="concentration")
            self._concentration = _checked_concentration(concentration) if validate_args else concentration
            self._total_concentration = tf.reduce_sum(self._concentration, -1)
        super().__init__(self._concentration.dtype.base_dtype, FULLY_REPARAMETERIZED, validate_args, allow_nan_stats,
                         arguments, graph_parents=[self._concentration, self._total_concentration], name=name)

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
        drawn = lookup("random_gamma")([n], alpha=self._concentration, dtype=self.dtype, seed=seed)
        return drawn / tf.reduce_sum(drawn, -1, keepdims=True)

    def _log_prob(self, x):
        if self.validate_args:
            x = with_dependencies([
                tf.assert_positive(x, message="samples must be positive"),
                lookup("assert_near")(tf.ones([], dtype=self.dtype), tf.reduce_sum(x, -1),
                                      message="sample last-dimension must sum to `1`")], x)
        return tf.reduce_sum(lookup("math.xlogy")(self._concentration - 1.0, x), -1) - tf.lbeta(self._concentration)

    def _entropy(self):
        classes = tf.cast(self.event_shape_tensor()[0], self.dtype)
        return (tf.lbeta(self._concentration)
                + (self._total_concentration - classes) * tf.digamma(self._total_concentration)
                - tf.reduce_sum((self._concentration - 1.0) * tf.digamma(self._concentration), axis=-1))

    def _mean(self):
        return self._concentration / self._total_concentration[..., tf.newaxis]

    def _scaled_mean(self):
        scale = tf.rsqrt(1.0 + self._total_concentration[..., tf.newaxis])
        return scale, scale * self._mean()

    def _variance(self):
        scale, scaled = self._scaled_mean()
        return scaled * (scale - scaled)

    def _covariance(self):
        _, scaled = self._scaled_mean()
        return covariance(scaled, scaled, self._variance())

    def _mode(self):
        classes = tf.cast(self.event_shape_tensor()[0], self.dtype)
        mode = (self._concentration - 1.0) / (self._total_concentration[..., tf.newaxis] - classes)
        return self._where_above_one(mode, (tf.reduce_min(self._concentration, -1, keepdims=True),
                                            "Mode undefined when any concentration <= 1"))


def _checked_concentration(concentration):
    return with_dependencies([
        tf.assert_positive(concentration, message="Concentration parameter must be positive."),
        lookup("assert_rank_at_least")(concentration, 1, message="Concentration parameter must have >=1 dimensions."),
        tf.assert_less(1, tf.shape(concentration)[-1],
                       message="Concentration parameter must have event_size >= 2.")], concentration)


@RegisterKL(Dirichlet, Dirichlet)
def _kl_dirichlet(a, b, name=None):
    with name_scope(name, "kl_dirichlet_dirichlet", values=[a.concentration, b.concentration]):
        digammas = tf.digamma(a.concentration) - tf.digamma(tf.reduce_sum(a.concentration, axis=-1, keepdims=True))
        return (tf.reduce_sum((a.concentration - b.concentration) * digammas, axis=-1)
                - tf.lbeta(a.concentration) + tf.lbeta(b.concentration))
