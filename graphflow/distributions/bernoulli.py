"""The Bernoulli distribution. Instances hold their parameters' tensors."""

from graphflow.distributions.base import NOT_REPARAMETERIZED, Distribution
from graphflow.distributions.divergence import RegisterKL
from graphflow.distributions.scalar import arguments_of
from graphflow.distributions.util import embed_check_integer_casting_closed, get_logits_and_probs
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.tensor_shape import TensorShape


@tf_export("distributions.Bernoulli", "contrib.distributions.Bernoulli")
class Bernoulli(Distribution):
    """1 with probability `probs` (or `sigmoid(logits)`), else 0.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Bernoulli(probs=[0.25, 0.75]).mode()).tolist())
      [0, 1]
    """

    _shaped = ("logits",)

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False, allow_nan_stats=True,
                 name="Bernoulli"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(logits, probs, validate_args=validate_args, name=name)
        super().__init__(dtypes.as_dtype(dtype), NOT_REPARAMETERIZED, validate_args, allow_nan_stats, arguments,
                         graph_parents=[self._logits, self._probs], name=name)

    logits = property(lambda self: self._logits, doc="Logarithms of odds.")
    probs = property(lambda self: self._probs, doc="Probabilities of 1.")

    def _event_shape(self):
        return TensorShape([])

    def _batch_shape(self):
        return self._logits.shape

    def _batch_shape_tensor(self):
        return tf.shape(self._logits)

    def _sample_n(self, n, seed):
        shape = tf.concat([[n], tf.shape(self._probs)], 0)
        uniform = tf.random_uniform(shape, seed=seed, dtype=self._probs.dtype.base_dtype)
        return tf.cast(tf.less(uniform, self._probs), self.dtype)

    def _log_prob(self, event):
        if self.validate_args:
            event = embed_check_integer_casting_closed(event, dtypes.bool)
        event = tf.cast(event, self._logits.dtype)
        zero = tf.zeros_like(event) * tf.zeros_like(self._logits)
        cross_entropy = lookup("nn.sigmoid_cross_entropy_with_logits")
        return -cross_entropy(labels=event + zero, logits=self._logits + zero)

    def _entropy(self):
        return -self._logits * (lookup("nn.sigmoid")(self._logits) - 1.0) + lookup("nn.softplus")(-self._logits)

    def _mean(self):
        return tf.identity(self._probs)

    def _variance(self):
        return self._probs * (1.0 - self._probs)

    def _mode(self):
        return tf.cast(self._probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli(a, b, name=None):
    sigmoid, softplus = lookup("nn.sigmoid"), lookup("nn.softplus")
    with name_scope(name, "kl_bernoulli_bernoulli", values=[a.logits, b.logits]):
        differences = (softplus(-b.logits) - softplus(-a.logits), softplus(b.logits) - softplus(a.logits))
        return sigmoid(a.logits) * differences[0] + sigmoid(-a.logits) * differences[1]
