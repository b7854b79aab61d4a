"""MatMul and batched products. Holds no state."""

from math import prod

from ..registry import cuda
from . import launch
from .elementwise import FLOATS

_TILE, _SMALL_TILE = 16, 8
_SMALL = 64         # up to so many rows and columns there are too few large tiles to fill a device
_ITEM_SIZE = {"float32": 4, "float64": 8}


def _bind(ctx, m, n, k, transposes, count=1, steps=(0, 0)):
    """`run(a, b, out)` for `count` products of m*k by k*n matrices, or None."""
    if not count * m * n:
        return launch.nothing
    tile = _SMALL_TILE if max(m, n) <= _SMALL else _TILE
    grid = (-(-m // tile), -(-n // tile), min(count, launch.MAX_GRID_Y))
    if grid[1] > launch.MAX_GRID_Y:
        return None
    from .source import matmul as source
    dtype = ctx.output_dtypes[0].name
    start = launch.bind(source.product(dtype, tile), ctx.stream, grid, (tile, tile),
                        2 * tile * (tile + 1) * _ITEM_SIZE[dtype])
    numbers = (m, n, k, *map(int, transposes), count, *steps)
    return lambda a, b, out: start(out, a, b, *numbers)


@cuda.kernel("MatMul", T=FLOATS)
def matmul(ctx):
    """Product of two matrices, either of them transposed."""
    transposes = ctx.attr("transpose_a"), ctx.attr("transpose_b")
    m, n = ctx.output_shapes[0]
    k = ctx.input_shapes[0][0 if transposes[0] else 1]
    return _bind(ctx, m, n, k, transposes)


@cuda.kernel("BatchMatMul", "BatchMatMulV2", T=FLOATS)
def batch_matmul(ctx):
    """Batches of one shape, or one matrix against a batch; other broadcasting is the reference's.
    """
    left, right = ctx.input_shapes
    transposes = ctx.attr("adj_x"), ctx.attr("adj_y")
    m, n = ctx.output_shapes[0][-2:]
    k = left[-2 if transposes[0] else -1]
    count = prod(ctx.output_shapes[0][:-2])
    steps = []
    for shape in (left, right):
        matrices = prod(shape[:-2])
        if matrices not in (count, 1):
            return None
        steps.append(0 if matrices == 1 else prod(shape[-2:]))
    return _bind(ctx, m, n, k, transposes, count, steps)
