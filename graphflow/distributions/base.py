"""`tf.distributions.Distribution`: sampling, probabilities and statistics, and divergences between them.

Instances hold their parameters' tensors. State: the registered divergences.
"""

import contextlib

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import export_value, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.tensor_shape import TensorShape

_divergences = {}


@tf_export("distributions.ReparameterizationType", "contrib.distributions.ReparameterizationType")
class ReparameterizationType:
    """Whether gradients go through samples."""

    def __init__(self, rep_type):
        self._rep_type = rep_type

    def __repr__(self):
        return f"<Reparameteriation Type: {self._rep_type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")
for _name in ("FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED"):
    export_value(f"distributions.{_name}", __name__, _name)
    export_value(f"contrib.distributions.{_name}", __name__, _name)


@tf_export("distributions.Distribution", "contrib.distributions.Distribution")
class Distribution:
    """Base of distributions. Samples have shape `sample_shape + batch_shape + event_shape`.

    Subclasses define some of `_sample_n(n, seed)`, `_log_prob(value)`, `_prob`, `_cdf`, `_mean`, `_variance`,
    `_stddev`, `_mode`, `_entropy`, `_quantile`; what a distribution does not define raises NotImplementedError.
    """

    def __init__(self, dtype, reparameterization_type, validate_args, allow_nan_stats, parameters=None,
                 graph_parents=None, name=None):
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._validate_args = validate_args
        self._allow_nan_stats = allow_nan_stats
        self._parameters = dict(parameters or {})
        self._name = name if name and name.endswith("/") else f"{name or type(self).__name__}/"

    name = property(lambda self: self._name, doc="Name scope of the parameters.")
    dtype = property(lambda self: self._dtype, doc="DType of samples.")
    parameters = property(lambda self: dict(self._parameters), doc="Arguments it was made with.")
    reparameterization_type = property(lambda self: self._reparameterization_type,
                                       doc="FULLY_REPARAMETERIZED or NOT_REPARAMETERIZED.")
    allow_nan_stats = property(lambda self: self._allow_nan_stats,
                               doc="Whether undefined statistics are NaN rather than an error.")
    validate_args = property(lambda self: self._validate_args, doc="Whether arguments are checked in runs.")

    def __repr__(self):
        return (f"<tf.distributions.{type(self).__name__} '{self.name}' batch_shape={self.batch_shape} "
                f"event_shape={self.event_shape} dtype={self.dtype.name}>")

    def copy(self, **override_parameters_kwargs):
        """The same distribution with some arguments changed."""
        return type(self)(**{**self._parameters, **override_parameters_kwargs})

    # ---- shapes

    @property
    def batch_shape(self):
        """Static shape of the parameters."""
        return self._batch_shape()

    @property
    def event_shape(self):
        """Static shape of one draw."""
        return self._event_shape()

    def _event_shape(self):
        return TensorShape([])

    def batch_shape_tensor(self, name="batch_shape_tensor"):
        """Shape of the parameters."""
        with self._scope(name):
            static = self.batch_shape
            return tf.constant(static.as_list(), dtypes.int32) if static.is_fully_defined() \
                else self._batch_shape_tensor()

    def event_shape_tensor(self, name="event_shape_tensor"):
        """Shape of one draw."""
        with self._scope(name):
            static = self.event_shape
            return tf.constant(static.as_list(), dtypes.int32) if static.is_fully_defined() \
                else self._event_shape_tensor()

    def is_scalar_event(self, name="is_scalar_event"):
        """Whether one draw is a scalar."""
        with self._scope(name):
            return tf.convert_to_tensor(self.event_shape.ndims == 0)

    def is_scalar_batch(self, name="is_scalar_batch"):
        """Whether the parameters are scalars."""
        with self._scope(name):
            if self.batch_shape.ndims is not None:
                return tf.convert_to_tensor(self.batch_shape.ndims == 0)
            return tf.equal(tf.size(self._batch_shape_tensor()), 0)

    # ---- sampling

    def sample(self, sample_shape=(), seed=None, name="sample"):
        """Independent draws; `sample_shape` comes before the batch's."""
        with self._scope(name):
            shape = tf.reshape(convert_to_tensor(sample_shape, dtype=dtypes.int32, name="sample_shape"), [-1])
            drawn = self._sample_n(tf.reduce_prod(shape), seed)
            result = tf.reshape(drawn, tf.concat([shape, tf.shape(drawn)[1:]], 0))
            static = tf.ones(sample_shape).shape if isinstance(sample_shape, (int, tuple, list)) else TensorShape(None)
            if static.ndims is not None:
                result.set_shape(static.concatenate(self.batch_shape).concatenate(self.event_shape))
            return result

    # ---- probabilities and statistics

    @contextlib.contextmanager
    def _scope(self, name):
        with name_scope(self.name), name_scope(name):
            yield

    def _call(self, name, *values):
        """The result of the first of the methods `_name` that the subclass has."""
        method = getattr(self, "_" + name, None)
        if method is None:
            raise NotImplementedError(f"{name} is not implemented: {type(self).__name__}")
        return method(*values)

    def _value(self, value):
        return convert_to_tensor(value, name="value", preferred_dtype=self.dtype)

    def log_prob(self, value, name="log_prob"):
        """Logarithm of the density or mass at `value`."""
        with self._scope(name):
            return self._call("log_prob", self._value(value))

    def prob(self, value, name="prob"):
        """The density or mass at `value`."""
        with self._scope(name):
            return tf.exp(self._call("log_prob", self._value(value)))

    def cdf(self, value, name="cdf"):
        """Probability of at most `value`."""
        with self._scope(name):
            return self._call("cdf", self._value(value))

    def survival_function(self, value, name="survival_function"):
        """Probability of more than `value`."""
        with self._scope(name):
            return 1.0 - self._call("cdf", self._value(value))

    def quantile(self, value, name="quantile"):
        """The point below which a share `value` of the probability lies."""
        with self._scope(name):
            return self._call("quantile", self._value(value))

    def entropy(self, name="entropy"):
        """Entropy in nats."""
        with self._scope(name):
            return self._call("entropy")

    def mean(self, name="mean"):
        """Mean."""
        with self._scope(name):
            return self._call("mean")

    def mode(self, name="mode"):
        """The most probable value."""
        with self._scope(name):
            return self._call("mode")

    def variance(self, name="variance"):
        """Variance."""
        with self._scope(name):
            return self._call("variance") if hasattr(self, "_variance") else tf.square(self._call("stddev"))

    def stddev(self, name="stddev"):
        """Standard deviation."""
        with self._scope(name):
            return self._call("stddev") if hasattr(self, "_stddev") else tf.sqrt(self._call("variance"))

    def kl_divergence(self, other, name="kl_divergence"):
        """Divergence of `other` from this; see `tf.distributions.kl_divergence`."""
        return kl_divergence(self, other, name=name)

    def cross_entropy(self, other, name="cross_entropy"):
        """Cross entropy of this and `other`: the divergence plus this one's entropy."""
        with self._scope(name):
            return self._call("entropy") + _divergence(self, other)


