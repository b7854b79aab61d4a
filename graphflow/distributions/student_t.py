"""Student's t distribution. Instances hold their parameters' tensors."""

import math

from graphflow.distributions.scalar import Parametrised, arguments_of
from graphflow.distributions.util import gen_new_seed
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export


@tf_export("distributions.StudentT", "contrib.distributions.StudentT")
class StudentT(Parametrised):
    """Student's t distribution of `df` degrees of freedom, moved by `loc` and stretched by `scale`.

    Its mean and variance are undefined where `df <= 1`; where `df <= 2` the variance is infinite. Samples have no
    gradient for `df`. A negative `scale` counts as its absolute value.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.StudentT([1.0, 2.0, 4.0], 0.0, 1.0).variance()).tolist())
      [nan, inf, 2.0]
    """

    _shaped = ("df", "loc", "scale")

    def __init__(self, df, loc, scale, validate_args=False, allow_nan_stats=True, name="StudentT"):
        self._take(name, arguments_of(locals()), lambda: [tf.assert_positive(df)], df=df, loc=loc, scale=scale)

    df = property(lambda self: self._df, doc="Degrees of freedom.")
    loc = property(lambda self: self._loc, doc="Mean, where there is one.")
    scale = property(lambda self: self._scale, doc="Scale; not the standard deviation.")

    def _sample_n(self, n, seed):
        normal = tf.random_normal(self._full(n), dtype=self.dtype, seed=seed)
        df = self._wide(self._df)
        gamma = lookup("random_gamma")([n], 0.5 * df, beta=0.5, dtype=self.dtype,
                                       seed=gen_new_seed(seed, salt="student_t"))
        return normal * tf.rsqrt(gamma / df) * self._scale + self._loc

    def _log_prob(self, x):
        squared = tf.square((x - self._loc) / self._scale)
        normalization = (tf.log(tf.abs(self._scale)) + 0.5 * tf.log(self._df) + 0.5 * math.log(math.pi)
                         + tf.lgamma(0.5 * self._df) - tf.lgamma(0.5 * (self._df + 1.0)))
        return -0.5 * (self._df + 1.0) * tf.log1p(squared / self._df) - normalization

    def _cdf(self, x):
        y = self._wide((x - self._loc) / tf.abs(self._scale))
        zero = tf.zeros_like(y)
        half = 0.5 * self._df + zero
        tail = 0.5 * lookup("betainc")(half, 0.5 + zero, self._df / (tf.square(y) + self._df))
        return tf.where_v2(tf.less(y, 0.0), tail, 1.0 - tail)

    def _entropy(self):
        half, beyond = 0.5 * self._df, 0.5 * (self._df + 1.0)
        lbeta = tf.lgamma(half) + math.log(math.sqrt(math.pi)) - tf.lgamma(beyond)
        return self._wide(tf.log(tf.abs(self._scale)) + 0.5 * tf.log(self._df) + lbeta
                          + beyond * (tf.digamma(beyond) - tf.digamma(half)))

    def _mean(self):
        return self._where_above_one(self._wide(self._loc), (
            self._df, "mean not defined for components of df <= 1"))

    def _variance(self):
        finite = tf.greater(self._df, 2.0)
        # The way that is not taken divides by 1: a gradient through 1 / 0 would be NaN.
        over = tf.where_v2(finite, self._df - 2.0, tf.ones_like(self._df))
        variance = self._wide(tf.square(self._scale) * self._df / over)
        variance = tf.where_v2(finite, variance, tf.constant(math.inf, self.dtype, name="inf"))
        return self._where_above_one(variance, (self._df, "variance not defined for components of df <= 1"))

    def _mode(self):
        return tf.identity(self._loc)
