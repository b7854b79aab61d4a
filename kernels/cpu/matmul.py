"""MatMul and batched products. Holds no state."""

from math import prod

from ..registry import In, Native, Out, Panels, Scratch, cpu
from . import blas, native, pool, stand_ins
from .elementwise import FLOATS
from .sequence import sequence
from .vector_unit import lanes_of, thin_tile_of, tile_of, zen

_ITEM_SIZE = {"float32": 4, "float64": 8}
GEMM = {"float32": "sgemm", "float64": "dgemm"}
_INT32_MAX = 2 ** 31 - 1
_WORTH_SPLITTING = 8_000_000    # operations, about 80 µs
_PART_COLUMNS = 128             # of a product by panels: those stay in the L2 cache
_PANEL_ROWS = 512               # at most
_MOST_PARTS = 128
# (vectors, rows) of tiles, by the generation of Zen: how much longer they take than the fastest.
_TILES = {4: {(4, 4): 1, (2, 8): 1}, 5: {(4, 6): 1, (2, 8): 1.025, (4, 4): 1.03}}
_SMALL = 1 << 19                # multiplications: on Zen 5 a BLAS needs no more for packing
_SOME_ROWS = 512                # for which a BLAS packs too much on Zen 5
_SAME_LINES = 1024              # columns of a left matrix that lies transposed: caches have few places for one of them
_MOST_WASTE = 1.04              # of tiles that reach beyond the result
_FEW_ROWS = 96                  # for which a BLAS packs too much
_MOST_KEPT = 1 << 20            # numbers of a right matrix that caches keep
_MOST_TURNED = 1 << 18          # numbers of a left matrix that caches keep where it is read across
_THIN = 16                      # columns of a thin product, at most


def product_words(dtype, m, n, k, transposes, batch=(1, 0, 0), rows=None, columns=None, words=(Out(0), In(0), In(1)),
                  offsets=(0, 0, 0)):
    """Argument words of "matmul.matmul" for m*k by k*n matrices, or for `rows` and `columns`
    (ranges) of their product.

    `words` are those of the result and the two matrices, which begin `offsets` bytes after; `batch` is (count,
    matrices of left per step, of right): a step of 0 uses one matrix for all.
    """
    size = _ITEM_SIZE[dtype]
    (top, bottom), (left, right) = rows or (0, m), columns or (0, n)
    left_transposed, right_transposed = map(bool, transposes)
    return [*words, blas.address(GEMM[dtype]), bottom - top, right - left, k,
            int(left_transposed), int(right_transposed),
            max(1, m if left_transposed else k), max(1, k if right_transposed else n),
            batch[0], top * (1 if left_transposed else k) * size + offsets[1], (top * n + left) * size + offsets[0],
            batch[1] * m * k * size, batch[2] * k * n * size, m * n * size,
            max(1, n), left * (k if right_transposed else 1) * size + offsets[2]]


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


def _panel_tile(dtype, m, n, k, transposes):
    """(vectors, rows) of the tiles of our own kernel where it is faster than BLAS, else None.

    That is for few rows and a large matrix, and on Zen 4 and 5 wherever caches keep the matrices (µs of a product by
    BLAS, and by ours, on one thread of a Zen 4: 128x784x256: 485, 460; its gradient 784x128x256 by a transposed left
    matrix: 490, 467; 128x256x256 by a transposed right one: 163, 153; 128x128x64: 21.7, 19.4; 1024x1024x1024: 19758,
    19820; on two: 255, 235; 244, 231; 91, 76; on one thread of a Zen 5: 128x784x256: 245, 219; 128x512x128 by a
    transposed right one: 91, 70; 1024x1024x1024: 9580, 8920), or the right one, however large, is transposed
    (256x2048x2048: 20925, 20097).
    """
    if dtype != "float32" or lanes_of(dtype) != 16:
        return None
    kind = zen()
    if 12 <= m <= _FEW_ROWS and n >= 256 and n * k >= 1 << 18 and not transposes[0] and kind != 4:
        return tile_of(dtype, n)
    if not kind or m < 12 or min(n, k) < 32:
        return None
    if m > (_FEW_ROWS if kind == 4 else _SOME_ROWS) and n * k > _MOST_KEPT and not transposes[1]:
        return None
    if transposes[0] and (m * k > _MOST_TURNED or m * n > 8 * _MOST_TURNED):
        return None
    if kind == 5 and (m * n * k < _SMALL and not transposes[1] or transposes[0] and m % _SAME_LINES == 0):
        return None
    waste = {tile: _padded(m, tile[1]) * _padded(n, 16 * tile[0]) / (m * n) for tile in _TILES[kind]}
    best = min(waste, key=lambda tile: waste[tile] * _TILES[kind][tile])
    return best if waste[best] <= _MOST_WASTE else None


