"""The normal distribution. Instances hold their parameters' tensors."""

import math

from graphflow.distributions import special_math
from graphflow.distributions.divergence import RegisterKL
from graphflow.distributions.scalar import Parametrised, arguments_of
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope


@tf_export("distributions.Normal", "contrib.distributions.Normal")
class Normal(Parametrised):
    """The normal distribution.

    Args: loc: mean. scale: standard deviation, positive.

    Example:
      >>> import graphflow as tf
      >>> normal = tf.distributions.Normal(0.0, [1.0, 2.0])
      >>> normal.sample(3).shape
      TensorShape([Dimension(3), Dimension(2)])
    """

    _shaped = ("loc", "scale")

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Normal"):
        self._take(name, arguments_of(locals()), lambda: [tf.assert_positive(scale)], loc=loc, scale=scale)

    loc = property(lambda self: self._loc, doc="Mean.")
    scale = property(lambda self: self._scale, doc="Standard deviation.")

    def _z(self, x):
        with name_scope("standardize", values=[x]):
            return (x - self._loc) / self._scale

    def _sample_n(self, n, seed):
        drawn = tf.random_normal(self._full(n), mean=0.0, stddev=1.0, dtype=self.dtype, seed=seed)
        return drawn * self._scale + self._loc

    def _log_prob(self, x):
        return -0.5 * tf.square(self._z(x)) - (0.5 * math.log(2.0 * math.pi) + tf.log(self._scale))

    def _log_cdf(self, x):
        return special_math.log_ndtr(self._z(x))

    def _cdf(self, x):
        return special_math.ndtr(self._z(x))

    def _log_survival_function(self, x):
        return special_math.log_ndtr(-self._z(x))

    def _survival_function(self, x):
        return special_math.ndtr(-self._z(x))

    def _quantile(self, p):
        return special_math.ndtri(p) * self._scale + self._loc

    def _entropy(self):
        return self._wide(0.5 * math.log(2.0 * math.pi * math.e) + tf.log(self._scale))

    def _mean(self):
        return self._wide(self._loc)

    _mode = _mean

    def _stddev(self):
        return self._wide(self._scale)


@RegisterKL(Normal, Normal)
def _kl_normal(a, b, name=None):
    with name_scope(name, "kl_normal_normal", values=[a.loc, b.loc]):
        ratio = tf.square(a.scale / b.scale)
        return tf.square(a.loc - b.loc) / (2.0 * tf.square(b.scale)) + 0.5 * (ratio - 1.0 - tf.log(ratio))
