"""Decompositions of matrices by LAPACK. Holds no state."""

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


@cpu.kernel("Qr", T=FLOATS)
def qr(ctx):
    dtype, shape = ctx.output_dtypes[0].name, ctx.input_shapes[0]
    count, (rows, columns), width = prod(shape[:-2]), shape[-2:], ctx.output_shapes[0][-1]
    if not rows * columns:
        return None
    room = _BLOCK * max(columns, width)
    functions = [blas.lapack_address(LETTERS[dtype] + name) for name in ("geqrf", "orgqr")]
    words = [Out(0), Out(1), In(0), *functions, 0, count, rows, columns, width,
             *(Scratch(n * SIZES[dtype]) for n in (rows * max(columns, width), min(rows, columns), room)), room]
    return pool.split(native.function("linalg.qr", dtype), words, 5, count, 2 * count * rows * columns * width,
                      ctx.threads)


@cpu.kernel("Svd", T=FLOATS)
def singular_values(ctx):
    dtype, shape, with_vectors = ctx.output_dtypes[0].name, ctx.input_shapes[0], ctx.attr("compute_uv")
    count, (rows, columns) = prod(shape[:-2]), shape[-2:]
    if not rows * columns:
        return None
    least, most = min(rows, columns), max(rows, columns)
    width = ctx.output_shapes[1][-1] if with_vectors else 1
    job = "N" if not with_vectors else "A" if ctx.attr("full_matrices") else "S"
    room = 4 * least * least + (7 + _BLOCK) * (least + most)
    code = native.function("linalg.singular_values", dtype, job, str(native.NO_SINGULAR_VALUES))
    outs = [Out(1), Out(2)] if with_vectors else [0, 0]
    gesdd = blas.lapack_address(f"{LETTERS[dtype]}gesdd")
    right = ctx.output_shapes[2][-1] if with_vectors else 1
    words = [Out(0), *outs, In(0), gesdd, 0, count, rows, columns, width, right,
             *(Scratch(n * SIZES[dtype]) for n in (rows * columns, rows * width, room)), room, Scratch(4 * 8 * least)]
    return pool.split(code, words, 5, count, 10 * count * least * least * most, ctx.threads)
