"""Undoing broadcasting in gradients: the op that says which axes to sum, and its use.

The gradient of a broadcasting op has the broadcast shape; it is summed back to the shapes of the
inputs, without nodes where static shapes show that nothing was broadcast. State: per graph, the
axes already found for pairs of static shapes.
"""

import weakref

from graphflow.framework import raw_ops, scopes, shapes
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor

_AXES = weakref.WeakKeyDictionary()  # graph -> {(shape, shape): (axes, axes)}


def _gradient_args_shape(c):
    shapes.with_rank(c.shape(0), 1)
    shapes.with_rank(c.shape(1), 1)
    return [(None,), (None,)]


register_op("BroadcastGradientArgs", inputs="s0: T, s1: T", outputs="r0: T, r1: T",
            attrs="T: {int32, int64} = DT_INT32", shape=_gradient_args_shape, allocates=True)
NotDifferentiable("BroadcastGradientArgs")


def same_full_shapes(x, y, grad):
    """Whether three tensors are known to have the same shape."""
    return (isinstance(grad, Tensor) and shapes.is_full(x._shape)
            and x._shape == y._shape == grad._shape)


def dynamic_axes(x, y):
    """((shape, axes) of `x`, (shape, axes) of `y`): where to sum, found when the graph runs."""
    from graphflow.framework.api import lookup

    shape = lookup("shape")
    sx, sy = shape(x), shape(y)
    rx, ry = raw_ops.BroadcastGradientArgs(sx, sy)
    return (sx, rx), (sy, ry)


def gradient_axes(x, y, grad):
    """(shape, axes, whether to sum) for each of `x` and `y`; constants if shapes are known."""
    if not isinstance(grad, Tensor) or not (shapes.is_full(x._shape) and shapes.is_full(y._shape)):
        sx, sy = raw_ops.Shape(x), raw_ops.Shape(y)
        rx, ry = raw_ops.BroadcastGradientArgs(sx, sy)
        return (sx, rx, True), (sy, ry, True)
    known = _AXES.setdefault(scopes.get_default_graph(), {})
    key = (x._shape, y._shape)
    if key not in known:
        # The nodes stay in the graph unused, as TensorFlow leaves them: op seeds count nodes.
        found = raw_ops.BroadcastGradientArgs(*key)
        known[key] = tuple(tuple(int(axis) for axis in constant_value(t)) for t in found)
    rx, ry = known[key]
    return (x._shape, rx, x._shape != grad._shape), (y._shape, ry, y._shape != grad._shape)


def sum_to(grad, axes, shape):
    """`grad` summed over `axes` and given `shape`."""
    return raw_ops.Reshape(raw_ops.Sum(grad, axes), shape)
