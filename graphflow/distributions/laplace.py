"""The Laplace distribution. Instances hold their parameters' tensors."""

import math

from graphflow.distributions.scalar import Parametrised, arguments_of
from graphflow.distributions.special_math import log_cdf_laplace
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export


@tf_export("distributions.Laplace", "contrib.distributions.Laplace")
class Laplace(Parametrised):
    """The Laplace distribution: density `exp(-|x - loc| / scale) / (2 scale)`.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Laplace(1.0, 2.0).cdf(1.0)))
      0.5
    """

    _shaped = ("loc", "scale")

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Laplace"):
        self._take(name, arguments_of(locals()), lambda: [tf.assert_positive(scale)], loc=loc, scale=scale)

    loc = property(lambda self: self._loc, doc="Mean.")
    scale = property(lambda self: self._scale, doc="Mean distance from the mean.")

    def _z(self, x):
        return (x - self._loc) / self._scale

    def _sample_n(self, n, seed):
        smallest = {dtypes.float64: 2.0**-53}.get(self.dtype, 2.0**-24)
        uniform = tf.random_uniform(self._full(n), -1.0 + smallest, 1.0, dtype=self.dtype, seed=seed)
        return self._loc - self._scale * tf.sign(uniform) * tf.log1p(-tf.abs(uniform))

    def _log_prob(self, x):
        return -tf.abs(self._z(x)) - (math.log(2.0) + tf.log(self._scale))

    def _log_cdf(self, x):
        return log_cdf_laplace(self._z(x))

    def _log_survival_function(self, x):
        return log_cdf_laplace(-self._z(x))

    def _cdf(self, x):
        z = self._z(x)
        return 0.5 + 0.5 * tf.sign(z) * (1.0 - tf.exp(-tf.abs(z)))

    def _entropy(self):
        return self._wide(1.0 + math.log(2.0) + tf.log(self._scale))

    def _mean(self):
        return self._wide(self._loc)

    _mode = _mean

    def _stddev(self):
        return self._wide(math.sqrt(2.0) * self._scale)