def _divergence(first, second):
    for one in type(first).__mro__:
        for other in type(second).__mro__:
            if (one, other) in _divergences:
                return _divergences[one, other](first, second)
    raise NotImplementedError(f"No KL(distribution_a || distribution_b) registered for distribution_a type "
                              f"{type(first).__name__} and distribution_b type {type(second).__name__}")


@tf_export("distributions.kl_divergence", "contrib.distributions.kl_divergence")
def kl_divergence(distribution_a, distribution_b, allow_nan_stats=True, name=None):
    """Kullback-Leibler divergence KL(a || b), of the batch's shape.

    Args: allow_nan_stats: False makes a NaN an error in the run.
    Raises NotImplementedError if none is known for these distributions.
    """
    with name_scope(name, "KullbackLeibler"):
        result = _divergence(distribution_a, distribution_b)
        if allow_nan_stats:
            return result
        return tf.check_numerics(result, "KL calculation returned NaN values")


@tf_export("distributions.RegisterKL", "contrib.distributions.RegisterKL")
class RegisterKL:
    """Decorator of a function (a, b) that computes KL(a || b) for two classes; ValueError if there is one."""

    def __init__(self, dist_cls_a, dist_cls_b):
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn):
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _divergences:
            raise ValueError(f"KL({self._key[0].__name__} || {self._key[1].__name__}) has already been registered")
        _divergences[self._key] = kl_fn
        return kl_fn
