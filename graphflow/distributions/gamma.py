"""The gamma distribution and, as a case of it, the exponential. Instances hold their parameters' tensors."""

from graphflow.distributions.divergence import RegisterKL
from graphflow.distributions.scalar import Parametrised, arguments_of
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies


@tf_export("distributions.Gamma", "contrib.distributions.Gamma")
class Gamma(Parametrised):
    """The gamma distribution of a shape `concentration` and an inverse scale `rate`, both positive.

    Its mode is undefined where `concentration <= 1`. Samples have no gradient for `concentration`.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Gamma([3.0, 1.0], 2.0).mode()).tolist())
      [1.0, nan]
    """

    _shaped = ("concentration", "rate")

    def __init__(self, concentration, rate, validate_args=False, allow_nan_stats=True, name="Gamma"):
        self._take(name, arguments_of(locals()),
                   lambda: [tf.assert_positive(concentration), tf.assert_positive(rate)],
                   concentration=concentration, rate=rate)

    concentration = property(lambda self: self._concentration, doc="Shape.")
    rate = property(lambda self: self._rate, doc="Inverse scale.")

    def _sample_n(self, n, seed):
        return lookup("random_gamma")([n], alpha=self._wide(self._concentration), beta=self._rate, dtype=self.dtype,
                                      seed=seed)

    def _checked(self, x):
        lookup("assert_same_float_dtype")([x], self.dtype)
        return with_dependencies([tf.assert_positive(x)], x) if self.validate_args else x

    def _log_prob(self, x):
        x, shape, rate = self._checked(x), self._concentration, self._rate
        # At 0 a density of concentration 1 is its rate: 0 * log(0) counts as 0.
        return lookup("math.xlogy")(shape - 1.0, x) - rate * x - (tf.lgamma(shape) - shape * tf.log(rate))

    def _cdf(self, x):
        x = self._wide(self._checked(x))
        return lookup("igamma")(self._concentration + tf.zeros_like(x), self._rate * x)

    def _entropy(self):
        shape = self._concentration
        return shape - tf.log(self._rate) + tf.lgamma(shape) + (1.0 - shape) * tf.digamma(shape)

    def _mean(self):
        return self._concentration / self._rate

    def _variance(self):
        return self._concentration / tf.square(self._rate)

    def _stddev(self):
        return tf.sqrt(self._concentration) / self._rate

    def _mode(self):
        return self._where_above_one((self._concentration - 1.0) / self._rate, (
            self._concentration, "mode not defined when any concentration <= 1"))


@RegisterKL(Gamma, Gamma)
def _kl_gamma(a, b, name=None):
    with name_scope(name, "kl_gamma_gamma", values=[a.concentration, a.rate, b.concentration, b.rate]):
        return ((a.concentration - b.concentration) * tf.digamma(a.concentration)
                + tf.lgamma(b.concentration) - tf.lgamma(a.concentration)
                + b.concentration * (tf.log(a.rate) - tf.log(b.rate)) + a.concentration * (b.rate / a.rate - 1.0))


@tf_export("distributions.Exponential", "contrib.distributions.Exponential")
class Exponential(Gamma):
    """The exponential distribution: density `rate * exp(-rate * x)`.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Exponential(2.0).log_survival_function(3.0)))
      -6.0
    """

    _shaped = ("rate",)

    def __init__(self, rate, validate_args=False, allow_nan_stats=True, name="Exponential"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[rate]) as name:
            rate = convert_to_tensor(rate, name="rate")
            one = tf.ones([], dtype=rate.dtype.base_dtype)
        super().__init__(one, rate, validate_args, allow_nan_stats, name)
        self._parameters = arguments

    def _log_survival_function(self, x):
        return -self._rate * self._checked(x)

    def _sample_n(self, n, seed):
        smallest = {dtypes.float64: 2.0**-1022}.get(self.dtype, 2.0**-126)
        return -tf.log(tf.random_uniform(self._full(n), smallest, 1.0, dtype=self.dtype, seed=seed)) / self._rate
