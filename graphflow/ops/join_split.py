"""Tensors joined along an axis, taken apart, and repeated.

Holds no state. Padding and reversal are in `padding.py`.
"""

import numbers
import warnings

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.dimension import Dimension
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.ops.concat_gradient import concat_grad
from graphflow.ops.constant import identity
from graphflow.ops.shape_ops import reshape, transpose
from graphflow.ops.shape_tensors import shape


def _axis_in(axis, low, high):
    if not low <= axis < high:
        raise ValueError(f"axis = {axis} not in [{low}, {high})")
    return axis - low if axis < 0 else axis


def _concatenated(given, axis):
    """The shape of tensors of shapes `given`, joined along `axis` (an int, or None)."""
    length = next((len(s) for s in given if s is not None), None)
    if length is None:
        return None
    if length == 0:
        raise ValueError("Can't concatenate scalars (use tf.stack instead)")
    given = [shapes.with_rank(s, length) for s in given]
    if axis is None:
        return (None,) * length
    if not -length <= axis < length:
        raise ValueError(
            f"ConcatOp : Expected concatenating dimensions in the range [{-length}, {length}), "
            f"but got {axis}"
        )
    axis %= length
    merged = given[0]
    for other in given[1:]:
        merged = shapes.merge_shapes(merged, other, axis)
    sizes = [s[axis] for s in given]
    total = None if None in sizes else sum(sizes)
    return merged[:axis] + (total,) + merged[axis + 1 :]


def _concat_shape(c, axis_input, given):
    shapes.with_rank(c.shape(axis_input), 0)
    axis = c.value(axis_input)
    return [_concatenated(given, None if axis is None else int(axis))]


register_op(
    "ConcatV2",
    inputs="values: N * T, axis: Tidx",
    outputs="output: T",
    attrs="N: int >= 2; T: type; Tidx: {int32, int64} = int32",
    shape=lambda c: _concat_shape(c, len(c.shapes) - 1, c.shapes[:-1]),
)
register_op(
    "Concat",
    inputs="concat_dim: int32, values: N * T",
    outputs="output: T",
    attrs="N: int >= 2; T: type",
    shape=lambda c: _concat_shape(c, 0, c.shapes[1:]),
)
register_op(
    "ConcatOffset",
    inputs="concat_dim: int32, shape: N * int32",
    outputs="offset: N * int32",
    attrs="N: int >= 2",
    shape=lambda c: c.shapes[1:],
)
NotDifferentiable("ConcatOffset")


@RegisterGradient("ConcatV2")
def _concat_v2_grad(op, grad):
    return concat_grad(grad, list(op.inputs[:-1]), op.inputs[-1]) + [None]


@RegisterGradient("Concat")
def _concat_op_grad(op, grad):
    return [None] + concat_grad(grad, list(op.inputs[1:]), op.inputs[0])


def _swap_legacy(values, axis):
    """Accepts `tf.concat(axis, values)`, the order of TensorFlow 0.x."""
    if isinstance(axis, (list, tuple)) and not isinstance(values, (list, tuple)):
        warnings.warn(
            "tf.concat(axis, values) is TensorFlow 0.x's order; it is tf.concat(values, axis) now.",
            DeprecationWarning,
            stacklevel=3,
        )
        return axis, values
    return values, axis


@tf_export("concat", legacy=("concat_v2",))
def concat(values, axis, name="concat"):
    """Joins the tensors in the list `values` along an existing axis.

    All other sizes must agree (ValueError, or InvalidArgumentError at run time).

    Example:
      >>> import graphflow as tf
      >>> tf.concat([tf.zeros([2, 3]), tf.zeros([4, 3])], 0).shape
      TensorShape([Dimension(6), Dimension(3)])
    """
    values, axis = _swap_legacy(values, axis)
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) == 1:
        with name_scope(name):
            convert_to_tensor(
                axis, name="concat_dim", dtype=dtypes.int32
            ).get_shape().assert_has_rank(0)
            return identity(values[0], name=name)
    return raw_ops.ConcatV2(values, axis, name=name)


