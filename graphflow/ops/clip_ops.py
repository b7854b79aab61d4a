"""Clipping of tensors to a range or to a norm. Holds no state."""

from graphflow.framework import dtypes, raw_ops, scopes, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.tensor import IndexedSlices
from graphflow.ops.binary import maximum, minimum
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.unary import rsqrt, sqrt

register_op("ClipByValue", inputs="t: T, clip_value_min: T, clip_value_max: T",
            outputs="output: T", attrs="T: numbertype", shape=shapes.unchanged)


@RegisterGradient("ClipByValue")
def _clip_by_value_grad(op, grad):
    """Each element's gradient goes to the one input that the result was taken from."""
    t, low, high = op.inputs
    below, above = t < low, t > high
    zeros = raw_ops.ZerosLike(grad)
    parts = ((t, raw_ops.Select(below | above, zeros, grad)),
             (low, raw_ops.Select(below, grad, zeros)),
             (high, raw_ops.Select(above, grad, zeros)))
    full_shape = raw_ops.Shape(t)
    results = []
    for source, part in parts:
        shape = raw_ops.Shape(source)
        _, axes = raw_ops.BroadcastGradientArgs(full_shape, shape)
        results.append(raw_ops.Reshape(raw_ops.Sum(part, axes), shape))
    return results


def _values(t, name="t"):
    """The tensor to clip: the rows, if `t` is an IndexedSlices."""
    return convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name=name)


def _like(t, clipped):
    """`clipped` in the form of `t`."""
    if isinstance(t, IndexedSlices):
        return IndexedSlices(clipped, t.indices, t.dense_shape)
    return clipped


def _check_same_shape(values, clipped):
    """The limits must not have made the result larger than what was to be clipped."""
    values.shape.merge_with(clipped.shape)


@tf_export("clip_by_value")
def clip_by_value(t, clip_value_min, clip_value_max, name=None):
    """`t` with smaller values raised to `clip_value_min` and larger ones lowered to the maximum.

    Args: t: Tensor or IndexedSlices. clip_value_min, clip_value_max: must broadcast to its shape.
    Raises ValueError if they would change the shape.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.clip_by_value([-2.0, 0.5, 3.0], -1.0, 1.0)).tolist())
      [-1.0, 0.5, 1.0]
    """
    with name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        values = _values(t)
        below = minimum(values, clip_value_max)
        _check_same_shape(values, below)
        clipped = maximum(below, clip_value_min, name=scope)
        _check_same_shape(values, clipped)
        return _like(t, clipped)


@tf_export("clip_by_norm")
def clip_by_norm(t, clip_norm, axes=None, name=None):
    """`t` scaled down so that its L2 norm is at most `clip_norm`.

    Args:
      t: Tensor or IndexedSlices. clip_norm: positive number or scalar tensor.
      axes: norms are taken over these axes, one for each of the remaining positions; None: all.
    """
    with name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values = _values(t)
        squares = lookup("reduce_sum")(values * values, axes, keepdims=True)
        positive = squares > 0
        # The root has no gradient at zero: there it is not taken at all.
        safe = raw_ops.Select(positive, squares, lookup("ones_like")(squares))
        norm = raw_ops.Select(positive, sqrt(safe), squares)
        scaled = values * clip_norm
        _check_same_shape(values, scaled)
        return _like(t, raw_ops.Identity(scaled / maximum(norm, clip_norm), name=scope))


def _check_list(t_list):
    if not isinstance(t_list, (list, tuple)):
        raise TypeError("t_list should be a sequence")
    return list(t_list)


@tf_export("linalg.global_norm", "global_norm")
def global_norm(t_list, name=None):
    """The L2 norm of all tensors of a list together: a scalar.

    Args: t_list: Tensors, IndexedSlices and None.
    Raises TypeError if it isn't a list or tuple.
    """
    t_list = _check_list(t_list)
    with name_scope(name, "global_norm", t_list):
        values = [t if t is None else _values(t, f"t_{i}") for i, t in enumerate(t_list)]
        halves = []
        for value in values:
            if value is not None:
                with scopes.get_default_graph().colocate_with(value):
                    halves.append(raw_ops.L2Loss(value))
        half = lookup("reduce_sum")(lookup("stack")(halves))
        return sqrt(half * constant(2.0, dtype=half.dtype), name="global_norm")


@tf_export("clip_by_global_norm")
def clip_by_global_norm(t_list, clip_norm, use_norm=None, name=None):
    """Tensors scaled down together so that their global norm is at most `clip_norm`.

    Args:
      t_list: Tensors, IndexedSlices and None. clip_norm: positive number or scalar tensor.
      use_norm: their global norm, if it is known already.
    Returns: (list of clipped tensors, global norm). All are NaN if the norm isn't finite.
    Raises TypeError if `t_list` isn't a list or tuple.
    """
    t_list = _check_list(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with name_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as scope:
        dtype = use_norm.dtype
        finite = clip_norm * minimum(1.0 / use_norm, constant(1.0, dtype=dtype) / clip_norm)
        scale = raw_ops.Select(lookup("is_finite")(use_norm), finite,
                               constant(float("nan"), dtype=dtype))
        values = [t if t is None else _values(t, f"t_{i}") for i, t in enumerate(t_list)]
        clipped = []
        for i, (t, value) in enumerate(zip(t_list, values)):
            if value is None:
                clipped.append(None)
                continue
            with scopes.get_default_graph().colocate_with(value):
                # TensorFlow's name for it: the scope's own prefix once more, then a number.
                clipped.append(_like(t, raw_ops.Identity(value * scale, name=f"{scope}_{i}")))
        return clipped, use_norm


@tf_export("clip_by_average_norm")
def clip_by_average_norm(t, clip_norm, name=None):
    """`t` scaled down so that its L2 norm per element is at most `clip_norm`."""
    with name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = convert_to_tensor(t, name="t")
        size = cast(lookup("size")(t), dtypes.float32)
        squares = t * t
        axes = lookup("range")(lookup("rank")(t))
        inverse = rsqrt(lookup("reduce_sum")(squares, axes))
        scaled = t * clip_norm
        scale = minimum(inverse * size, constant(1.0) / clip_norm)
        return raw_ops.Identity(scaled * scale, name=scope)
