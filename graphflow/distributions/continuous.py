"""Continuous distributions of scalars. Instances hold their parameters' tensors."""

import math

from graphflow.distributions.base import FULLY_REPARAMETERIZED, NOT_REPARAMETERIZED, Distribution, RegisterKL
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope


class Parametrised(Distribution):
    """Distribution of parameters that broadcast with each other.

    `_take(name, positive, **values)` makes their tensors; checked in runs if `validate_args`.
    """

    _reparameterized = FULLY_REPARAMETERIZED

    def _take(self, name, arguments, positive=(), dtype=None, **values):
        with name_scope(name, values=list(values.values())) as name:
            tensors = {}
            for key, value in values.items():
                tensor = convert_to_tensor(value, name=key, preferred_dtype=dtypes.float32)
                if key in positive and arguments["validate_args"]:
                    with control_dependencies([tf.assert_positive(tensor)]):
                        tensor = tf.identity(tensor, name=key)
                tensors[key] = tensor
        found = next(iter(tensors.values())).dtype
        for key, tensor in tensors.items():
            if tensor.dtype.base_dtype != found.base_dtype:
                raise TypeError(f"Argument {key} has dtype {tensor.dtype.name}, others {found.name}")
            setattr(self, "_" + key, tensor)
        self._tensors = list(tensors.values())
        super().__init__(dtype or found.base_dtype, self._reparameterized, arguments["validate_args"],
                         arguments["allow_nan_stats"], arguments, name=name)

    def _batch_shape(self):
        static = self._tensors[0].shape
        for tensor in self._tensors[1:]:
            static = lookup("broadcast_static_shape")(static, tensor.shape)
        return static

    def _batch_shape_tensor(self):
        shape = tf.shape(self._tensors[0])
        for tensor in self._tensors[1:]:
            shape = lookup("broadcast_dynamic_shape")(shape, tf.shape(tensor))
        return shape

    def _wide(self, tensor):
        """`tensor` with the batch's shape."""
        return tensor + tf.zeros(self.batch_shape_tensor(), tensor.dtype)

    def _full(self, n):
        """Shape [n, batch...]."""
        return tf.concat([tf.reshape(n, [1]), self.batch_shape_tensor()], 0)


def _arguments(values):
    return {key: value for key, value in values.items() if key not in ("self", "__class__")}


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

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Normal"):
        self._take(name, _arguments(locals()), ("scale",), loc=loc, scale=scale)

    loc = property(lambda self: self._loc, doc="Mean.")
    scale = property(lambda self: self._scale, doc="Standard deviation.")

    def _sample_n(self, n, seed):
        drawn = tf.random_normal(self._full(n), mean=0.0, stddev=1.0, dtype=self.dtype, seed=seed)
        return drawn * self._scale + self._loc

    def _log_prob(self, x):
        z = (x - self._loc) / self._scale
        return -0.5 * tf.square(z) - (0.5 * math.log(2.0 * math.pi) + tf.log(self._scale))

    def _cdf(self, x):
        return 0.5 * lookup("erfc")((self._loc - x) / (self._scale * math.sqrt(2.0)))

    def _entropy(self):
        return self._wide(0.5 * math.log(2.0 * math.pi * math.e) + tf.log(self._scale))

    def _mean(self):
        return self._wide(self._loc)

    _mode = _mean

    def _stddev(self):
        return self._wide(self._scale)


@RegisterKL(Normal, Normal)
def _kl_normal(a, b):
    ratio = tf.square(a.scale / b.scale)
    return tf.square(a.loc - b.loc) / (2.0 * tf.square(b.scale)) + 0.5 * (ratio - 1.0 - tf.log(ratio))


