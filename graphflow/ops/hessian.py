"""`tf.hessians`: second derivatives, one row per element of x. Holds no state."""

from graphflow.framework import api, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.gradients import gradients


@tf_export("hessians")
def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False,
             aggregation_method=None):
    """Matrices of second derivatives of the sum of `ys` with respect to each x in `xs`.

    The other arguments are those of `tf.gradients`; `name` is accepted and, as in TensorFlow, not
    used. Returns a list with one Tensor of shape `x.shape + x.shape` per x.
    Raises NotImplementedError if an x has no fully known static shape: the rows are unrolled, for want
    of `tf.while_loop`. ValueError if a gradient does not depend on its x.

    Example:
      >>> import graphflow as tf
      >>> x = tf.constant([1.0, 2.0])
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.hessians(tf.reduce_prod(x * x), x))[0].tolist())
      [[8.0, 8.0], [8.0, 2.0]]
    """
    xs = xs if isinstance(xs, (list, tuple)) else [xs]
    first = gradients(ys, xs, colocate_gradients_with_ops=colocate_gradients_with_ops,
                      gate_gradients=gate_gradients, aggregation_method=aggregation_method)
    return [_hessian(gradient, x) for gradient, x in zip(first, xs)]


def _hessian(gradient, x):
    shape = x.get_shape()
    if not shape.is_fully_defined():
        raise NotImplementedError(
            f"tf.hessians needs an x whose size is known when the graph is built (its rows are unrolled, since "
            f"tf.while_loop is not part of GraphFlow yet); {x.name} has shape {shape}")
    flat = api.lookup("reshape")(gradient, [-1])
    size = shape.num_elements()
    if not size:
        return api.lookup("zeros")([*shape.as_list()] * 2, x.dtype.base_dtype)
    rows = [gradients(element, x)[0] for element in raw_ops.Unpack(flat, num=size, axis=0)]
    return api.lookup("reshape")(api.lookup("stack")(rows), [*shape.as_list()] * 2)
