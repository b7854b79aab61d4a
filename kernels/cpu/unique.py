"""Unique rows of sparse gradients (`graphflow/compiler/unique_rows.py`). Holds no state."""

from ..registry import In, Native, Out, Scratch, cpu
from . import native


@cpu.kernel("UniqueRows")
def unique_rows(ctx):
    (count,) = ctx.input_shapes[0]
    places = 1 << max(1, (2 * count - 1).bit_length())      # of a hash table, at most half full
    code = native.function("unique.rows", ctx.input_dtypes[0].name, ctx.output_dtypes[1].name)
    return Native(code, [Out(0), Out(1), In(0), count, Scratch(4 * places), places - 1])
