"""How losses of examples become one loss: weights and reductions. Holds no state."""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.losses.collected import add_loss
from graphflow.ops.weights_broadcast import assert_broadcastable, broadcast_weights


@tf_export("losses.Reduction")
class Reduction:
    """What is made of the weighted losses.

    NONE: they are returned. SUM: their sum. SUM_OVER_BATCH_SIZE: divided by the number of losses.
    SUM_BY_NONZERO_WEIGHTS (the default; also SUM_OVER_NONZERO_WEIGHTS): divided by the number of those
    with a weight that is not 0. MEAN: divided by the sum of the weights.
    """

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls):
        """The valid values."""
        return (cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_OVER_NONZERO_WEIGHTS,
                cls.SUM_BY_NONZERO_WEIGHTS)

    @classmethod
    def validate(cls, key):
        """Raises ValueError if `key` is not a valid value."""
        if key not in cls.all():
            raise ValueError(f"Invalid Reduction Key {key}.")


def _safe_mean(total, count):
    return lookup("div_no_nan")(tf.reduce_sum(total), count, name="value")


def num_present(losses, weights, per_batch=False):
    """Number of losses whose weight is not 0: a scalar, or one number for each entry of the batch."""
    if isinstance(weights, float) and weights != 0.0:
        return _num_elements(losses)
    with name_scope(None, "num_present", (losses, weights)) as scope:
        weights = tf.cast(weights, dtypes.float32)
        present = tf.where(tf.equal(weights, 0.0), tf.zeros_like(weights), tf.ones_like(weights))
        present = broadcast_weights(present, losses)
        if per_batch:
            axes = tf.range(1, tf.rank(present))
            return tf.reduce_sum(present, axis=axes, keepdims=True, name=scope)
        return tf.reduce_sum(present, name=scope)


def _num_elements(losses):
    with name_scope(None, "num_elements", [losses]) as scope:
        return tf.cast(tf.size(losses, name=scope), losses.dtype)


def _reduced(losses, weights, weighted, reduction):
    if reduction == Reduction.NONE:
        return weighted
    loss = tf.reduce_sum(weighted)
    if reduction == Reduction.MEAN:
        return _safe_mean(loss, tf.reduce_sum(tf.ones_like(losses) * weights))
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return _safe_mean(loss, num_present(losses, weights))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return _safe_mean(loss, _num_elements(losses))
    return loss


@tf_export("losses.compute_weighted_loss")
def compute_weighted_loss(losses, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
                          reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """The weighted loss, which is added to `loss_collection`.

    Args:
      losses: tensor [batch, d1, ...]. weights: scalar, or of the rank of `losses`, each dimension being
        1 or that of `losses`. scope: name scope. reduction: one of `tf.losses.Reduction`.
    Returns a scalar of the dtype of `losses`; for `Reduction.NONE` a tensor of their shape.
    Raises ValueError if the shapes do not fit or `reduction` is not valid.

    Example:
      >>> import graphflow as tf
      >>> tf.losses.compute_weighted_loss(tf.constant([1.0, 3.0]), [1.0, 0.0]).op.name
      'weighted_loss/value'
    """
    Reduction.validate(reduction)
    with name_scope(scope, "weighted_loss", (losses, weights)), control_dependencies(
            (assert_broadcastable(weights, losses),)):
        losses = convert_to_tensor(losses)
        input_dtype = losses.dtype
        losses = tf.cast(losses, dtypes.float32)
        # A Python 1.0 becomes a constant here, so that what follows counts by its value.
        weights = tf.cast(weights, dtypes.float32)
        loss = _reduced(losses, weights, tf.multiply(losses, weights), reduction)
        loss = tf.cast(loss, input_dtype)
        add_loss(loss, loss_collection)
        return loss
