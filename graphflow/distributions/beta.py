"""The beta distribution. Instances hold their parameters' tensors."""

from graphflow.distributions.divergence import RegisterKL
from graphflow.distributions.scalar import Parametrised, arguments_of
from graphflow.distributions.util import gen_new_seed
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies


@tf_export("distributions.Beta", "contrib.distributions.Beta")
class Beta(Parametrised):
    """The beta distribution on (0, 1): density proportional to `x**(c1 - 1) * (1 - x)**(c0 - 1)`.

    Its mode is undefined where a concentration is at most 1. Samples have no gradient for the concentrations.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Beta(3.0, 3.0).mode()))
      0.5
    """

    _shaped = ("concentration1", "concentration0")

    def __init__(self, concentration1=None, concentration0=None, validate_args=False, allow_nan_stats=True,
                 name="Beta"):
        self._take(name, arguments_of(locals()), lambda: [
            tf.assert_positive(concentration, message="Concentration parameter must be positive.")
            for concentration in (concentration1, concentration0)],
            concentration1=concentration1, concentration0=concentration0)
        with self._scope("total_concentration"):
            self._total_concentration = self._concentration1 + self._concentration0

    concentration1 = property(lambda self: self._concentration1, doc="Concentration at 1.")
    concentration0 = property(lambda self: self._concentration0, doc="Concentration at 0.")
    total_concentration = property(lambda self: self._total_concentration, doc="Their sum.")

    def _checked(self, x):
        if not self.validate_args:
            return x
        return with_dependencies([
            tf.assert_positive(x, message="sample must be positive"),
            tf.assert_less(x, tf.ones([], self.dtype), message="sample must be less than `1`.")], x)

    def _log_normalization(self):
        return tf.lgamma(self._concentration1) + tf.lgamma(self._concentration0) - tf.lgamma(self._total_concentration)

    def _sample_n(self, n, seed):
        draw = lookup("random_gamma")
        one = draw([n], alpha=self._wide(self._concentration1), dtype=self.dtype, seed=seed)
        zero = draw([n], alpha=self._wide(self._concentration0), dtype=self.dtype, seed=gen_new_seed(seed, "beta"))
        return one / (one + zero)

    def _log_prob(self, x):
        x = self._checked(x)
        log = lookup("math.xlogy")(self._concentration1 - 1.0, x) + (self._concentration0 - 1.0) * tf.log1p(-x)
        return log - self._log_normalization()

    def _cdf(self, x):
        x = self._wide(self._checked(x))
        zero = tf.zeros_like(x)
        return lookup("betainc")(self._concentration1 + zero, self._concentration0 + zero, x)

    def _entropy(self):
        return (self._log_normalization() - (self._concentration1 - 1.0) * tf.digamma(self._concentration1)
                - (self._concentration0 - 1.0) * tf.digamma(self._concentration0)
                + (self._total_concentration - 2.0) * tf.digamma(self._total_concentration))

    def _mean(self):
        return self._concentration1 / self._total_concentration

    def _variance(self):
        mean = self._mean()
        return mean * (1.0 - mean) / (1.0 + self._total_concentration)

    def _mode(self):
        mode = (self._concentration1 - 1.0) / (self._total_concentration - 2.0)
        return self._where_above_one(mode, (self._concentration1, "Mode undefined for concentration1 <= 1."),
                                     (self._concentration0, "Mode undefined for concentration0 <= 1."))


@RegisterKL(Beta, Beta)
def _kl_beta(a, b, name=None):
    with name_scope(name, "kl_beta_beta", values=[a.total_concentration, b.total_concentration]):
        return (b._log_normalization() - a._log_normalization()
                - tf.digamma(a.concentration1) * (b.concentration1 - a.concentration1)
                - tf.digamma(a.concentration0) * (b.concentration0 - a.concentration0)
                + tf.digamma(a.total_concentration) * (b.total_concentration - a.total_concentration))
