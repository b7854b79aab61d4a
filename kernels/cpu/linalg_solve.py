"""Inverses, determinants, linear equations. Holds no state."""

from math import prod

from ..registry import In, Out, Scratch, cpu
from . import blas, native, pool
from .elementwise import FLOATS
from .linalg import LETTERS
from .vector_unit import SIZES

_INVERSE_ROOM = 64      # numbers for each row, with which getri works on blocks


def _factored(ctx, template, arguments, out, rest, cost):
    """A kernel that factors each of the matrices In(0); `rest`: words that follow those of all such kernels."""
    dtype, shape = ctx.input_dtypes[0].name, ctx.input_shapes[0]
    count, size = prod(shape[:-2]), shape[-1]
    code = native.function(f"linalg.{template}", dtype, *arguments)
    words = [out, In(0), blas.lapack_address(f"{LETTERS[dtype]}getrf"), 0, count, size, Scratch(4 * size), *rest]
    return pool.split(code, words, 3, count, count * cost, ctx.threads)


@cpu.kernel("MatrixInverse", T=FLOATS)
def inverse(ctx):
    dtype, size = ctx.output_dtypes[0].name, ctx.output_shapes[0][-1]
    room = _INVERSE_ROOM * max(1, size)
    rest = [blas.lapack_address(f"{LETTERS[dtype]}getri"), Scratch(room * SIZES[dtype]), room]
    return _factored(ctx, "inverse", (str(int(ctx.attr("adjoint"))), str(native.SINGULAR)), Out(0), rest, size ** 3)


@cpu.kernel("MatrixDeterminant", "LogMatrixDeterminant", T=FLOATS)
def determinant(ctx):
    logarithm, size = ctx.num_outputs == 2, ctx.input_shapes[0][-1]
    rest = [Out(1) if logarithm else 0, Scratch(size * size * SIZES[ctx.input_dtypes[0].name])]
    return _factored(ctx, "determinant", (str(int(logarithm)),), Out(0), rest, size ** 3)


def _equations(ctx):
    """(matrices, rows, columns of the right sides), or None where shapes do not fit: the reference words the error."""
    matrices, right = ctx.input_shapes
    if matrices[:-2] != right[:-2] or matrices[-1] != matrices[-2] or matrices[-2] != right[-2]:
        return None
    return prod(right[:-2]), *right[-2:]


@cpu.kernel("MatrixSolve", T=FLOATS)
def solve(ctx):
    equations = _equations(ctx)
    if equations is None:
        return None
    dtype, (_, rows, columns) = ctx.output_dtypes[0].name, equations
    rest = [blas.lapack_address(f"{LETTERS[dtype]}getrs"), In(1), columns, Scratch(rows * rows * SIZES[dtype]),
            Scratch(rows * columns * SIZES[dtype])]
    return _factored(ctx, "solve", (str(int(ctx.attr("adjoint"))), str(native.SINGULAR)), Out(0), rest,
                     rows * rows * (rows + columns))


@cpu.kernel("MatrixTriangularSolve", T=FLOATS)
def triangular_solve(ctx):
    equations = _equations(ctx)
    if equations is None:
        return None
    dtype, (count, rows, columns) = ctx.output_dtypes[0].name, equations
    function = blas.address(LETTERS[dtype] + ("trsv" if columns == 1 else "trsm"))
    code = native.function("linalg.triangular_solve", dtype, str(int(ctx.attr("lower"))), str(int(ctx.attr("adjoint"))),
                           str(int(columns == 1)), str(native.SINGULAR))
    words = [Out(0), In(0), In(1), function, 0, count, rows, columns]
    return pool.split(code, words, 4, count, count * rows * rows * columns, ctx.threads)