def _pack_shape(c):
    merged = None
    for given in c.shapes:
        merged = shapes.merge_shapes(merged, given)
    if merged is None:
        return [None]
    axis = _axis_in(c.attr("axis"), -len(merged) - 1, len(merged) + 1)
    return [merged[:axis] + (len(c.shapes),) + merged[axis:]]


register_op(
    "Pack",
    inputs="values: N * T",
    outputs="output: T",
    attrs="N: int >= 1; T: type; axis: int = 0",
    shape=_pack_shape,
)
RegisterGradient("Pack")(
    lambda op, grad: unstack(grad, num=op.get_attr("N"), axis=op.get_attr("axis"))
)


@tf_export("stack", legacy=("pack",))
def stack(values, axis=0, name="stack"):
    """Joins tensors of equal shapes along a new axis.

    Example:
      >>> import graphflow as tf
      >>> tf.stack([tf.zeros([2, 3])] * 4, axis=1).shape
      TensorShape([Dimension(2), Dimension(4), Dimension(3)])
    """
    if axis == 0:
        try:
            return convert_to_tensor(values, name=name)
        except (TypeError, ValueError):
            axis = 0  # not one constant, and not tensors alone: Pack converts element by element
    first = convert_to_tensor(values[0], name=name)
    if first._shape is not None:
        _axis_in(axis, -len(first._shape) - 1, len(first._shape) + 1)
    return raw_ops.Pack(values, axis=axis, name=name)


def _unpack_shape(c):
    given = c.shape(0)
    if given is None:
        return [None] * c.num_outputs
    axis = _axis_in(c.attr("axis"), -len(given), len(given))
    if given[axis] not in (None, c.attr("num")):
        raise ValueError(f"Dimension must be {c.attr('num')} but is {given[axis]}")
    return [given[:axis] + given[axis + 1 :]] * c.num_outputs


register_op(
    "Unpack",
    inputs="value: T",
    outputs="output: num * T",
    attrs="num: int >= 0; T: type; axis: int = 0",
    shape=_unpack_shape,
)
RegisterGradient("Unpack")(lambda op, *grads: stack(list(grads), axis=op.get_attr("axis")))


@tf_export("unstack", legacy=("unpack",))
def unstack(value, num=None, axis=0, name="unstack"):
    """The list of slices of `value` along `axis`, which they lose.

    ValueError if `num` is not given and the static shape doesn't tell it.
    """
    if num is None:
        value = convert_to_tensor(value)
        if value._shape is not None:
            num = value._shape[_axis_in(axis, -len(value._shape), len(value._shape))]
    if num is None:
        raise ValueError(f"Cannot infer num from shape {value.shape}")
    result = raw_ops.Unpack(value, num=num, axis=axis, name=name)
    return result if isinstance(result, list) else []


def _split_axis(c, index, given):
    axis = c.value(index)
    if axis is None:
        return None
    axis = int(axis.ravel()[0])
    if not -len(given) <= axis < len(given):
        raise ValueError(
            f"Dimension index {axis} must be in the range [{-len(given)}, {len(given)})"
        )
    return axis % len(given)


