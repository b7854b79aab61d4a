"""`tf.contrib.opt.LazyAdamOptimizer`: Adam that touches only the rows a sparse gradient has. State: Adam's."""

import graphflow as tf
from graphflow.framework.api import tf_export


@tf_export("contrib.opt.LazyAdamOptimizer")
class LazyAdamOptimizer(tf.train.AdamOptimizer):
    """AdamOptimizer whose means, for sparse gradients, move in the rows looked up only.

    Faster for large embeddings, and not the same numbers: there the means of all rows decay at every step.
    """

    def _apply_rows(self, grad, var, indices, scatter_add):
        c = {name: tf.cast(value, var.dtype.base_dtype) for name, value in self._coefficients(var).items()}
        lr = c["lr"] * tf.sqrt(1 - c["beta2_power"]) / (1 - c["beta1_power"])
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        m_rows = c["beta1"] * tf.gather(m, indices) + (1 - c["beta1"]) * grad
        v_rows = c["beta2"] * tf.gather(v, indices) + (1 - c["beta2"]) * tf.square(grad)
        step = lr * m_rows / (tf.sqrt(v_rows) + c["epsilon"])
        locking = {"use_locking": self._use_locking}
        return tf.group(tf.scatter_sub(var, indices, step, **locking), tf.scatter_update(m, indices, m_rows, **locking),
                        tf.scatter_update(v, indices, v_rows, **locking))
