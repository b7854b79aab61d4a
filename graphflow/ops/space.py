"""Blocks of space moved to the batch or the depth axis, and back.

Dilated convolutions are made of these. Holds no state.
"""

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.static_value import constant_value
from graphflow.ops.fill import zeros
from graphflow.ops.join_split import stack


def _blocks(c):
    """(input shape, block sizes, paddings or crops), the last two None where unknown."""
    count = shapes.with_rank(c.shape(1), 1)[0]
    rows = shapes.with_rank(c.shape(2), 2)
    if rows[1] not in (None, 2):
        raise ValueError(f"Dimension must be 2 but is {rows[1]}")
    count = shapes.merge_dim(count, rows[0])
    given = c.shape(0)
    if count is not None:
        shapes.with_rank_at_least(given, count + 1)
    blocks, edges = c.value(1), c.value(2)
    if blocks is not None and (blocks < 1).any():
        raise ValueError("block_shape must be positive")
    if edges is not None and (edges < 0).any():
        raise ValueError("paddings cannot be negative")
    return (
        given,
        None if blocks is None else blocks.tolist(),
        None if edges is None else edges.tolist(),
    )


def _scaled_batch(batch, blocks, divide):
    total = int(np.prod(blocks, dtype=object)) if blocks else 1
    return _divided(batch, total) if divide else _times(batch, total)


def _moved(c, to_batch, resized):
    """The output's shape; `resized(size, block, before, after)` is what becomes of a size that moves."""
    given, blocks, edges = _blocks(c)
    if given is None:
        return [None]
    count = c.shape(1)[0] if c.shape(1) else None
    if count is None:
        return [(None,) * len(given)]
    batch = given[0] if count == 0 else None
    if blocks is not None:
        batch = _scaled_batch(given[0], blocks, divide=not to_batch)
    sizes = (None,) * count
    if blocks is not None and edges is not None:
        sizes = tuple(None if size is None else resized(size, block, *edge)
                      for size, block, edge in zip(given[1:], blocks, edges))
    return [(batch, *sizes, *given[1 + count :])]


def _space_to_batch_shape(c):
    return _moved(c, True, lambda size, block, before, after: _divided(size + before + after, block))


def _cropped(size, block, before, after):
    if size * block < before + after:
        raise ValueError(f"cropped size must be non-negative: {size * block} less {before + after}")
    return size * block - before - after


def _batch_to_space_shape(c):
    return _moved(c, False, _cropped)


register_op(
    "SpaceToBatchND",
    inputs="input: T, block_shape: Tblock_shape, paddings: Tpaddings",
    outputs="output: T",
    attrs="T: type; Tblock_shape: {int32, int64} = int32; Tpaddings: {int32, int64} = int32",
    shape=_space_to_batch_shape,
)
RegisterGradient("SpaceToBatchND")(
    lambda op, grad: [batch_to_space_nd(grad, op.inputs[1], op.inputs[2]), None, None]
)
register_op(
    "BatchToSpaceND",
    inputs="input: T, block_shape: Tblock_shape, crops: Tcrops",
    outputs="output: T",
    attrs="T: type; Tblock_shape: {int32, int64} = int32; Tcrops: {int32, int64} = int32",
    shape=_batch_to_space_shape,
)
RegisterGradient("BatchToSpaceND")(
    lambda op, grad: [space_to_batch_nd(grad, op.inputs[1], op.inputs[2]), None, None]
)


@tf_export("space_to_batch_nd", "manip.space_to_batch_nd")
def space_to_batch_nd(input, block_shape, paddings, name=None):  # noqa: A002 - TensorFlow's name
    """Pads the axes after the first, then moves blocks of `block_shape` to the batch axis."""
    return raw_ops.SpaceToBatchND(input, block_shape, paddings, name=name)


@tf_export("batch_to_space_nd", "manip.batch_to_space_nd")
def batch_to_space_nd(input, block_shape, crops, name=None):  # noqa: A002
    """The inverse of `space_to_batch_nd`: blocks return to space, which is then cropped."""
    return raw_ops.BatchToSpaceND(input, block_shape, crops, name=name)


def _block_size(block_size, block_shape):
    if block_size is not None and block_shape is not None:
        raise ValueError("Cannot specify both 'block_size' and 'block_shape'")
    size = block_size if block_shape is None else block_shape
    return np.array([size, size], dtype=np.int64)


@tf_export("nn.space_to_batch", "space_to_batch")
def space_to_batch(input, paddings, block_size=None, name=None, block_shape=None):  # noqa: A002
    """`space_to_batch_nd` for images [batch, height, width, depth] and square blocks."""
    result = space_to_batch_nd(
        input, paddings=paddings, block_shape=_block_size(block_size, block_shape), name=name
    )
    result.set_shape(result.get_shape().with_rank(4))
    return result


