"""Cholesky factors, eigenvalues. Holds no state."""

from math import prod

from ..registry import In, Out, Scratch, cpu
from . import blas, native, pool
from .elementwise import FLOATS
from .vector_unit import SIZES

_BLOCK = 64     # columns that LAPACK works on together, for which it wants room
LETTERS = {"float32": "s", "float64": "d"}      # in the names of BLAS and LAPACK


@cpu.kernel("Cholesky", T=FLOATS)
def cholesky(ctx):
    dtype, shape = ctx.output_dtypes[0].name, ctx.output_shapes[0]
    count, size = prod(shape[:-2]), shape[-1]
    code = native.function("linalg.cholesky", dtype, str(native.NOT_POSITIVE_DEFINITE))
    words = [Out(0), In(0), blas.lapack_address(f"{LETTERS[dtype]}potrf"), 0, count, size]
    return pool.split(code, words, 3, count, count * size ** 3, ctx.threads)


@cpu.kernel("SelfAdjointEigV2", T=FLOATS)
def eigenvalues(ctx):
    """And eigenvectors if asked for. (NumPy's own library has all CPUs spin, which takes 24 ms beside a busy one.)"""
    dtype, shape, with_vectors = ctx.output_dtypes[0].name, ctx.input_shapes[0], ctx.attr("compute_v")
    count, size = prod(shape[:-2]), shape[-1]
    room = 1 + (6 + _BLOCK) * size + 2 * size * size
    code = native.function("linalg.eigenvalues", dtype, str(int(with_vectors)), str(native.NO_EIGENVALUES))
    syevd, whole_room = blas.lapack_address(f"{LETTERS[dtype]}syevd"), 3 + 5 * size
    words = [Out(0), Out(1) if with_vectors else 0, In(0), syevd, 0, count, size, Scratch(size * size * SIZES[dtype]),
             Scratch(room * SIZES[dtype]), room, Scratch(4 * whole_room), whole_room]
    return pool.split(code, words, 4, count, 10 * count * size ** 3, ctx.threads)
