"""The distribution of class numbers. Instances hold their parameters' tensors."""

from graphflow.distributions.base import NOT_REPARAMETERIZED, Distribution
from graphflow.distributions.divergence import RegisterKL
from graphflow.distributions.scalar import arguments_of
from graphflow.distributions.util import (
    embed_check_categorical_event_shape,
    embed_check_integer_casting_closed,
    get_logits_and_probs,
)
from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.tensor_shape import TensorShape


@tf_export("distributions.Categorical", "contrib.distributions.Categorical")
class Categorical(Distribution):
    """Class numbers with probabilities `probs` [..., classes] (or `softmax(logits)`).

    Example:
      >>> import graphflow as tf
      >>> tf.distributions.Categorical(probs=[0.1, 0.6, 0.3]).sample(4).shape
      TensorShape([Dimension(4)])
      >>> with tf.Session() as session:
      ...     print(session.run(tf.distributions.Categorical(probs=[0.25, 0.5, 0.25]).cdf([0, 1, 2])).tolist())
      [0.0, 0.25, 0.75]

    `cdf(k)` is the probability of less than `k`, as in TensorFlow, not of at most `k`.
    """

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False, allow_nan_stats=True,
                 name="Categorical"):
        arguments = arguments_of(locals())
        with name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(logits, probs, multidimensional=True,
                                                             validate_args=validate_args, name=name)
            if validate_args:
                self._logits = embed_check_categorical_event_shape(self._logits)
            classes = self._logits.shape.with_rank_at_least(1)[-1].value
            self._event_size = (tf.constant(classes, dtypes.int32, name="event_size") if classes is not None
                                else tf.shape(self._logits)[-1])
        super().__init__(dtypes.as_dtype(dtype), NOT_REPARAMETERIZED, validate_args, allow_nan_stats, arguments,
                         graph_parents=[self._logits, self._probs], name=name)

    event_size = property(lambda self: self._event_size, doc="Number of classes.")
    logits = property(lambda self: self._logits, doc="Unnormalised logarithms of the probabilities.")
    probs = property(lambda self: self._probs, doc="Probabilities.")

    def _event_shape(self):
        return TensorShape([])

    def _batch_shape(self):
        return self._logits.shape[:-1]

    def _batch_shape_tensor(self):
        return tf.shape(self._logits)[:-1]

    def _sample_n(self, n, seed):
        rows = tf.reshape(self._logits, tf.stack([-1, self._event_size]))
        drawn = tf.cast(lookup("multinomial")(rows, n, seed=seed), self.dtype)
        return tf.reshape(tf.transpose(drawn), tf.concat([[n], self._batch_shape_tensor()], 0))

    def _broadcast(self, k, parameters):
        """`k` and the `parameters` with the same shape but for the classes."""
        if self.validate_args:
            k = embed_check_integer_casting_closed(k, dtypes.int32)
        if k.dtype.is_floating:
            k = tf.cast(k, dtypes.int32)
        elif not k.dtype.is_integer:
            raise TypeError(f"`value` should have integer `dtype` or `self.dtype` ({self.dtype.base_dtype})")
        parameters = parameters + tf.zeros_like(k[..., tf.newaxis], dtype=parameters.dtype)
        wide = k + tf.zeros(tf.shape(parameters)[:-1], k.dtype)
        if parameters.shape.ndims is not None:
            wide.set_shape(parameters.shape[:-1])
        return wide, parameters

    def _log_prob(self, k):
        k, logits = self._broadcast(k, self._logits)
        return -lookup("nn.sparse_softmax_cross_entropy_with_logits")(labels=k, logits=logits)

    def _cdf(self, k):
        k, probs = self._broadcast(k, self._probs)
        below = lookup("sequence_mask")(k, self._event_size)
        return tf.reduce_sum(tf.where_v2(below, probs, tf.zeros_like(probs)), axis=-1)

    def _entropy(self):
        log = lookup("nn.log_softmax")(self._logits)
        # 0 * log(0) counts as 0.
        return -tf.reduce_sum(tf.where(self._probs > 0, self._probs * log, tf.zeros_like(log)), axis=-1)

    def _mode(self):
        return tf.cast(tf.argmax(self._logits, axis=-1), self.dtype)


@RegisterKL(Categorical, Categorical)
def _kl_categorical(a, b, name=None):
    log_softmax = lookup("nn.log_softmax")
    with name_scope(name, "kl_categorical_categorical", values=[a.logits, b.logits]):
        difference = log_softmax(a.logits) - log_softmax(b.logits)
        return tf.reduce_sum(lookup("nn.softmax")(a.logits) * difference, axis=-1)