@tf_export("batch_to_space")
def batch_to_space(input, crops, block_size, name=None, block_shape=None):  # noqa: A002
    """`batch_to_space_nd` for images [batch, height, width, depth] and square blocks."""
    result = batch_to_space_nd(
        input, crops=crops, block_shape=_block_size(block_size, block_shape), name=name
    )
    result.set_shape(result.get_shape().with_rank(4))
    return result


@tf_export("required_space_to_batch_paddings")
def required_space_to_batch_paddings(input_shape, block_shape, base_paddings=None, name=None):
    """`(paddings, crops)` for `space_to_batch_nd` and back, so that blocks divide the padded sizes.

    Args:
      input_shape, block_shape: int32 vectors of equal, known length N.
      base_paddings: int32 [N, 2], the least padding; zeros if None.
    """
    with name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        input_shape = convert_to_tensor(input_shape, dtype=dtypes.int32, name="input_shape")
        block_shape = convert_to_tensor(block_shape, dtype=dtypes.int32, name="block_shape")
        block_shape.get_shape().assert_is_fully_defined()
        block_shape.get_shape().assert_has_rank(1)
        count = block_shape._shape[0]
        if count == 0:
            return zeros([0, 2], dtypes.int32), zeros([0, 2], dtypes.int32)
        input_shape.get_shape().assert_is_compatible_with([count])
        if base_paddings is None:
            base_paddings = zeros([count, 2], dtypes.int32)
        else:
            base_paddings = convert_to_tensor(
                base_paddings, dtype=dtypes.int32, name="base_paddings"
            )
            base_paddings.get_shape().assert_is_compatible_with([count, 2])
        known = [constant_value(t) for t in (input_shape, block_shape, base_paddings)]
        if all(value is not None for value in known):
            input_shape, block_shape, base_paddings = known
        start, end = base_paddings[:, 0], base_paddings[:, 1]
        extra = (block_shape - (input_shape + start + end) % block_shape) % block_shape
        end = end + extra
        paddings = stack([[start[i], end[i]] for i in range(count)], name="paddings")
        return paddings, stack([[0, extra[i]] for i in range(count)], name="crops")


_DEPTH_ATTRS = (
    "T: type; block_size: int >= 2; data_format: {'NHWC', 'NCHW', 'NCHW_VECT_C'} = 'NHWC'"
)


def _axes(c):
    """(shape, height axis, width axis, depth axis) of an image batch."""
    if c.attr("data_format") == b"NCHW_VECT_C":
        raise ValueError(
            "data_format NCHW_VECT_C is for quantized types, which GraphFlow does not have"
        )
    given = shapes.with_rank(c.shape(0), 4)
    return (given, 1, 2, 3) if c.attr("data_format") == b"NHWC" else (given, 2, 3, 1)


def _divided(size, by):
    if size is not None and size % by:
        raise ValueError(f"Dimension size must be evenly divisible by {by} but is {size}")
    return None if size is None else size // by


def _times(size, by):
    return None if size is None else size * by


def _depth_shape(spatial, depth):
    """The shape rule that applies `spatial` to height and width and `depth` to the depth."""

    def rule(c):
        given, height, width, channels = _axes(c)
        block, result = c.attr("block_size"), list(given)
        result[height], result[width] = spatial(given[height], block), spatial(given[width], block)
        result[channels] = depth(given[channels], block * block)
        return [tuple(result)]

    return rule


register_op(
    "SpaceToDepth",
    inputs="input: T",
    outputs="output: T",
    attrs=_DEPTH_ATTRS,
    shape=_depth_shape(_divided, _times),
)
register_op(
    "DepthToSpace",
    inputs="input: T",
    outputs="output: T",
    attrs=_DEPTH_ATTRS,
    shape=_depth_shape(_times, _divided),
)


@RegisterGradient("SpaceToDepth")
def _space_to_depth_grad(op, grad):
    return depth_to_space(grad, op.get_attr("block_size"), data_format=op.get_attr("data_format"))


@RegisterGradient("DepthToSpace")
def _depth_to_space_grad(op, grad):
    return space_to_depth(grad, op.get_attr("block_size"), data_format=op.get_attr("data_format"))


@tf_export("nn.space_to_depth", "space_to_depth")
def space_to_depth(input, block_size, name=None, data_format="NHWC"):  # noqa: A002
    """Moves square blocks of an image batch to its depth axis."""
    return raw_ops.SpaceToDepth(input, block_size=block_size, data_format=data_format, name=name)


@tf_export("nn.depth_to_space", "depth_to_space")
def depth_to_space(input, block_size, name=None, data_format="NHWC"):  # noqa: A002
    """The inverse of `space_to_depth`: depth becomes square blocks of space."""
    return raw_ops.DepthToSpace(input, block_size=block_size, data_format=data_format, name=name)