def _split_shape(c):
    given, parts = c.shape(1), c.num_outputs
    if given is None:
        return [None] * parts
    axis = _split_axis(c, 0, given)
    if axis is None:
        return [(None,) * len(given)] * parts
    size = given[axis]
    if size is not None and size % parts:
        raise ValueError(f"Dimension size must be evenly divisible by {parts} but is {size}")
    return [given[:axis] + (None if size is None else size // parts,) + given[axis + 1 :]] * parts


register_op(
    "Split",
    inputs="split_dim: int32, value: T",
    outputs="output: num_split * T",
    attrs="num_split: int >= 1; T: type",
    shape=_split_shape,
)
RegisterGradient("Split")(lambda op, *grads: (None, concat(list(grads), op.inputs[0])))


def _split_v_shape(c):
    given, parts = c.shape(0), c.num_outputs
    if given is None:
        return [None] * parts
    axis = _split_axis(c, 2, given)
    if axis is None:
        return [(None,) * len(given)] * parts
    sizes = c.value(1)
    if sizes is None:
        sizes = given[axis : axis + 1] if parts == 1 else [None] * parts
    else:
        sizes = _filled_sizes([int(size) for size in sizes], given[axis])
    return [given[:axis] + (size,) + given[axis + 1 :] for size in sizes]


def _filled_sizes(sizes, total):
    """Sizes with their -1 replaced by what is left of `total` (None: unknown)."""
    known = sum(size for size in sizes if size != -1)
    if total is not None and (known > total if -1 in sizes else known != total):
        raise ValueError(f"can't split axis of size {total} into pieces of size {sizes}")
    rest = None if total is None else total - known
    return [rest if size == -1 else size for size in sizes]


register_op(
    "SplitV",
    inputs="value: T, size_splits: Tlen, split_dim: int32",
    outputs="output: num_split * T",
    attrs="num_split: int >= 1; T: type; Tlen: {int32, int64} = int64",
    shape=_split_v_shape,
)
RegisterGradient("SplitV")(lambda op, *grads: (concat(list(grads), op.inputs[2]), None, None))


def _is_legacy_split(num, value):
    """Whether `tf.split`'s third argument is a tensor to split, as in TensorFlow 0.x."""
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        return True
    known = getattr(value, "shape", None)
    return (
        isinstance(num, numbers.Integral)
        and hasattr(value, "graph")
        and known is not None
        and known.ndims != 0
    )


@tf_export("split")
def split(value, num_or_size_splits, axis=0, num=None, name="split"):
    """Takes `value` apart along `axis`: into equal parts, or into parts of given sizes.

    Args:
      num_or_size_splits: number of parts, or the list of their sizes (one may be -1).
      num: number of sizes, if that is not known statically.
    """
    if _is_legacy_split(num_or_size_splits, axis):
        warnings.warn(
            "tf.split(axis, num, value) is TensorFlow 0.x's order; it is tf.split(value, "
            "num, axis) now.",
            DeprecationWarning,
            stacklevel=2,
        )
        value, axis = axis, value
    sizes = convert_to_tensor(num_or_size_splits)
    if isinstance(num_or_size_splits, (numbers.Integral, Dimension)):
        return raw_ops.Split(axis, value, num_split=int(num_or_size_splits), name=name)
    if sizes._shape == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            "Argument "
            f"provided: {num_or_size_splits}"
        )
    if num is None and sizes._shape:
        num = sizes._shape[0]
    if num is None:
        raise ValueError(f"Cannot infer num from shape {num_or_size_splits}")
    return raw_ops.SplitV(value, sizes, axis, num_split=num, name=name)


def _tile_shape(c):
    given, multiples = c.shape(0), c.shape_value(1)
    if given is None:
        return [None if multiples is None else (None,) * len(multiples)]
    shapes.with_rank(c.shape(1), 1)
    if multiples is None:
        return [(None,) * len(given)]
    if len(multiples) != len(given):
        raise ValueError(f"Expected multiples argument to be a vector of length {len(given)} but got length "
                         f"{len(multiples)}")
    return [tuple(None if None in (d, m) else d * m for d, m in zip(given, multiples))]


register_op(
    "Tile",
    inputs="input: T, multiples: Tmultiples",
    outputs="output: T",
    attrs="T: type; Tmultiples: {int32, int64} = int32",
    shape=_tile_shape,
)


@RegisterGradient("Tile")
def _tile_grad(op, grad):
    """Sums over the copies: `grad` as [multiple, size, ...], every other axis reduced."""
    given = shape(op.inputs[0], out_type=op.inputs[1].dtype.base_dtype)
    interleaved = reshape(transpose(stack([op.inputs[1], given])), [-1])
    axes = lookup("range")(0, lookup("size")(interleaved), 2)
    result = lookup("reduce_sum")(reshape(convert_to_tensor(grad), interleaved), axes)
    result.set_shape(op.inputs[0].shape)
    return [result, None]


@tf_export("tile", "manip.tile")
def tile(input, multiples, name=None):  # noqa: A002 - TensorFlow's name
    """`input` repeated `multiples[i]` times along each axis i."""
    return raw_ops.Tile(input, multiples, name=name)
