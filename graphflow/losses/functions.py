"""The loss functions of `tf.losses`. Each adds its result to a collection; they hold no state.

All share: `weights`, a scalar or a tensor that broadcasts to the losses; `scope`, a name scope;
`loss_collection`, to which the result is added; `reduction`, one of `tf.losses.Reduction`. They raise
ValueError for missing arguments and shapes that do not fit.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph import GraphKeys
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.losses.collected import add_loss
from graphflow.losses.weighted import Reduction, compute_weighted_loss, num_present
from graphflow.ops import weights_broadcast

_BY_NONZERO = Reduction.SUM_BY_NONZERO_WEIGHTS


def _require(**arguments):
    for name, value in arguments.items():
        if value is None:
            raise ValueError(f"{name} must not be None.")


def _as_floats(predictions, labels):
    """Both as float32, of compatible shapes."""
    predictions = tf.cast(predictions, dtypes.float32)
    labels = tf.cast(labels, dtypes.float32)
    predictions.shape.assert_is_compatible_with(labels.shape)
    return predictions, labels


@tf_export("losses.absolute_difference")
def absolute_difference(labels, predictions, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
                        reduction=_BY_NONZERO):
    """`|predictions - labels|`, weighted and reduced."""
    _require(labels=labels, predictions=predictions)
    with name_scope(scope, "absolute_difference", (predictions, labels, weights)) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = tf.abs(tf.subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@tf_export("losses.cosine_distance")
def cosine_distance(labels, predictions, axis=None, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
                    reduction=_BY_NONZERO, dim=None):
    """`1 - sum(predictions * labels, axis)`: both are taken to be of unit length. `dim` is deprecated."""
    axis = renamed_argument("losses.cosine_distance", "axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _require(labels=labels, predictions=predictions)
    with name_scope(scope, "cosine_distance_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _as_floats(predictions, labels)
        products = tf.multiply(predictions, labels)
        losses = 1 - tf.reduce_sum(products, axis=(axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@tf_export("losses.hinge_loss")
def hinge_loss(labels, logits, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES, reduction=_BY_NONZERO):
    """`max(0, 1 - (2 * labels - 1) * logits)` for labels 0 and 1."""
    _require(labels=labels, logits=logits)
    with name_scope(scope, "hinge_loss", (logits, labels, weights)) as scope:
        logits, labels = _as_floats(logits, labels)
        ones = tf.ones_like(labels)
        labels = tf.subtract(2 * labels, ones)
        losses = lookup("nn.relu")(tf.subtract(ones, tf.multiply(labels, logits)))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@tf_export("losses.huber_loss")
def huber_loss(labels, predictions, weights=1.0, delta=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
               reduction=_BY_NONZERO):
    """Half the squared error up to an error of `delta`, linear beyond."""
    _require(labels=labels, predictions=predictions)
    with name_scope(scope, "huber_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _as_floats(predictions, labels)
        error = tf.abs(tf.subtract(predictions, labels))
        quadratic = tf.minimum(error, delta)
        linear = tf.subtract(error, quadratic)
        half = convert_to_tensor(0.5, dtype=quadratic.dtype)
        losses = tf.add(tf.multiply(half, tf.multiply(quadratic, quadratic)), tf.multiply(delta, linear))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@tf_export("losses.log_loss")
def log_loss(labels, predictions, weights=1.0, epsilon=1e-7, scope=None, loss_collection=GraphKeys.LOSSES,
             reduction=_BY_NONZERO):
    """Cross entropy of probabilities: `-labels * log(p + epsilon) - (1 - labels) * log(1 - p + epsilon)`."""
    _require(labels=labels, predictions=predictions)
    with name_scope(scope, "log_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = -tf.multiply(labels, tf.log(predictions + epsilon)) - tf.multiply(
            1 - labels, tf.log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@tf_export("losses.mean_pairwise_squared_error")
def mean_pairwise_squared_error(labels, predictions, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES):
    """Mean over pairs (i, j) within an example of `((p_i - p_j) - (l_i - l_j)) ** 2`, summed over examples."""
    _require(labels=labels, predictions=predictions)
    with name_scope(scope, "mean_pairwise_squared_error", (predictions, labels, weights)) as scope:
        weights = tf.cast(weights, dtypes.float32)
        labels = tf.cast(labels, dtypes.float32)
        with control_dependencies((weights_broadcast.assert_broadcastable(weights, labels),)):
            predictions, labels = _as_floats(predictions, labels)
            differences = tf.subtract(predictions, labels)
            axes = tf.range(1, tf.rank(differences))
            squares = tf.reduce_sum(tf.square(differences), axis=axes, keepdims=True)
            present = num_present(differences, weights, per_batch=True)
            divide = lookup("div_no_nan")
            term1 = 2.0 * divide(squares, tf.maximum(present - 1, 0), name="value")
            total = tf.reduce_sum(differences, axis=axes, keepdims=True)
            pairs = tf.maximum(tf.multiply(present, present - 1), 0)
            term2 = 2.0 * divide(tf.square(total), pairs, name="value")
            loss = tf.reduce_sum(tf.multiply(term1 - term2, weights))
            mean = tf.where(tf.reduce_sum(present) > 0, loss, tf.zeros_like(loss), name="value")
            add_loss(mean, loss_collection)
            return mean


@tf_export("losses.mean_squared_error")
def mean_squared_error(labels, predictions, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
                       reduction=_BY_NONZERO):
    """`(predictions - labels) ** 2`, weighted and reduced.

    Example:
      >>> import graphflow as tf
      >>> loss = tf.losses.mean_squared_error(labels=[1.0, 2.0], predictions=tf.constant([1.0, 4.0]))
      >>> with tf.Session() as sess:
      ...     print(sess.run(loss))
      2.0
    """
    _require(labels=labels, predictions=predictions)
    with name_scope(scope, "mean_squared_error", (predictions, labels, weights)) as scope:
        predictions, labels = _as_floats(predictions, labels)
        losses = tf.squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@tf_export("losses.sigmoid_cross_entropy")
def sigmoid_cross_entropy(multi_class_labels, logits, weights=1.0, label_smoothing=0, scope=None,
                          loss_collection=GraphKeys.LOSSES, reduction=_BY_NONZERO):
    """Cross entropy of independent classes, of logits.

    Args: label_smoothing: moves labels by that share towards 1/2.
    """
    _require(multi_class_labels=multi_class_labels, logits=logits)
    with name_scope(scope, "sigmoid_cross_entropy_loss", (logits, multi_class_labels, weights)) as scope:
        logits = convert_to_tensor(logits)
        labels = tf.cast(multi_class_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = lookup("nn.sigmoid_cross_entropy_with_logits")(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


@tf_export("losses.softmax_cross_entropy")
def softmax_cross_entropy(onehot_labels, logits, weights=1.0, label_smoothing=0, scope=None,
                          loss_collection=GraphKeys.LOSSES, reduction=_BY_NONZERO):
    """Cross entropy of exclusive classes, of one-hot labels and logits; no gradient goes to the labels.

    Args: label_smoothing: moves labels by that share towards the uniform distribution.
    """
    _require(onehot_labels=onehot_labels, logits=logits)
    with name_scope(scope, "softmax_cross_entropy_loss", (logits, onehot_labels, weights)) as scope:
        logits = convert_to_tensor(logits)
        labels = tf.cast(onehot_labels, logits.dtype)
        logits.shape.assert_is_compatible_with(labels.shape)
        if label_smoothing > 0:
            num_classes = tf.cast(tf.shape(labels)[-1], logits.dtype)
            labels = labels * (1.0 - label_smoothing) + label_smoothing / num_classes
        labels = tf.stop_gradient(labels, name="labels_stop_gradient")
        losses = lookup("nn.softmax_cross_entropy_with_logits_v2")(labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)


def _matched(labels, logits, weights):
    """Labels, logits and weights with last dimensions of 1 squeezed where ranks say so."""
    labels, logits = weights_broadcast.remove_squeezable_dimensions(labels, logits, expected_rank_diff=1)
    if weights is None:
        return labels, logits, None
    weights = convert_to_tensor(weights)
    label_rank, weight_rank = labels.shape.ndims, weights.shape.ndims
    if label_rank is not None and weight_rank is not None:
        if weight_rank - label_rank == 1:
            weights = tf.squeeze(weights, [-1])
        return labels, logits, weights
    if weight_rank is None or (weight_rank > 0 and weights.shape.dims[-1].is_compatible_with(1)):
        difference = tf.rank(weights) - tf.rank(labels)
        weights = weights_broadcast.squeezed_if(tf.equal(1, difference), weights)
    return labels, logits, weights


@tf_export("losses.sparse_softmax_cross_entropy")
def sparse_softmax_cross_entropy(labels, logits, weights=1.0, scope=None, loss_collection=GraphKeys.LOSSES,
                                 reduction=_BY_NONZERO):
    """Cross entropy of exclusive classes, of class numbers and logits.

    Args: labels: int32 or int64 [d0, ..., dr], possibly with a last dimension of 1. logits: floats
      [d0, ..., dr, num_classes].
    """
    _require(labels=labels, logits=logits)
    with name_scope(scope, "sparse_softmax_cross_entropy_loss", (logits, labels, weights)) as scope:
        labels, logits, weights = _matched(labels, logits, weights)
        losses = lookup("nn.sparse_softmax_cross_entropy_with_logits")(
            labels=labels, logits=logits, name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction=reduction)
