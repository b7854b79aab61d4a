"""The largest elements of rows, and which classes are among them. Holds no state."""

from math import prod

from ..registry import In, Native, Out, Scratch, cpu
from . import native, pool
from .elementwise import NUMBERS

_MOST = 64      # insertion takes time in proportion; from there on rows are sorted
_BUCKETS_BYTES = 8 << 11
_COST = 20      # of sorting a number, in cheap elements


@cpu.kernel("TopK", "TopKV2", T=NUMBERS)
def top_k(ctx):
    shape, k = ctx.input_shapes[0], ctx.output_shapes[0][-1]
    if k > shape[-1]:
        return None
    words = [Out(0), Out(1), In(0), prod(shape[:-1]), shape[-1], k]
    arguments = ctx.output_dtypes[0].name, ctx.output_dtypes[1].name
    if k <= _MOST:
        return Native(native.function("top_k.top_k", *arguments), words)
    if ctx.output_dtypes[0].size > 4 or shape[-1] >> 32:
        return Native(native.function("top_k.by_sorting", *arguments), [*words, Scratch(16 * shape[-1])])
    return pool.split(native.function("top_k.by_digits", *arguments), [
        *words[:3], 0, *words[3:], Scratch(16 * shape[-1]), Scratch(_BUCKETS_BYTES)], 3, words[3],
        _COST * prod(shape), ctx.threads)


@cpu.kernel("InTopK", "InTopKV2")
def in_top_k(ctx):
    (rows, classes), targets = ctx.input_shapes[:2]
    dtype = ctx.input_dtypes[1].name
    if targets != (rows,) or ctx.num_inputs == 3 and ctx.input_shapes[2]:
        return None
    words = [Out(0), In(0), In(1), rows, classes]
    if ctx.num_inputs == 3:
        return Native(native.function("top_k.in_top_k", dtype, "fed"), [*words, In(2)])
    return Native(native.function("top_k.in_top_k", dtype), [*words, ctx.attr("k")])
