"""Reference kernels of `graphflow/ops/space.py`: reshapes and transposes."""

import numpy as np

from ..registry import reference
from .array_checks import check_size, debug, fail, product
from .padding import pad_with


def _checked_blocks(x, blocks, edges):
    if blocks.ndim != 1 or edges.shape != (blocks.size, 2):
        fail(
            f"block_shape must be a vector of N sizes and the edges [N, 2], got "
            f"{debug(blocks.shape)} and "
            f"{debug(edges.shape)}"
        )
    if x.ndim < 1 + blocks.size:
        fail(f"input rank should be >= {1 + blocks.size} instead of {x.ndim}")
    if (blocks < 1).any():
        fail("All values in block_shape must be positive")
    if (edges < 0).any():
        fail("Paddings and crops must be non-negative")
    return blocks.tolist(), edges.tolist()


def _space_to_batch(x, blocks, paddings):
    blocks, pads = _checked_blocks(x, blocks, paddings)
    rest = x.shape[1 + len(blocks) :]
    x = pad_with(x, [[0, 0], *pads, *[[0, 0]] * len(rest)])
    split = [x.shape[0]]
    for size, block in zip(x.shape[1:], blocks):
        if size % block:
            fail(f"padded_shape[{len(split) // 2}]={size} is not divisible by block_shape={block}")
        split += [size // block, block]
    count = len(blocks)
    order = [
        *range(2, 2 * count + 1, 2),
        0,
        *range(1, 2 * count, 2),
        *range(2 * count + 1, 2 * count + 1 + len(rest)),
    ]
    moved = x.reshape(*split, *rest).transpose(order)
    return moved.reshape(x.shape[0] * product(blocks), *split[1::2], *rest)


def _batch_to_space(x, blocks, crops):
    blocks, crops = _checked_blocks(x, blocks, crops)
    count, total = len(blocks), product(blocks)
    space, rest = x.shape[1 : 1 + count], x.shape[1 + count :]
    if x.shape[0] % total:
        fail(
            f"Input batch dimension ({x.shape[0]}) is not divisible by product of block "
            f"sizes ({total})"
        )
    batch = x.shape[0] // total
    order = [count]
    for i in range(count):
        order += [count + 1 + i, i]
    order += range(2 * count + 1, 2 * count + 1 + len(rest))
    whole = [size * block for size, block in zip(space, blocks)]
    check_size([batch, *whole, *rest], x.dtype)
    moved = x.reshape(*blocks, batch, *space, *rest).transpose(order).reshape(batch, *whole, *rest)
    for size, (before, after) in zip(whole, crops):
        if before + after > size:
            fail(f"cropped size must be non-negative, got crops {before} and {after} of {size}")
    return moved[(slice(None), *(slice(b, size - a) for size, (b, a) in zip(whole, crops)))]


reference.function("SpaceToBatchND", _space_to_batch)
reference.function("BatchToSpaceND", _batch_to_space)


def _image_kernel(rearrange):
    """A maker that presents images as NHWC to `rearrange(x, block)`."""

    def maker(ctx):
        block, first = ctx.attr("block_size"), ctx.attr("data_format") == b"NCHW"

        def run(x):
            if x.ndim != 4:
                fail(f"Input rank should be 4 instead of {x.ndim}")
            y = rearrange(np.moveaxis(x, 1, -1) if first else x, block)
            return np.moveaxis(y, -1, 1) if first else y

        return run

    return maker


def _space_to_depth(x, block):
    batch, height, width, depth = x.shape
    if height % block or width % block:
        fail(f"Image width {width} and height {height} should be divisible by block_size: {block}")
    x = x.reshape(batch, height // block, block, width // block, block, depth)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(
        batch, height // block, width // block, depth * block**2
    )


def _depth_to_space(x, block):
    batch, height, width, depth = x.shape
    if depth % block**2:
        fail(f"Input depth dimension {depth} should be divisible by: {block**2}")
    x = x.reshape(batch, height, width, block, block, depth // block**2)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(
        batch, height * block, width * block, depth // block**2
    )


reference.kernel("SpaceToDepth")(_image_kernel(_space_to_depth))
reference.kernel("DepthToSpace")(_image_kernel(_depth_to_space))