@tf_export("distributions.Uniform", "contrib.distributions.Uniform")
class Uniform(Parametrised):
    """The uniform distribution on [low, high)."""

    def __init__(self, low=0.0, high=1.0, validate_args=False, allow_nan_stats=True, name="Uniform"):
        self._take(name, _arguments(locals()), low=low, high=high)

    low = property(lambda self: self._low, doc="Lower end.")
    high = property(lambda self: self._high, doc="Upper end.")

    def range(self, name="range"):
        """`high - low`."""
        with self._scope(name):
            return self._high - self._low

    def _sample_n(self, n, seed):
        return self._low + (self._high - self._low) * tf.random_uniform(self._full(n), dtype=self.dtype, seed=seed)

    def _log_prob(self, x):
        x = x + tf.zeros_like(self._low + self._high)
        inside = tf.logical_and(tf.greater_equal(x, self._low), tf.less(x, self._high))
        density = -tf.log(self._high - self._low) + tf.zeros_like(x)
        return tf.where(inside, density, tf.fill(tf.shape(x), tf.constant(-math.inf, x.dtype)))

    def _cdf(self, x):
        return tf.clip_by_value((x - self._low) / (self._high - self._low), 0.0, 1.0)

    def _entropy(self):
        return tf.log(self._high - self._low)

    def _mean(self):
        return (self._low + self._high) / 2.0

    def _variance(self):
        return tf.square(self._high - self._low) / 12.0


@tf_export("distributions.Laplace", "contrib.distributions.Laplace")
class Laplace(Parametrised):
    """The Laplace distribution: density `exp(-|x - loc| / scale) / (2 scale)`."""

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Laplace"):
        self._take(name, _arguments(locals()), ("scale",), loc=loc, scale=scale)

    loc = property(lambda self: self._loc, doc="Mean.")
    scale = property(lambda self: self._scale, doc="Mean distance from the mean.")

    def _sample_n(self, n, seed):
        smallest = {dtypes.float64: 2.0**-53}.get(self.dtype, 2.0**-24)
        uniform = tf.random_uniform(self._full(n), -1.0 + smallest, 1.0, dtype=self.dtype, seed=seed)
        return self._loc - self._scale * tf.sign(uniform) * lookup("log1p")(-tf.abs(uniform))

    def _log_prob(self, x):
        return -tf.abs((x - self._loc) / self._scale) - (math.log(2.0) + tf.log(self._scale))

    def _cdf(self, x):
        z = (x - self._loc) / self._scale
        return 0.5 + 0.5 * tf.sign(z) * (1.0 - tf.exp(-tf.abs(z)))

    def _entropy(self):
        return self._wide(1.0 + math.log(2.0) + tf.log(self._scale))

    def _mean(self):
        return self._wide(self._loc)

    _mode = _mean

    def _stddev(self):
        return self._wide(math.sqrt(2.0) * self._scale)


@tf_export("distributions.Gamma", "contrib.distributions.Gamma")
class Gamma(Parametrised):
    """The gamma distribution of a shape `concentration` and an inverse scale `rate`, both positive.

    Samples have no gradient for `concentration`.
    """

    def __init__(self, concentration, rate, validate_args=False, allow_nan_stats=True, name="Gamma"):
        self._take(name, _arguments(locals()), ("concentration", "rate"), concentration=concentration, rate=rate)

    concentration = property(lambda self: self._concentration, doc="Shape.")
    rate = property(lambda self: self._rate, doc="Inverse scale.")

    def _sample_n(self, n, seed):
        return lookup("random_gamma")(tf.reshape(n, [1]), alpha=self._wide(self._concentration), beta=self._rate,
                                      dtype=self.dtype, seed=seed)

    def _log_prob(self, x):
        a, b = self._concentration, self._rate
        return (a - 1.0) * tf.log(x) - b * x - (lookup("lgamma")(a) - a * tf.log(b))

    def _cdf(self, x):
        x = x + tf.zeros_like(self._concentration * self._rate)
        return lookup("igamma")(self._concentration + tf.zeros_like(x), self._rate * x)

    def _entropy(self):
        a = self._concentration
        return a - tf.log(self._rate) + lookup("lgamma")(a) + (1.0 - a) * lookup("digamma")(a)

    def _mean(self):
        return self._concentration / self._rate

    def _variance(self):
        return self._concentration / tf.square(self._rate)


