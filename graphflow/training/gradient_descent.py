"""Gradient descent: `var -= learning_rate * grad`. State: see `optimizer.py`."""

from graphflow.framework import raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.tensor import IndexedSlices
from graphflow.ops.cast import cast
from graphflow.training.fused_optimizer import FusedOptimizer


@tf_export("train.GradientDescentOptimizer")
class GradientDescentOptimizer(FusedOptimizer):
    """Plain gradient descent.

    Args:
      learning_rate: number, scalar tensor, or a function that returns one.

    Example:
      >>> import graphflow as tf
      >>> w = tf.Variable(1.0, name="w")
      >>> train = tf.train.GradientDescentOptimizer(0.1).minimize(w * w)
      >>> with tf.Session() as sess:
      ...     _ = sess.run(tf.global_variables_initializer())
      ...     _ = sess.run(train)
      ...     print(round(float(sess.run(w)), 4))
      0.8
    """

    _gradient_input = "delta"

    def __init__(self, learning_rate, use_locking=False, name="GradientDescent"):
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor = None

    def _prepare(self):
        self._learning_rate_tensor = self._tensor(self._learning_rate, "learning_rate")

    def _rule(self):
        return "GradientDescent"

    def _coefficients(self, var):
        return {"alpha": self._learning_rate_tensor}

    # Subtracting rows adds up by itself: equal indices need no care.

    def _apply_sparse_duplicate_indices(self, grad, var):
        values = grad.values * cast(self._learning_rate_tensor, var.dtype.base_dtype)
        delta = IndexedSlices(values, grad.indices, grad.dense_shape)
        return var.scatter_sub(delta, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
        rate = self._call_if_callable(self._learning_rate)
        return raw_ops.ResourceScatterAdd(handle.handle, indices, -grad * rate)
