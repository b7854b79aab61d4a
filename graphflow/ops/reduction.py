"""Reductions over axes: sums, means, products, extremes, logic. Wrappers of `reduce_*`.

Axes are an input tensor, so they may be known only when the graph runs. ArgMax and ArgMin stand
here too; cumulative sums are in `scan.py`, `reduce_std` and the like in `statistics.py`. State: per
graph, the shapes already derived for gradients.
"""

import weakref

import numpy as np

from graphflow.framework import dtypes, raw_ops, scopes, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import colocate_with, device
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.ops.cast import cast

_REDUCED_SHAPES = weakref.WeakKeyDictionary()  # graph -> {(shape, axes): (kept shape, multiples)}

for _name in ("Sum", "Mean", "Prod", "EuclideanNorm", "Max", "Min"):
    register_op(_name, inputs="input: T, reduction_indices: Tidx", outputs="output: T",
                attrs="keep_dims: bool = false; T: numbertype; Tidx: {int32, int64} = DT_INT32",
                shape=shapes.reduction)
for _name in ("All", "Any"):
    register_op(_name, inputs="input: bool, reduction_indices: Tidx", outputs="output: bool",
                attrs="keep_dims: bool = false; Tidx: {int32, int64} = DT_INT32",
                shape=shapes.reduction)
    NotDifferentiable(_name)
NotDifferentiable("EuclideanNorm")


# ---------------------------------------------------------------- gradients

def reduced_shape(input_shape, axes):
    """The shape (int32 tensor) that a reduction over `axes` has if it keeps its dimensions."""
    input_shape, axes = cast(input_shape, dtypes.int32), cast(axes, dtypes.int32)
    rank = lookup("size")(input_shape)
    axes = (axes + rank) % rank
    return raw_ops.DynamicStitch(
        [lookup("range")(rank), axes],
        [input_shape, lookup("fill")(lookup("shape")(axes), 1)])


def _quotient(x, y):
    """`x // y`, where a zero size divides like a one."""
    return x // lookup("maximum")(y, 1)


def _static_shapes(shape, axes):
    """(kept shape, multiples) as tuples for static shape and axes.

    Derived by nodes, which stay in the graph unused as in TensorFlow: op seeds count nodes.
    """
    known = _REDUCED_SHAPES.setdefault(scopes.get_default_graph(), {})
    if (shape, axes) not in known:
        kept = _as_tuple(reduced_shape(shape, axes))
        known[shape, axes] = (
            kept,
            _as_tuple(_quotient(convert_to_tensor(shape), convert_to_tensor(kept))),
        )
    return known[shape, axes]


def _as_tuple(tensor):
    return tuple(int(size) for size in constant_value(tensor))


@RegisterGradient("Sum")
def _sum_grad(op, grad):
    shape = op.inputs[0]._shape
    axes = None if shape is None else constant_value(op.inputs[1])
    if axes is not None:
        if np.array_equal(axes, np.arange(len(shape))):
            grad = raw_ops.Reshape(grad, [1] * len(shape))
            multiples = lookup("shape")(op.inputs[0]) if None in shape else lookup("constant")(
                shape, dtype=dtypes.int32)
            return [raw_ops.Tile(grad, multiples), None]
        if None not in shape:
            kept, multiples = _static_shapes(shape, tuple(int(axis) for axis in axes.ravel()))
            return [raw_ops.Tile(raw_ops.Reshape(grad, kept), multiples), None]
    input_shape = lookup("shape")(op.inputs[0])
    with colocate_with(input_shape.op):
        kept = reduced_shape(input_shape, op.inputs[1])
        multiples = _quotient(input_shape, kept)
    return [raw_ops.Tile(raw_ops.Reshape(grad, kept), multiples), None]