@RegisterKL(Gamma, Gamma)
def _kl_gamma(a, b):
    lgamma = lookup("lgamma")
    return ((a.concentration - b.concentration) * lookup("digamma")(a.concentration)
            + lgamma(b.concentration) - lgamma(a.concentration)
            + b.concentration * (tf.log(a.rate) - tf.log(b.rate)) + a.concentration * (b.rate / a.rate - 1.0))


@tf_export("distributions.Exponential", "contrib.distributions.Exponential")
class Exponential(Gamma):
    """The exponential distribution: density `rate * exp(-rate * x)`."""

    def __init__(self, rate, validate_args=False, allow_nan_stats=True, name="Exponential"):
        arguments = _arguments(locals())
        self._take(name, arguments, ("rate",), rate=rate)
        self._concentration = tf.ones([], dtype=self.dtype)

    def _sample_n(self, n, seed):
        smallest = {dtypes.float64: 2.0**-1022}.get(self.dtype, 2.0**-126)
        return -tf.log(tf.random_uniform(self._full(n), smallest, 1.0, dtype=self.dtype, seed=seed)) / self._rate


@tf_export("distributions.Beta", "contrib.distributions.Beta")
class Beta(Parametrised):
    """The beta distribution on (0, 1): density proportional to `x**(c1 - 1) * (1 - x)**(c0 - 1)`."""

    _reparameterized = NOT_REPARAMETERIZED

    def __init__(self, concentration1=None, concentration0=None, validate_args=False, allow_nan_stats=True,
                 name="Beta"):
        self._take(name, _arguments(locals()), ("concentration1", "concentration0"),
                   concentration1=concentration1, concentration0=concentration0)
        self._total_concentration = self._concentration1 + self._concentration0

    concentration1 = property(lambda self: self._concentration1, doc="Concentration at 1.")
    concentration0 = property(lambda self: self._concentration0, doc="Concentration at 0.")
    total_concentration = property(lambda self: self._total_concentration, doc="Their sum.")

    def _log_normalizer(self):
        lgamma = lookup("lgamma")
        return lgamma(self._concentration1) + lgamma(self._concentration0) - lgamma(self._total_concentration)

    def _sample_n(self, n, seed):
        draw, count = lookup("random_gamma"), tf.reshape(n, [1])
        one = draw(count, alpha=self._wide(self._concentration1), dtype=self.dtype, seed=seed)
        zero = draw(count, alpha=self._wide(self._concentration0), dtype=self.dtype,
                    seed=None if seed is None else seed + 1)
        return one / (one + zero)

    def _log_prob(self, x):
        log = (self._concentration1 - 1.0) * tf.log(x) + (self._concentration0 - 1.0) * lookup("log1p")(-x)
        return log - self._log_normalizer()

    def _cdf(self, x):
        zero = tf.zeros_like(x * self._total_concentration)
        return lookup("betainc")(self._concentration1 + zero, self._concentration0 + zero, x + zero)

    def _entropy(self):
        digamma = lookup("digamma")
        return (self._log_normalizer() - (self._concentration1 - 1.0) * digamma(self._concentration1)
                - (self._concentration0 - 1.0) * digamma(self._concentration0)
                + (self._total_concentration - 2.0) * digamma(self._total_concentration))

    def _mean(self):
        return self._concentration1 / self._total_concentration

    def _variance(self):
        mean = self._mean()
        return mean * (1.0 - mean) / (1.0 + self._total_concentration)


@RegisterKL(Beta, Beta)
def _kl_beta(a, b):
    digamma = lookup("digamma")
    return (b._log_normalizer() - a._log_normalizer()
            - digamma(a.concentration1) * (b.concentration1 - a.concentration1)
            - digamma(a.concentration0) * (b.concentration0 - a.concentration0)
            + digamma(a.total_concentration) * (b.total_concentration - a.total_concentration))
