"""Coordinate grids and repetition: functions made of other ops. Holds no state."""

import numpy as np

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.tensor_shape import TensorShape
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones
from graphflow.ops.join_split import concat, stack, tile
from graphflow.ops.selecting import boolean_mask, sequence_mask
from graphflow.ops.shape_ops import broadcast_to, expand_dims, reshape
from graphflow.ops.shape_tensors import rank, shape, size


@tf_export("meshgrid")
def meshgrid(*args, **kwargs):
    """Grids of coordinates: N tensors of rank N from N vectors.

    Args:
      args: vectors (or scalars). indexing: "xy" (default: the first two axes are swapped, as plots
        have them) or "ij". name: of the scope.
    Raises TypeError for another keyword, ValueError for another `indexing`.
    """
    indexing = kwargs.pop("indexing", "xy")
    name = kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"'{next(iter(kwargs))}' is an invalid keyword argument for this function")
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with name_scope(name, "meshgrid", args):
        count = len(args)
        grids = [
            reshape(stack(x), [1] * i + [-1] + [1] * (count - i - 1)) for i, x in enumerate(args)
        ]
        sizes = [size(x) for x in args]
        dtype = convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and count > 1:
            grids[0] = reshape(grids[0], [1, -1] + [1] * (count - 2))
            grids[1] = reshape(grids[1], [-1, 1] + [1] * (count - 2))
            sizes[0], sizes[1] = sizes[1], sizes[0]
        factor = ones(sizes, dtype)
        return [grid * factor for grid in grids]


@tf_export("repeat")
def repeat(input, repeats, axis=None, name=None):  # noqa: A002 - TensorFlow's name
    """Every element along `axis` repeated `repeats` times (a scalar, or one number per element).

    Without `axis`, the flattened input. TypeError if `repeats` is not of integers.
    """
    if axis is None:
        input, axis = reshape(input, [-1]), 0  # noqa: A001
    if not isinstance(axis, int):
        raise TypeError(f"axis must be an int; got {type(axis).__name__}")
    with name_scope(name, "Repeat", [input, repeats]):
        data = _at_least_vector(convert_to_tensor(input, name="data"))
        repeats = convert_to_tensor(repeats, name="repeats", preferred_dtype=dtypes.int32)
        if not repeats.dtype.is_integer:
            raise TypeError(f"repeats must be an integer tensor; dtype={repeats.dtype}")
        repeats = raw_ops.Cast(repeats, DstT=dtypes.int32)
        repeats.shape.with_rank_at_most(1)
        sizes = shape(data)
        axis = _positive_axis(axis, data.shape.ndims)
        if repeats._shape == ():
            tiled = _tile_axis(expand_dims(data, axis + 1), axis + 1, repeats)
            return reshape(tiled, concat([sizes[:axis], [-1], sizes[axis + 1 :]], axis=0))
        return _repeat_each(data, sizes, repeats, axis)


def _repeat_each(data, sizes, repeats, axis):
    """Tiles to the highest number of repetitions, then masks the surplus."""
    if repeats._shape is not None and data._shape is not None:
        data.shape[axis : axis + 1].assert_is_compatible_with(repeats.shape)
    if repeats._shape is None or len(repeats._shape) != axis + 1:
        repeats = broadcast_to(
            repeats, concat([sizes[: axis + 1 - rank(repeats)], shape(repeats)], axis=0)
        )
        repeats.set_shape([None] * (axis + 1))
    axes = constant(np.arange(axis + 1), dtype=dtypes.int32)
    most = raw_ops.Maximum(0, raw_ops.Max(repeats, axes))
    mask = sequence_mask(repeats, most)
    tiled = _tile_axis(expand_dims(data, axis + 1), axis + 1, most)
    result = boolean_mask(tiled, mask)
    if axis:
        result = reshape(result, concat([sizes[:axis], [-1], sizes[axis + 1 :]], axis=0))
    if data._shape is not None:
        result.set_shape(TensorShape([*data._shape[:axis], None, *data._shape[axis + 1 :]]))
    return result


def _positive_axis(axis, ndims):
    if ndims is None:
        if axis < 0:
            raise ValueError("axis may only be negative if ndims is statically known.")
        return axis
    if not -ndims <= axis < ndims:
        raise ValueError(f"axis={axis} out of bounds: expected {-ndims}<=axis<{ndims}")
    return axis + ndims if axis < 0 else axis


def _at_least_vector(data):
    if data._shape is not None:
        return data if data._shape else stack([data])
    return reshape(data, concat([[1], shape(data)], axis=0)[-raw_ops.Maximum(rank(data), 1) :])


def _tile_axis(data, axis, multiple):
    if data._shape is not None:
        multiples = [1] * len(data._shape)
        multiples[axis] = multiple
    else:
        whole = ones(rank(data) if rank(data).shape.ndims else [rank(data)], dtypes.int32)
        multiples = concat([whole[:axis], [multiple], whole[axis + 1 :]], axis=0)
    return tile(data, multiples)
