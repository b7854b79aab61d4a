"""Products of sparse matrices with dense ones, and dense forms of sparse tensors. Holds no state."""

from math import prod

from ..registry import In, Native, Out, cpu
from . import native, pool
from .copying import item_size, piece
from .elementwise import FLOATS
from .vector_unit import lanes_of


@cpu.kernel("SparseTensorDenseMatMul", T=FLOATS)
def matmul(ctx):
    """Adds up, entry by entry, multiples of the dense matrix's rows; columns are divided among threads."""
    (entries, *pair), values, _, dense = ctx.input_shapes
    size = ctx.value(2)
    if size is None or size.shape != (2,) or pair != [2] or values != (entries,) or ctx.attr("adjoint_b"):
        return None
    outer, inner = size.tolist()[::-1] if ctx.attr("adjoint_a") else size.tolist()
    if len(dense) != 2 or dense[0] != inner or ctx.output_shapes[0] != (outer, dense[1]):
        return None         # the reference kernel words the error
    dtype, width = ctx.output_dtypes[0].name, dense[1]
    code = native.function("sparse.multiply", dtype, ctx.input_dtypes[0].name, str(lanes_of(dtype)),
                           str(native.INDEX_OUT_OF_RANGE))
    turned = int(bool(ctx.attr("adjoint_a")))
    words = [0, 0, Out(0), In(0), In(1), In(3), entries, outer, inner, width, turned]
    unit = lanes_of(dtype)
    return pool.split(code, [*words, unit, 0, -(-width // unit)], 12, -(-width // unit),
                      (entries + outer) * width // 4, ctx.threads)


@cpu.kernel("SparseToDense")
def to_dense(ctx):
    indices, _, values, default = ctx.input_shapes
    shape, item = ctx.output_shapes[0], item_size(ctx.output_dtypes[0])
    count, rank = (*indices, 1) if len(indices) == 1 else indices or (1, 1)
    if item is None or not shape or 0 in shape or rank != len(shape) or default or values not in ((), (count,)):
        return None
    ground = piece(item, Out(0), In(3), [(prod(shape), 0, 1)])
    code = native.function("sparse.to_dense", str(item), ctx.input_dtypes[0].name, str(native.INDEX_OUT_OF_RANGE))
    return Native(code, [0, 0, Out(0), In(0), In(2), count, rank, item if values else 0,
                         int(ctx.attr("validate_indices")), *shape, *ground])
