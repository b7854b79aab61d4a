"""`tf.hessians`: second derivatives, one row per element of x, made by a loop. Holds no state."""

from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.gradients import gradients


@tf_export("hessians")
def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False,
             aggregation_method=None):
    """Matrices of second derivatives of the sum of `ys` with respect to each x in `xs`.

    The other arguments are those of `tf.gradients`; `name` is accepted and, as in TensorFlow, not
    used. Returns a list with one Tensor of shape `x.shape + x.shape` per x, which may have any rank.
    Raises ValueError if a y, or a gradient, does not depend on its x.

    Example:
      >>> import graphflow as tf
      >>> x = tf.constant([1.0, 2.0])
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.hessians(tf.reduce_prod(x * x), x))[0].tolist())
      [[8.0, 8.0], [8.0, 2.0]]
    """
    xs = xs if isinstance(xs, (list, tuple)) else [xs]
    options = {"colocate_gradients_with_ops": colocate_gradients_with_ops, "gate_gradients": gate_gradients,
               "aggregation_method": aggregation_method}
    return [_hessian(gradient, x, options) for gradient, x in zip(gradients(ys, xs, **options), xs)]


def _hessian(gradient, x, options):
    """Row by row: the gradients of each element of `gradient`."""
    gradient, size = tf.reshape(gradient, [-1]), tf.size(x)
    _, rows = tf.while_loop(
        lambda i, _: i < size,
        lambda i, rows: (i + 1, rows.write(i, gradients(gradient[i], x, **options)[0])),
        [tf.constant(0), tf.TensorArray(x.dtype.base_dtype, size)])
    shape = tf.shape(x)
    return tf.reshape(rows.stack(), tf.concat([shape, shape], 0))
