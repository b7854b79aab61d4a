"""Products of sparse matrices with dense ones. Holds no state."""

from ..registry import In, Out, cpu
from . import native, pool
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
