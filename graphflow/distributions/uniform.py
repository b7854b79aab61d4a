"""The uniform distribution. Instances hold their parameters' tensors."""

import math

from graphflow.distributions.scalar import Parametrised, arguments_of
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export


@tf_export("distributions.Uniform", "contrib.distributions.Uniform")
class Uniform(Parametrised):
    """The uniform distribution on [low, high).

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Uniform(0.0, 4.0).cdf([1.0, 5.0])).tolist())
      [0.25, 1.0]
    """

    _shaped = ("low", "high")

    def __init__(self, low=0.0, high=1.0, validate_args=False, allow_nan_stats=True, name="Uniform"):
        self._take(name, arguments_of(locals()), lambda: [
            tf.assert_less(low, high, message="uniform not defined when low >= high.")], low=low, high=high)

    low = property(lambda self: self._low, doc="Lower end.")
    high = property(lambda self: self._high, doc="Upper end.")

    def range(self, name="range"):
        """`high - low`."""
        with self._scope(name):
            return self._high - self._low

    def _sample_n(self, n, seed):
        return self._low + self.range() * tf.random_uniform(self._full(n), dtype=self.dtype, seed=seed)

    def _prob(self, x):
        x = self._wide(x)
        outside = tf.logical_or(tf.less(x, self._low), tf.greater_equal(x, self._high))
        density = tf.where_v2(outside, tf.zeros_like(x), tf.ones_like(x) / self.range())
        return tf.where_v2(tf.is_nan(x), x, density)

    def _cdf(self, x):
        x = self._wide(x)
        share = tf.where_v2(tf.less(x, self._low), tf.zeros_like(x), (x - self._low) / self.range())
        return tf.where_v2(tf.greater_equal(x, self._high), tf.ones_like(x), share)

    def _entropy(self):
        return tf.log(self.range())

    def _mean(self):
        return (self._low + self._high) / 2.0

    def _variance(self):
        return tf.square(self.range()) / 12.0

    def _stddev(self):
        return self.range() / math.sqrt(12.0)
