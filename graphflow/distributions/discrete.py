"""Distributions of bools and class numbers. Instances hold their parameters' tensors."""

from graphflow.distributions.base import NOT_REPARAMETERIZED, Distribution, RegisterKL
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope


class _OfLogits(Distribution):
    """What both share: exactly one of `logits` and `probs` is given, the other computed."""

    def __init__(self, logits, probs, dtype, validate_args, allow_nan_stats, name):
        arguments = {"logits": logits, "probs": probs, "dtype": dtype, "validate_args": validate_args,
                     "allow_nan_stats": allow_nan_stats, "name": name}
        if (logits is None) == (probs is None):
            raise ValueError("Must pass probs or logits, but not both.")
        with name_scope(name, values=[logits, probs]) as name:
            if logits is not None:
                self._logits = convert_to_tensor(logits, name="logits", preferred_dtype=dtypes.float32)
                self._probs = self._to_probs(self._logits)
            else:
                self._probs = convert_to_tensor(probs, name="probs", preferred_dtype=dtypes.float32)
                if validate_args:
                    self._probs = self._checked(self._probs)
                self._logits = self._to_logits(self._probs)
        super().__init__(dtypes.as_dtype(dtype), NOT_REPARAMETERIZED, validate_args, allow_nan_stats, arguments,
                         name=name)

    logits = property(lambda self: self._logits, doc="Logarithms of odds, or unnormalised logarithms.")
    probs = property(lambda self: self._probs, doc="Probabilities.")

    def _checked(self, probs):
        with control_dependencies([lookup("assert_non_negative")(probs, message="probs must be in [0, 1]"),
                                      tf.assert_less_equal(probs, tf.ones_like(probs),
                                                           message="probs must be in [0, 1]")]):
            return tf.identity(probs)


@tf_export("distributions.Bernoulli", "contrib.distributions.Bernoulli")
class Bernoulli(_OfLogits):
    """1 with probability `probs` (or `sigmoid(logits)`), else 0."""

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False, allow_nan_stats=True,
                 name="Bernoulli"):
        super().__init__(logits, probs, dtype, validate_args, allow_nan_stats, name)

    def _to_probs(self, logits):
        return lookup("nn.sigmoid")(logits, name="probs")

    def _to_logits(self, probs):
        return tf.log(probs) - lookup("log1p")(-probs)

    def _batch_shape(self):
        return self._logits.shape

    def _batch_shape_tensor(self):
        return tf.shape(self._logits)

    def _sample_n(self, n, seed):
        shape = tf.concat([tf.reshape(n, [1]), tf.shape(self._probs)], 0)
        uniform = tf.random_uniform(shape, seed=seed, dtype=self._probs.dtype.base_dtype)
        return tf.cast(tf.less(uniform, self._probs), self.dtype)

    def _log_prob(self, event):
        event = tf.cast(event, self._logits.dtype)
        zero = tf.zeros_like(event * self._logits)
        cross_entropy = lookup("nn.sigmoid_cross_entropy_with_logits")
        return -cross_entropy(labels=event + zero, logits=self._logits + zero)

    def _entropy(self):
        softplus = lookup("nn.softplus")
        return -self._logits * (lookup("nn.sigmoid")(self._logits) - 1.0) + softplus(-self._logits)

    def _mean(self):
        return tf.identity(self._probs)

    def _variance(self):
        return self._probs * (1.0 - self._probs)

    def _mode(self):
        return tf.cast(self._probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli(a, b):
    softplus = lookup("nn.softplus")
    differences = (softplus(-b.logits) - softplus(-a.logits), softplus(b.logits) - softplus(a.logits))
    sigmoid = lookup("nn.sigmoid")
    return sigmoid(a.logits) * differences[0] + sigmoid(-a.logits) * differences[1]


@tf_export("distributions.Categorical", "contrib.distributions.Categorical")
class Categorical(_OfLogits):
    """Class numbers with probabilities `probs` [..., classes] (or `softmax(logits)`).

    Example:
      >>> import graphflow as tf
      >>> tf.distributions.Categorical(probs=[0.1, 0.6, 0.3]).sample(4).shape
      TensorShape([Dimension(4)])
    """

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False, allow_nan_stats=True,
                 name="Categorical"):
        super().__init__(logits, probs, dtype, validate_args, allow_nan_stats, name)
        self._event_size = tf.shape(self._logits)[-1]

    event_size = property(lambda self: self._event_size, doc="Number of classes.")

    def _to_probs(self, logits):
        return lookup("nn.softmax")(logits, name="probs")

    def _to_logits(self, probs):
        return tf.log(probs)

    def _batch_shape(self):
        return self._logits.shape[:-1]

    def _batch_shape_tensor(self):
        return tf.shape(self._logits)[:-1]

    def _sample_n(self, n, seed):
        rows = tf.reshape(self._logits, tf.stack([-1, self._event_size]))
        drawn = tf.cast(lookup("multinomial")(rows, n, seed=seed), self.dtype)
        return tf.reshape(tf.transpose(drawn), tf.concat([tf.reshape(n, [1]), self._batch_shape_tensor()], 0))

    def _log_prob(self, k):
        k = tf.cast(k, dtypes.int32)
        shape = tf.shape(tf.zeros(self._batch_shape_tensor(), dtypes.int32) + k)
        k = k + tf.zeros(shape, dtypes.int32)
        logits = self._logits + tf.zeros(tf.concat([shape, [self._event_size]], 0), self._logits.dtype)
        return -lookup("nn.sparse_softmax_cross_entropy_with_logits")(labels=k, logits=logits)

    def _entropy(self):
        log = lookup("nn.log_softmax")(self._logits)
        # 0 * log(0) counts as 0.
        return -tf.reduce_sum(tf.where(self._probs > 0, self._probs * log, tf.zeros_like(log)), axis=-1)

    def _mode(self):
        return tf.cast(tf.argmax(self._logits, axis=-1), self.dtype)


@RegisterKL(Categorical, Categorical)
def _kl_categorical(a, b):
    log_softmax = lookup("nn.log_softmax")
    difference = log_softmax(a.logits) - log_softmax(b.logits)
    return tf.reduce_sum(lookup("nn.softmax")(a.logits) * difference, axis=-1)
