"""`tf.distributions.Distribution`: sampling, probabilities and statistics.

Instances hold their parameters' tensors; the module holds no state.
"""

import contextlib
import functools
import math

import numpy as np

from graphflow.distributions.divergence import cross_entropy, kl_divergence
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import export_value, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.grouping import with_dependencies
from graphflow.framework.static_value import constant_value, constant_value_as_shape
from graphflow.framework.tensor_shape import TensorShape


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

    Subclasses define `_batch_shape()` and `_event_shape()`, the same as tensors (`_batch_shape_tensor()`), and some of
    `_sample_n(n, seed)`, `_log_prob(value)`, `_prob`, `_log_cdf`, `_cdf`, `_log_survival_function`,
    `_survival_function`, `_quantile`, `_mean`, `_variance`, `_stddev`, `_covariance`, `_mode`, `_entropy`. Of a
    probability and its logarithm, and of variance and deviation, either is enough; what a distribution does not define
    raises NotImplementedError.

    Example:
      >>> import graphflow as tf
      >>> class Coin(tf.distributions.Bernoulli):
      ...     def __init__(self):
      ...         super().__init__(probs=0.5)
      >>> Coin().sample(3).shape
      TensorShape([Dimension(3)])
    """

    # Arguments of the constructor that have the batch's shape.
    _shaped = ()

    def __init__(self, dtype, reparameterization_type, validate_args, allow_nan_stats, parameters=None,
                 graph_parents=None, name=None):
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._validate_args = validate_args
        self._allow_nan_stats = allow_nan_stats
        self._parameters = dict(parameters or {})
        if not name or not name.endswith("/"):
            with name_scope(name or type(self).__name__) as name:
                pass
        self._name = name

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

    @classmethod
    def param_shapes(cls, sample_shape, name="DistributionParamShapes"):
        """{argument: shape, a tensor} of the arguments with which one sample has `sample_shape`."""
        with name_scope(name, values=[sample_shape]):
            return cls._param_shapes(sample_shape)

    @classmethod
    def param_static_shapes(cls, sample_shape):
        """{argument: TensorShape}, as `param_shapes`; ValueError if `sample_shape` is not known wholly."""
        if isinstance(sample_shape, TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError("TensorShape sample_shape must be fully defined")
            sample_shape = sample_shape.as_list()
        static = {name: constant_value(shape) for name, shape in cls.param_shapes(sample_shape).items()}
        if any(shape is None for shape in static.values()):
            raise ValueError("sample_shape must be a fully-defined TensorShape or list/tuple")
        return {name: TensorShape(shape) for name, shape in static.items()}

    @classmethod
    def _param_shapes(cls, sample_shape):
        if not cls._shaped:
            raise NotImplementedError(f"param_shapes is not implemented: {cls.__name__}")
        return dict.fromkeys(cls._shaped, convert_to_tensor(sample_shape, dtype=dtypes.int32))

    @property
    def batch_shape(self):
        """Static shape of the parameters."""
        return self._batch_shape()

    @property
    def event_shape(self):
        """Static shape of one draw."""
        return self._event_shape()

    def _batch_shape(self):
        return TensorShape(None)

    def _event_shape(self):
        return TensorShape(None)

    def batch_shape_tensor(self, name="batch_shape_tensor"):
        """Shape of the parameters."""
        with self._scope(name):
            static = self.batch_shape
            return tf.constant(static.as_list(), dtypes.int32) if static.is_fully_defined() \
                else self._call("batch_shape_tensor")

    def event_shape_tensor(self, name="event_shape_tensor"):
        """Shape of one draw."""
        with self._scope(name):
            static = self.event_shape
            return tf.constant(static.as_list(), dtypes.int32) if static.is_fully_defined() \
                else self._call("event_shape_tensor")

    def is_scalar_event(self, name="is_scalar_event"):
        """Whether one draw is a scalar."""
        with self._scope(name):
            return _is_scalar(self.event_shape, self.event_shape_tensor)

    def is_scalar_batch(self, name="is_scalar_batch"):
        """Whether the parameters are scalars."""
        with self._scope(name):
            return _is_scalar(self.batch_shape, self.batch_shape_tensor)

    # ---- sampling

    def sample(self, sample_shape=(), seed=None, name="sample"):
        """Independent draws; `sample_shape`, a scalar or a vector, comes before the batch's."""
        with self._scope(name):
            shape = convert_to_tensor(sample_shape, dtype=dtypes.int32, name="sample_shape")
            if shape.shape.ndims is not None and shape.shape.ndims > 1:
                raise ValueError("Input is neither scalar nor vector.")
            static = constant_value(shape)
            shape = tf.reshape(shape, [-1])
            drawn = self._call("sample_n", tf.reduce_prod(shape) if static is None else int(np.prod(static)), seed)
            result = tf.reshape(drawn, tf.concat([shape, tf.shape(drawn)[1:]], 0))
            outer = constant_value_as_shape(shape)
            result.set_shape(outer.concatenate(self.batch_shape).concatenate(self.event_shape))
            return result

    # ---- probabilities and statistics

    @contextlib.contextmanager
    def _scope(self, name):
        with name_scope(self.name), name_scope(name):
            yield

    def _call(self, name, *values, instead=()):
        """The result of the method `_name`; if the subclass has none, of `instead`, (name, what to do with its result).

        A subclass's method may raise NotImplementedError as well.
        """
        missing = None
        for other, change in ((name, None), *instead):
            method = getattr(self, "_" + other, None)
            if method is None:
                continue
            try:
                result = method(*values)
            except NotImplementedError as error:
                missing = missing or error
                continue
            return result if other == name else change(result)
        raise missing or NotImplementedError(f"{name} is not implemented: {type(self).__name__}")

    def _call_with(self, value, name, scope, **options):
        with self._scope(scope):
            return self._call(name, convert_to_tensor(value, name="value", preferred_dtype=self.dtype), **options)

    def _where_above_one(self, value, *parameters):
        """`value` where each of the `parameters`, (tensor, message), is above 1, elsewhere undefined: NaN.

        An error in the run, with the message, if NaN is not allowed.
        """
        one = tf.ones([], dtype=self.dtype)
        if not self.allow_nan_stats:
            return with_dependencies([tf.assert_less(one, tensor, message=message) for tensor, message in parameters],
                                     value)
        defined = functools.reduce(tf.logical_and, [tf.greater(tensor, one) for tensor, _ in parameters])
        return tf.where_v2(defined, value, tf.constant(math.nan, self.dtype, name="nan"))

    def log_prob(self, value, name="log_prob"):
        """Logarithm of the density or mass at `value`."""
        return self._call_with(value, "log_prob", name, instead=[("prob", tf.log)])

    def prob(self, value, name="prob"):
        """The density or mass at `value`."""
        return self._call_with(value, "prob", name, instead=[("log_prob", tf.exp)])

    def log_cdf(self, value, name="log_cdf"):
        """Logarithm of the probability of at most `value`."""
        return self._call_with(value, "log_cdf", name, instead=[("cdf", tf.log)])

    def cdf(self, value, name="cdf"):
        """Probability of at most `value`."""
        return self._call_with(value, "cdf", name, instead=[("log_cdf", tf.exp)])

    def log_survival_function(self, value, name="log_survival_function"):
        """Logarithm of the probability of more than `value`."""
        return self._call_with(value, "log_survival_function", name, instead=[
            ("cdf", lambda below: tf.log1p(-below)), ("log_cdf", lambda log: tf.log1p(-tf.exp(log)))])

    def survival_function(self, value, name="survival_function"):
        """Probability of more than `value`."""
        return self._call_with(value, "survival_function", name, instead=[
            ("cdf", lambda below: 1.0 - below), ("log_cdf", lambda log: 1.0 - tf.exp(log))])

    def quantile(self, value, name="quantile"):
        """The point below which a share `value` of the probability lies."""
        return self._call_with(value, "quantile", name)

    def entropy(self, name="entropy"):
        """Entropy in nats."""
        with self._scope(name):
            return self._call("entropy")

    def mean(self, name="mean"):
        """Mean."""
        with self._scope(name):
            return self._call("mean")

    def mode(self, name="mode"):
        """The most probable value. Where there is none NaN, or an error in the run if not `allow_nan_stats`."""
        with self._scope(name):
            return self._call("mode")

    def variance(self, name="variance"):
        """Variance."""
        with self._scope(name):
            return self._call("variance", instead=[("stddev", tf.square)])

    def stddev(self, name="stddev"):
        """Standard deviation."""
        with self._scope(name):
            return self._call("stddev", instead=[("variance", tf.sqrt)])

    def covariance(self, name="covariance"):
        """Covariances [batch..., k, k] of the k values of one draw."""
        with self._scope(name):
            return self._call("covariance")

    def kl_divergence(self, other, name="kl_divergence"):
        """Divergence of `other` from this; see `tf.distributions.kl_divergence`."""
        with self._scope(name):
            return kl_divergence(self, other, allow_nan_stats=self.allow_nan_stats)

    def cross_entropy(self, other, name="cross_entropy"):
        """Cross entropy of this and `other`: the divergence plus this one's entropy."""
        with self._scope(name):
            return cross_entropy(self, other, allow_nan_stats=self.allow_nan_stats)


def _is_scalar(static, shape_tensor):
    if static.ndims is not None:
        return convert_to_tensor(static.ndims == 0)
    return tf.equal(tf.size(shape_tensor()), 0)
