"""MatMul and batched products. Holds no state."""

from math import prod

from ..registry import In, Native, Out, Scratch, cpu
from . import blas, native, pool, stand_ins
from .elementwise import FLOATS
from .sequence import sequence
from .vector_unit import lanes_of, thin_tile_of, tile_of

_ITEM_SIZE = {"float32": 4, "float64": 8}
_FUNCTION = {"float32": "sgemm", "float64": "dgemm"}
_INT32_MAX = 2 ** 31 - 1
_WORTH_SPLITTING = 8_000_000    # operations, about 80 µs
_PART_COLUMNS = 256             # of a narrow product: their panel stays in the L2 cache
_THIN = 16                      # columns of a thin product, at most
_PANEL_ROWS = 256               # as in source/narrow_product.py


def product_words(dtype, m, n, k, transposes, batch=(1, 0, 0), rows=None, columns=None, operands=(0, 1)):
    """Argument words of "matmul.matmul" for m*k by k*n matrices, or for `rows` and `columns`
    (ranges) of their product.

    `operands` are the inputs' numbers; `batch` is (count, matrices of left per step, of right): a
    step of 0 uses one matrix for all.
    """
    size = _ITEM_SIZE[dtype]
    (top, bottom), (left, right) = rows or (0, m), columns or (0, n)
    left_transposed, right_transposed = map(bool, transposes)
    return [Out(0), *map(In, operands), blas.address(_FUNCTION[dtype]), bottom - top, right - left, k,
            int(left_transposed), int(right_transposed),
            max(1, m if left_transposed else k), max(1, k if right_transposed else n),
            batch[0], top * (1 if left_transposed else k) * size, (top * n + left) * size,
            batch[1] * m * k * size, batch[2] * k * n * size, m * n * size,
            max(1, n), left * (k if right_transposed else 1) * size]


def _ranges(size, parts, unit):
    bounds = [size * i // parts // unit * unit for i in range(parts)] + [size]
    return list(zip(bounds, bounds[1:], strict=False))


def tiles(m, n, k):
    """How a product is divided, whatever the number of threads: (rows, columns) of each part. The
    bits are those of the parts.

    Each part packs one matrix again, so that is the smaller one (2 to 11 % more work for two; a
    batch of 50 times 3136x1024 took 5.7 ms in two parts of its rows, 4.5 in two of its columns) and
    parts are few. Bounds are multiples of what the micro-kernels take at a time; few columns cannot be
    halved so (100x784x200 on two threads: 213 µs in columns, 165 in rows).
    """
    if max(m, n) < 32 or 2 * m * n * k < _WORTH_SPLITTING:
        return [((0, m), (0, n))]
    if m >= n or n < 128 or (n < 256 and m >= 64):
        return [(rows, (0, n)) for rows in _ranges(m, min(8, max(2, m // 512)), 16)]
    return [((0, m), columns) for columns in _ranges(n, min(8, max(2, n // 512)), 64)]


def _is_narrow(dtype, m, n, k):
    """Whether our own kernel is faster than BLAS: few rows, and a matrix too large for the cache."""
    return dtype == "float32" and lanes_of(dtype) == 16 and 12 <= m <= 96 and n >= 256 and n * k >= 1 << 18


def _narrow(dtype, m, n, k, transposed, operands, threads):
    vectors, rows = tile_of(dtype, n)
    width = vectors * lanes_of(dtype)
    count = -(-n // width)
    code = native.function("narrow_product.product", dtype, str(lanes_of(dtype)), str(vectors), str(rows),
                           "1" if transposed else "0")
    bounds = range(0, count, _PART_COLUMNS // width)
    panel = Scratch(_PANEL_ROWS * _PART_COLUMNS * _ITEM_SIZE[dtype])
    # On one thread the parts share their scratch.
    return pool.step(code, [[Out(0), *map(In, operands), m, n, k, first, min(first + bounds.step, count),
                             panel if threads == 1 else Scratch(panel.nbytes)] for first in bounds], threads)


def _is_thin(m, n, k, transposes):
    """Whether our kernels for few columns are faster than BLAS."""
    if transposes[0]:
        return 4 <= n <= _THIN and m >= 128 and k > 0 and not transposes[1]
    return 4 <= n <= _THIN and k >= 64 and m >= 8


def _thin(dtype, m, n, k, transposes, operands, threads):
    lanes = lanes_of(dtype)
    columns, others = thin_tile_of(dtype, n, from_memory=transposes[0])
    rows = others * lanes if transposes[0] else others
    kernel = "along_rows" if transposes[0] else "along_sum"
    code = native.function(f"thin_product.{kernel}", dtype, str(lanes), str(columns), str(others))
    left, right = map(In, operands)
    turned = Scratch(n * k * _ITEM_SIZE[dtype])
    turns = not transposes[0] and not transposes[1]
    tiles = -(-m // rows)
    words = [Out(0), left, turned if turns else right, m, n, k, 0, tiles]
    native_product = pool.split(code, words, 6, tiles, m * n * k // 8, threads, shared=(turned,))
    if not turns:
        return native_product
    return sequence(Native(native.function("thin_product.turn", dtype, str(lanes)), [turned, right, k, n]),
                    native_product)


def product(ctx, m, n, k, transposes, operands=(0, 1), batch=(1, 0, 0)):
    """Kernel of the product, or products, of two inputs into Out(0), or None if it is too large."""
    dtype = ctx.output_dtypes[0].name
    if max(m, n, k) > _INT32_MAX:
        return None
    if m == 0 or n == 0:
        batch = (0, 0, 0)
    if batch[0] == 1 and _is_thin(m, n, k, transposes):
        return _thin(dtype, m, n, k, transposes, operands, ctx.threads)
    if batch[0] == 1 and _is_narrow(dtype, m, n, k) and not transposes[0]:
        return _narrow(dtype, m, n, k, transposes[1], operands, ctx.threads)
    parts = tiles(m, n, k) if batch[0] == 1 else [((0, m), (0, n))]
    return pool.step(native.function("matmul.matmul", dtype),
                     [product_words(dtype, m, n, k, transposes, batch, *part, operands) for part in parts],
                     ctx.threads)


@cpu.kernel("MatMul", T=FLOATS)
def matmul(ctx):
    transposes = ctx.attr("transpose_a"), ctx.attr("transpose_b")
    m, n = ctx.output_shapes[0]
    k = ctx.input_shapes[0][0 if transposes[0] else 1]
    kernel = product(ctx, m, n, k, transposes)
    return kernel and kernel.with_stand_in(stand_ins.product(ctx, transposes))


@cpu.kernel("BatchMatMul", "BatchMatMulV2", T=FLOATS)
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
        if matrices != count and matrices != 1:
            return None
        steps.append(0 if matrices == 1 else 1)
    kernel = product(ctx, m, n, k, transposes, batch=(count, *steps))
    return kernel and kernel.with_stand_in(stand_ins.product(ctx, transposes))
