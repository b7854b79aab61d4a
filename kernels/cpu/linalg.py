"""Cholesky factors. Holds no state."""

from math import prod

from ..registry import In, Out, cpu
from . import blas, native, pool
from .elementwise import FLOATS

LETTERS = {"float32": "s", "float64": "d"}      # in the names of BLAS and LAPACK


@cpu.kernel("Cholesky", T=FLOATS)
def cholesky(ctx):
    dtype, shape = ctx.output_dtypes[0].name, ctx.output_shapes[0]
    count, size = prod(shape[:-2]), shape[-1]
    code = native.function("linalg.cholesky", dtype, str(native.NOT_POSITIVE_DEFINITE))
    words = [Out(0), In(0), blas.lapack_address(f"{LETTERS[dtype]}potrf"), 0, count, size]
    return pool.split(code, words, 3, count, count * size ** 3, ctx.threads)