@RegisterGradient("Mean")
def _mean_grad(op, grad):
    total = _sum_grad(op, grad)[0]
    input_shape, output_shape = op.inputs[0]._shape, op.outputs[0]._shape
    if shapes.is_full(input_shape) and shapes.is_full(output_shape):
        count = shapes.size(input_shape) // max(shapes.size(output_shape), 1)
        count = lookup("constant")(count, dtype=total.dtype)
    else:
        shape = lookup("shape")
        count = _quotient(reduce_prod(shape(op.inputs[0])), reduce_prod(shape(op.outputs[0])))
    return lookup("truediv")(total, cast(count, total.dtype)), None


@RegisterGradient("Max")
@RegisterGradient("Min")
def _extreme_grad(op, grad):
    """Elements that equal the extreme share its gradient."""
    kept = reduced_shape(lookup("shape")(op.inputs[0]), op.inputs[1])
    extreme = raw_ops.Reshape(op.outputs[0], kept)
    grad = raw_ops.Reshape(grad, kept)
    chosen = cast(raw_ops.Equal(extreme, op.inputs[0]), grad.dtype)
    count = raw_ops.Reshape(reduce_sum(chosen, op.inputs[1]), kept)
    return [chosen / count * grad, None]


@RegisterGradient("Prod")
def _prod_grad(op, grad):
    """The product of all other elements, from both sides, so that zeros need no division."""
    shape, gather = lookup("shape"), lookup("gather")
    input_shape = shape(op.inputs[0])
    axes = raw_ops.Reshape(op.inputs[1], [-1])
    kept = reduced_shape(input_shape, op.inputs[1])
    grad = raw_ops.Tile(raw_ops.Reshape(grad, kept), _quotient(input_shape, kept))
    with device("/cpu:0"):
        rank = lookup("rank")(op.inputs[0])
        reduced = (cast(axes, dtypes.int32) + rank) % rank
        other, _ = raw_ops.ListDiff(lookup("range")(0, rank), reduced)
        order = lookup("concat")([reduced, other], 0)
        reduced_size = reduce_prod(gather(input_shape, reduced))
        other_size = reduce_prod(gather(input_shape, other))
    permuted = raw_ops.Transpose(op.inputs[0], order)
    permuted_shape = shape(permuted)
    matrix = raw_ops.Reshape(permuted, (reduced_size, other_size))
    left = raw_ops.Cumprod(matrix, 0, exclusive=True)
    right = raw_ops.Cumprod(matrix, 0, exclusive=True, reverse=True)
    conj = lookup("math.conj")
    others = raw_ops.Reshape(conj(left) * conj(right), permuted_shape)
    out = grad * raw_ops.Transpose(others, raw_ops.InvertPermutation(order))
    return raw_ops.Reshape(out, input_shape), None


# ---------------------------------------------------------------- wrappers

def one_of(new_name, new, old_name, old):
    """The value of an argument that has an old name too; ValueError if both are given."""
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old


def reduction_axes(x, axis):
    """`axis`, or all axes: a constant if the rank is known."""
    if axis is not None:
        return axis
    if isinstance(x, Tensor) and x._shape is not None:
        return lookup("constant")(np.arange(len(x._shape)), dtype=dtypes.int32)
    return lookup("range")(0, lookup("rank")(x))


def _reduce(op, x, axis, keepdims, name, reduction_indices=None, keep_dims=None):
    axis = one_of("axis", axis, "reduction_indices", reduction_indices)
    keepdims = bool(one_of("keepdims", keepdims, "keep_dims", keep_dims))
    output = op(x, reduction_axes(x, axis), keep_dims=keepdims, name=name)
    if axis is None and not keepdims and not shapes.is_full(output._shape):
        output.set_shape(())
    return output


