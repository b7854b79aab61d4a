"""The largest entries of each row, and whether a class is among them. Holds no state."""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op


def _top_k_shape(c):
    shape = shapes.with_rank_at_least(c.shape(0), 1)
    if len(c.shapes) == 2:
        shapes.with_rank(c.shape(1), 0)
        value = c.value(1)
        k = None if value is None else int(value)
    else:
        k = c.attr("k")
    if k is not None and k < 0:
        raise ValueError(f"Need k >= 0, got {k}")
    if shape is None:
        return [None, None]
    if k is not None and shape[-1] is not None and shape[-1] < k:
        raise ValueError(f"input must have last dimension >= k = {k} but is {shape[-1]}")
    return [(*shape[:-1], k)] * 2


def _in_top_k_shape(c):
    predictions, targets = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(1), 1)
    return [(shapes.merge_dim(predictions[0], targets[0]),)]


register_op("TopK", inputs="input: T", outputs="values: T, indices: int32",
            attrs="k: int >= 0; sorted: bool = true; T: realnumbertype", shape=_top_k_shape)
register_op("TopKV2", inputs="input: T, k: int32", outputs="values: T, indices: int32",
            attrs="sorted: bool = true; T: realnumbertype", shape=_top_k_shape)


@RegisterGradient("TopK")
@RegisterGradient("TopKV2")
def _top_k_grad(op, grad, _):
    in_shape, index_shape = tf.shape(op.inputs[0]), tf.shape(op.outputs[1])
    index_last = tf.gather(tf.cast(index_shape, dtypes.int64), tf.size(index_shape) - 1)
    rows = tf.reshape(op.outputs[1], tf.stack([-1, index_last]))
    in_last = tf.gather(tf.cast(in_shape, dtypes.int64), tf.size(in_shape) - 1)
    outer = tf.shape(rows)[0]
    starts = tf.range(0, tf.cast(outer, dtypes.int64) * in_last, in_last)
    flat = tf.reshape(rows + tf.cast(tf.expand_dims(starts, -1), rows.dtype), [-1])
    scattered = tf.scatter_nd(tf.expand_dims(flat, -1), tf.reshape(grad, [-1]), [tf.reduce_prod(in_shape)])
    return [tf.reshape(scattered, in_shape), None][:len(op.inputs)]


@tf_export("math.top_k", "nn.top_k")
def top_k(input, k=1, sorted=True, name=None):
    """The `k` largest entries along the last dimension, in descending order.

    Args: input: real tensor of at least 1 dimension. k: int32 scalar, at most the last dimension.
    Returns a namedtuple (values, indices); of equal entries, the first come first.

    Example:
      >>> import graphflow as tf
      >>> tf.nn.top_k([1.0, 3.0, 2.0], k=2).indices.shape
      TensorShape([Dimension(2)])
    """
    return raw_ops.TopKV2(input, k=k, sorted=sorted, name=name)


register_op("InTopK", inputs="predictions: float, targets: T", outputs="precision: bool",
            attrs="k: int; T: {int32, int64} = int32", shape=_in_top_k_shape)
register_op("InTopKV2", inputs="predictions: float, targets: T, k: T", outputs="precision: bool",
            attrs="T: {int32, int64} = int32", shape=_in_top_k_shape)
NotDifferentiable("InTopK")
NotDifferentiable("InTopKV2")


@tf_export("math.in_top_k", "nn.in_top_k")
def in_top_k(predictions, targets, k, name=None):
    """Whether each row's target is among its `k` largest predictions.

    Entries that tie with the last of the `k` count. False where the target is no class, or a
    prediction that matters is not finite.
    """
    with name_scope(name, "in_top_k"):
        return raw_ops.InTopKV2(predictions, targets, k, name=name)


def _nth_element_shape(c):
    shapes.with_rank(c.shape(1), 0)
    shape, n = shapes.with_rank_at_least(c.shape(0), 1), c.value(1)
    if n is not None and n < 0:
        raise ValueError(f"Need n >= 0, got {int(n)}")
    if shape is None:
        return [None]
    if n is not None and shape[-1] is not None and shape[-1] <= n:
        raise ValueError(f"Input must have last dimension > n = {int(n)} but is {shape[-1]}")
    return [shape[:-1]]


register_op("NthElement", inputs="input: T, n: int32", outputs="values: T",
            attrs="reverse: bool = false; T: realnumbertype", shape=_nth_element_shape)


@RegisterGradient("NthElement")
def _nth_element_grad(op, grad):
    chosen = tf.cast(tf.equal(tf.expand_dims(op.outputs[0], -1), op.inputs[0]), grad.dtype)
    count = tf.expand_dims(tf.reduce_sum(chosen, -1), -1)
    return tf.divide(chosen, count) * tf.expand_dims(grad, -1), None
