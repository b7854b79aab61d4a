"""`tf.contrib.losses` (and `slim.losses`): the losses with predictions first. Hold no state.

They differ from `tf.losses`: weights have the first dimensions of the losses, rather than all.
"""

import graphflow as tf
from graphflow.contrib.framework.argument_scopes import add_arg_scope
from graphflow.framework.api import tf_export


def _export(name):
    return tf_export(f"contrib.losses.{name}", f"contrib.slim.losses.{name}")


@_export("compute_weighted_loss")
def compute_weighted_loss(losses, weights=1.0, scope=None):
    """Mean of the weighted losses over those with a weight that is not 0; added to LOSSES.

    Raises ValueError for unknown ranks.
    """
    with tf.name_scope(scope, "weighted_loss", [losses, weights]):
        losses = tf.convert_to_tensor(losses)
        weights = tf.cast(tf.convert_to_tensor(weights), tf.float32)
        for name, tensor in (("losses", losses), ("weights", weights)):
            if tensor.shape.ndims is None:
                raise ValueError(f"{name}.get_shape().ndims cannot be None")
        if weights.shape.ndims > 1 and weights.shape.dims[-1].is_compatible_with(1):
            weights = tf.squeeze(weights, [-1])
        if 0 < weights.shape.ndims < losses.shape.ndims:
            ones = tf.ones([losses.shape.ndims - weights.shape.ndims], tf.int32)
            weights = tf.reshape(weights, tf.concat([tf.shape(weights), ones], 0))
        return tf.losses.compute_weighted_loss(losses, weights)


@_export("add_loss")
@add_arg_scope
def add_loss(loss, loss_collection=tf.GraphKeys.LOSSES):
    """Adds a tensor to a collection of losses, unless that is None."""
    tf.losses.add_loss(loss, loss_collection)


@_export("get_losses")
def get_losses(scope=None, loss_collection=tf.GraphKeys.LOSSES):
    """List of the losses in a collection."""
    return tf.losses.get_losses(scope, loss_collection)


@_export("get_regularization_losses")
def get_regularization_losses(scope=None):
    """List of the regularisation losses."""
    return tf.losses.get_regularization_losses(scope)


@_export("get_total_loss")
def get_total_loss(add_regularization_losses=True, name="total_loss"):
    """Sum of all losses."""
    return tf.losses.get_total_loss(add_regularization_losses, name)


def _unreduced(function, labels, predictions, **kwargs):
    return getattr(tf.losses, function)(labels, predictions, loss_collection=None,
                                        reduction=tf.losses.Reduction.NONE, **kwargs)


@_export("absolute_difference")
def absolute_difference(predictions, labels=None, weights=1.0, scope=None):
    """`|predictions - labels|`."""
    with tf.name_scope(scope, "absolute_difference", [predictions, labels, weights]) as scope:
        return compute_weighted_loss(_unreduced("absolute_difference", labels, predictions), weights, scope)


@_export("mean_squared_error")
def mean_squared_error(predictions, labels=None, weights=1.0, scope=None):
    """`(predictions - labels) ** 2`."""
    with tf.name_scope(scope, "mean_squared_error", [predictions, labels, weights]) as scope:
        return compute_weighted_loss(_unreduced("mean_squared_error", labels, predictions), weights, scope)


@_export("log_loss")
def log_loss(predictions, labels=None, weights=1.0, epsilon=1e-7, scope=None):
    """Cross entropy of probabilities."""
    with tf.name_scope(scope, "log_loss", [predictions, labels, weights]) as scope:
        return compute_weighted_loss(_unreduced("log_loss", labels, predictions, epsilon=epsilon), weights, scope)


@_export("hinge_loss")
def hinge_loss(logits, labels=None, scope=None):
    """`max(0, 1 - (2 * labels - 1) * logits)`, neither reduced nor added to a collection."""
    with tf.name_scope(scope, "hinge_loss", [logits, labels]):
        return _unreduced("hinge_loss", labels, logits)


@_export("cosine_distance")
def cosine_distance(predictions, labels=None, axis=None, weights=1.0, scope=None, dim=None):
    """`1 - sum(predictions * labels, axis)`."""
    axis = dim if axis is None else axis
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    with tf.name_scope(scope, "cosine_distance_loss", [predictions, labels, weights]) as scope:
        losses = 1 - tf.reduce_sum(tf.cast(predictions, tf.float32) * tf.cast(labels, tf.float32), axis=[axis])
        return compute_weighted_loss(losses, weights, scope)


@_export("sigmoid_cross_entropy")
def sigmoid_cross_entropy(logits, multi_class_labels, weights=1.0, label_smoothing=0, scope=None):
    """Cross entropy of independent classes."""
    with tf.name_scope(scope, "sigmoid_cross_entropy_loss", [logits, multi_class_labels, weights]) as scope:
        losses = _unreduced("sigmoid_cross_entropy", multi_class_labels, logits, label_smoothing=label_smoothing)
        return compute_weighted_loss(losses, weights, scope)


@_export("softmax_cross_entropy")
def softmax_cross_entropy(logits, onehot_labels, weights=1.0, label_smoothing=0, scope=None):
    """Cross entropy of exclusive classes, of one-hot labels."""
    with tf.name_scope(scope, "softmax_cross_entropy_loss", [logits, onehot_labels, weights]) as scope:
        losses = _unreduced("softmax_cross_entropy", onehot_labels, logits, label_smoothing=label_smoothing)
        return compute_weighted_loss(losses, weights, scope)


@_export("sparse_softmax_cross_entropy")
def sparse_softmax_cross_entropy(logits, labels, weights=1.0, scope=None):
    """Cross entropy of exclusive classes, of class numbers."""
    with tf.name_scope(scope, "sparse_softmax_cross_entropy_loss", [logits, labels, weights]) as scope:
        labels = tf.reshape(labels, [tf.shape(labels)[0]])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope)
