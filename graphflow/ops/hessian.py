"""`tf.hessians`: second derivatives, row by row in a while loop. Holds no state."""

from graphflow.framework import api, dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.gradients import gradients


@tf_export("hessians")
def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False,
             aggregation_method=None):
    """Matrices of second derivatives of the sum of `ys` with respect to each x in `xs`.

    The other arguments are those of `tf.gradients`; `name` is accepted and, as in TensorFlow, not
    used. Returns a list with one Tensor of shape `x.shape + x.shape` per x.
    """
    xs = xs if isinstance(xs, (list, tuple)) else [xs]
    first = gradients(ys, xs, colocate_gradients_with_ops=colocate_gradients_with_ops,
                      gate_gradients=gate_gradients, aggregation_method=aggregation_method)
    return [_hessian(api.lookup("reshape")(gradient, [-1]), x) for gradient, x in zip(first, xs)]


def _hessian(gradient, x):
    size = api.lookup("size")(x)
    rows = api.lookup("TensorArray")(x.dtype.base_dtype, size)
    start = api.lookup("constant")(0, dtypes.int32)
    _, rows = api.lookup("while_loop")(
        lambda j, _: j < size,
        lambda j, result: (j + 1, result.write(j, gradients(gradient[j], x)[0])),
        [start, rows],
    )
    shape = api.lookup("shape")(x)
    return api.lookup("reshape")(rows.stack(), raw_ops.ConcatV2([shape, shape], 0, name="concat"))