def _padded(size, unit):
    return -(-size // unit) * unit


def _panels(dtype, m, n, k, transposes, operands, threads, tile, total=0, packed=False):
    """The kernel of a product by panels, maybe `packed` already. How it is divided doesn't matter to the bits."""
    vectors, rows = tile
    width = vectors * lanes_of(dtype)
    blocks, depth = -(-n // width), _padded(-(-k // -(-k // _PANEL_ROWS)), 16)
    if threads > 1 and blocks in (1, 3, 5) and m >= 64:     # no even work for two
        parts = [(*half, 0, blocks) for half in _ranges(m, 2, rows)]
    else:
        count = min(blocks, 2 * -(-n // (2 * _PART_COLUMNS)), max(8, 2 * threads), _MOST_PARTS)
        parts = [(0, m, *part) for part in _ranges(blocks, count, 1)]
    at_once = min(_PART_COLUMNS // width, max(last - first for _, _, first, last in parts))
    code = native.function("panel_product.product", dtype, str(lanes_of(dtype)), str(vectors), str(rows),
                           str(int(transposes[0])), "packed" if packed else str(int(transposes[1])))
    panel = Scratch(0 if packed else depth * width * at_once * _ITEM_SIZE[dtype])
    if 2 * m * n * k < _WORTH_SPLITTING:
        threads = 1
    # On one thread the parts share their scratch.
    kernel = pool.step(code, [[Out(0), *map(In, operands), m, n, k, *part,
                               panel if threads == 1 else Scratch(panel.nbytes), depth, at_once, total]
                              for part in parts], threads)
    if not packed:
        kernel.panels = Panels(
            operands[1], (blocks, k, width), (dtype, n, k, vectors, bool(transposes[1])),
            lambda: _pack(dtype, n, k, vectors, transposes[1], threads),
            lambda: _panels(dtype, m, n, k, transposes, operands, threads, tile, total, packed=True))
    return kernel


def _pack(dtype, n, k, vectors, transposed, threads):
    """The kernel that makes all panels of a right matrix."""
    code = native.function("panel_product.pack", dtype, str(lanes_of(dtype)), str(vectors), str(int(transposed)))
    blocks = -(-n // (vectors * lanes_of(dtype)))
    return pool.split(code, [Out(0), In(0), n, k, 0, blocks], 4, blocks, n * k, threads)


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
    tile = _panel_tile(dtype, m, n, k, transposes) if batch[0] == 1 else None
    if tile is not None:
        return _panels(dtype, m, n, k, transposes, operands, ctx.threads, tile)
    parts = tiles(m, n, k) if batch[0] == 1 else [((0, m), (0, n))]
    return pool.step(native.function("matmul.matmul", dtype),
                     [product_words(dtype, m, n, k, transposes, batch, *part, (Out(0), *map(In, operands)))
                      for part in parts], ctx.threads)


def product_between(dtype, sizes, transposes, words, offsets, threads, total=None):
    """Kernel of the product of matrices that lie anywhere, see `product_words`; added to `total`, a word, if given."""
    rest, template = ([], "matmul") if total is None else ([total], "add_product")
    return pool.step(native.function(f"matmul.{template}", dtype), [
        [*product_words(dtype, *sizes, transposes, (1, 0, 0), *part, words, offsets), *rest] for part in tiles(*sizes)],
        threads)


@cpu.kernel("MatMul", T=FLOATS)
def matmul(ctx):
    transposes = ctx.attr("transpose_a"), ctx.attr("transpose_b")
    m, n = ctx.output_shapes[0]
    k = ctx.input_shapes[0][0 if transposes[0] else 1]
    kernel = product(ctx, m, n, k, transposes)
    return kernel and kernel.with_stand_in(stand_ins.product(ctx, transposes))


@cpu.kernel("AddProduct", T=FLOATS)
def add_product(ctx):
    """In place, that is as fast as the product alone."""
    transposes = ctx.attr("transpose_a"), ctx.attr("transpose_b")
    m, n = ctx.output_shapes[0]
    k = ctx.input_shapes[1][0 if transposes[0] else 1]
    if max(m, n, k) > _INT32_MAX:
        return None
    dtype = ctx.output_dtypes[0].name
    tile = _panel_tile(dtype, m, n, k, transposes) if k else None
    if tile is not None:
        kernel = _panels(dtype, m, n, k, transposes, (1, 2), ctx.threads, tile, In(0))
    else:
        kernel = product_between(dtype, (m, n, k), transposes, (Out(0), In(1), In(2)), (0, 0, 0), ctx.threads, In(0))
    kernel.in_place = ((0, 0),)
    return kernel.with_stand_in(stand_ins.add_product(transposes))


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
