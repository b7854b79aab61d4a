"""`tf.confusion_matrix`: how often each label met each prediction. Holds no state."""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.ops.weights_broadcast import remove_squeezable_dimensions


@tf_export("confusion_matrix", "math.confusion_matrix")
def confusion_matrix(labels, predictions, num_classes=None, dtype=dtypes.int32, name=None, weights=None):
    """Matrix [num_classes, num_classes] whose entry [l, p] counts labels l predicted as p.

    Args:
      labels, predictions: vectors of class numbers. num_classes: one more than the largest of them by
        default. dtype: of the result. weights: what each pair counts, of the shape of `predictions`.
    Raises ValueError if shapes do not fit; InvalidArgumentError in a run for classes out of range.

    Example:
      >>> import graphflow as tf
      >>> tf.confusion_matrix([0, 1, 1], [0, 1, 0], num_classes=2).shape
      TensorShape([Dimension(2), Dimension(2)])
    """
    with name_scope(name, "confusion_matrix", (predictions, labels, num_classes, weights)):
        labels, predictions = remove_squeezable_dimensions(
            convert_to_tensor(labels, name="labels"), convert_to_tensor(predictions, name="predictions"))
        predictions, labels = tf.cast(predictions, dtypes.int64), tf.cast(labels, dtypes.int64)
        labels = _checked("labels", labels, num_classes)
        predictions = _checked("predictions", predictions, num_classes)
        if num_classes is None:
            num_classes = tf.maximum(tf.reduce_max(predictions), tf.reduce_max(labels)) + 1
        else:
            num_classes = tf.cast(num_classes, dtypes.int64)
        if weights is not None:
            weights = convert_to_tensor(weights, name="weights")
            predictions.shape.assert_is_compatible_with(weights.shape)
            weights = tf.cast(weights, dtype)
        shape = tf.stack([num_classes, num_classes])
        indices = tf.stack([labels, predictions], axis=1)
        values = tf.ones_like(predictions, dtype) if weights is None else weights
        # ScatterNd adds what meets at an index, as TensorFlow's sum with a SparseTensor does.
        return tf.scatter_nd(indices, values, shape)


def _checked(kind, classes, num_classes):
    """`classes` after a check that they are in [0, num_classes)."""
    checks = [lookup("assert_non_negative")(classes, message=f"`{kind}` contains negative values")]
    if num_classes is not None:
        limit = tf.cast(num_classes, dtypes.int64)
        checks.append(lookup("assert_less")(classes, limit, message=f"`{kind}` out of bound"))
    with control_dependencies(checks):
        return tf.identity(classes)