@tf_export("math.reduce_sum", "reduce_sum")
def reduce_sum(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """The sum over `axis`.

    Args:
      input_tensor: numeric tensor.
      axis: an axis or a list of them, counted from the end if negative; None for all.
      keepdims: keep reduced dimensions with size 1.
      reduction_indices, keep_dims: old names of the two.
    Raises ValueError if an argument is given under both of its names or an axis is out of range.

    Example:
      >>> import graphflow as tf
      >>> tf.reduce_sum([[1, 2], [3, 4]], axis=1).shape
      TensorShape([Dimension(2)])
    """
    return _reduce(raw_ops.Sum, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@tf_export("math.reduce_mean", "reduce_mean")
def reduce_mean(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """The mean over `axis`; of integers cut towards zero. Arguments: see `reduce_sum`."""
    return _reduce(raw_ops.Mean, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@tf_export("math.reduce_prod", "reduce_prod")
def reduce_prod(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """The product over `axis`. Arguments: see `reduce_sum`."""
    return _reduce(raw_ops.Prod, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@tf_export("math.reduce_max", "reduce_max")
def reduce_max(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """The largest element over `axis`; NaN if there is one. Arguments: see `reduce_sum`."""
    return _reduce(raw_ops.Max, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@tf_export("math.reduce_min", "reduce_min")
def reduce_min(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """The smallest element over `axis`; NaN if there is one. Arguments: see `reduce_sum`."""
    return _reduce(raw_ops.Min, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@tf_export("math.reduce_all", "reduce_all")
def reduce_all(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """Whether all elements over `axis` are true. Arguments: see `reduce_sum`."""
    return _reduce(raw_ops.All, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@tf_export("math.reduce_any", "reduce_any")
def reduce_any(
    input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None, keep_dims=None
):
    """Whether any element over `axis` is true. Arguments: see `reduce_sum`."""
    return _reduce(raw_ops.Any, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


@tf_export("math.reduce_euclidean_norm")
def reduce_euclidean_norm(input_tensor, axis=None, keepdims=False, name=None):
    """The square root of the sum of squares over `axis`. Arguments: see `reduce_sum`."""
    return _reduce(raw_ops.EuclideanNorm, input_tensor, axis, keepdims, name)


# ---------------------------------------------------------------- places of extremes

def _arg_shape(c):
    shapes.with_rank(c.shape(1), 0)
    shape, axis = c.shape(0), c.value(1)
    if shape is None:
        return [None]
    if len(shape) <= 1:
        return [()]
    if axis is None:
        return [(None,) * (len(shape) - 1)]
    if not -len(shape) <= axis < len(shape):
        raise ValueError(
            f"Dimension ({int(axis)}) must be in the range [{-len(shape)}, {len(shape)}), "
            f"where {len(shape)} is the number of dimensions in the input."
        )
    axis = int(axis) % len(shape)
    return [shape[:axis] + shape[axis + 1:]]


for _name in ("ArgMax", "ArgMin"):
    register_op(_name, inputs="input: T, dimension: Tidx", outputs="output: output_type",
                attrs="T: numbertype; Tidx: {int32, int64} = DT_INT32; "
                      "output_type: {int32, int64} = DT_INT64", shape=_arg_shape)
    RegisterGradient(_name)(lambda op, grad: [None, None])


@tf_export("math.argmax", "argmax")
def argmax(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):  # noqa: A002
    """The index of the largest element along `axis` (0 if None); of equal ones the first."""
    axis = one_of("axis", axis, "dimension", dimension)
    return raw_ops.ArgMax(input, 0 if axis is None else axis, output_type=output_type, name=name)


@tf_export("math.argmin", "argmin")
def argmin(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):  # noqa: A002
    """The index of the smallest element along `axis` (0 if None); of equal ones the first."""
    axis = one_of("axis", axis, "dimension", dimension)
    return raw_ops.ArgMin(input, 0 if axis is None else axis, output_type=output_type, name=name)


@tf_export("arg_max")
def arg_max(input, dimension, output_type=dtypes.int64, name=None):  # noqa: A002
    """`argmax` with its old order of arguments."""
    return raw_ops.ArgMax(input, dimension, output_type=output_type, name=name)


@tf_export("arg_min")
def arg_min(input, dimension, output_type=dtypes.int64, name=None):  # noqa: A002
    """`argmin` with its old order of arguments."""
    return raw_ops.ArgMin(input, dimension, output_type=output_type, name=name)
