"""Sum, Mean, Max, Min, Prod, All, Any. Holds no state."""

from math import prod

from ..layout import Rows, reduction_groups
from ..registry import F64, In, Native, Out, Scratch, cpu
from . import native, pool
from .elementwise import FLOATS, NUMBERS, cost_of, kinds, operand_words, vectors

_COLUMNS, _BLOCK = 1024, 4096   # as in source/reduction.py


def reduce(op, dtype, shape, axes, mean=False, threads=1):
    """Kernel that reduces In(0) of `shape` over the set `axes` into Out(0), or None.

    Serves what collapses to reduce-keep-reduce or keep-reduce-keep, which is all common cases.
    """
    groups = reduction_groups(shape, axes)
    pattern = "".join("R" if reduced else "K" for _, reduced in groups)
    sizes = [size for size, _ in groups]
    divisor = F64(prod(size for size, reduced in groups if reduced) if mean else 1)
    if mean and (divisor.value == 0 or dtype not in FLOATS):
        return None
    if pattern in ("", "K", "R", "KR", "RKR"):
        kept = prod(size for size, reduced in groups if not reduced)
        length = sizes[-1] if pattern.endswith("R") else 1
        segments = sizes[0] if pattern == "RKR" else 1
        words = [Out(0), In(0), 0, kept, length, segments, kept * length, divisor]
        return pool.split(native.function("reduction.rows", op, dtype), words, 2, kept,
                          prod(shape), threads)
    if pattern in ("RK", "KRK"):
        outer = 1 if pattern == "RK" else sizes[0]
        count, width = sizes[-2:]
        words = [Out(0), In(0), 0, outer, count, width, 0, width, divisor,
                 Scratch(_COLUMNS * 8), Scratch(_COLUMNS * 8)]
        position, total = (6, width) if outer < width else (2, outer)
        return pool.split(native.function("reduction.columns", op, dtype), words, position, total,
                          prod(shape), threads)
    return None


def of_program(op, dtype, shape, axes, operands, steps, result, parameters=(), mean=False, threads=1):
    """Kernel that reduces the value of an elementwise program (see `elementwise.program`) over the set
    `axes` of `shape` into Out(0), or None where its rows are not the reduction's."""
    kept, count = tuple(1 if axis in axes else size for axis, size in enumerate(shape)), prod(shape)
    rows = Rows(shape, [operand[2] for operand in operands], also=kept)
    if not count or rows.also_form != "r" or rows.length * prod(kept) != count:
        return None
    lanes = vectors(dtype, operands, steps, parameters)
    code = native.function("reduced_program.rows", op, dtype, kinds(operands, rows, parameters), ";".join(steps),
                           str(result), str(lanes))
    words = [Out(0), 0, rows.count, rows.length, F64(rows.length if mean else 1), Scratch(_BLOCK * 8),
             *operand_words(operands, rows, parameters)]
    return pool.split(code, words, 1, rows.count, count * (1 + cost_of(steps)), threads)


def _axes(ctx):
    """The reduced axes, or None where they are not known before the step."""
    value = ctx.value(1)
    if value is None:
        return None
    rank = len(ctx.input_shapes[0])
    axes = {int(axis) for axis in value.reshape(-1)}
    if not all(-rank <= axis < rank for axis in axes):
        return None     # the reference kernel words the error
    return {axis % rank for axis in axes}


def _maker(op, mean=False, dtype=None):
    def make(ctx):
        axes = _axes(ctx)
        if axes is None:
            return None
        return reduce(op, dtype or ctx.input_dtypes[0].name, ctx.input_shapes[0], axes, mean,
                      ctx.threads)
    return make


for _op in ("Sum", "Max", "Min", "Prod"):
    cpu.kernel(_op, T=NUMBERS)(_maker(_op))
cpu.kernel("Mean", T=FLOATS)(_maker("Sum", mean=True))
# A bool is a byte of 0 or 1.
cpu.kernel("All")(_maker("Min", dtype="uint8"))
cpu.kernel("Any")(_maker("Max", dtype="uint8"))


@cpu.kernel("ArgMax", "ArgMin", T=NUMBERS)
def arg_extreme(ctx):
    """Along the last axis, which is where classes are."""
    shape, axis = ctx.input_shapes[0], ctx.value(1)
    if axis is None or not shape or int(axis) not in (-1, len(shape) - 1) or not shape[-1]:
        return None
    code = native.function("reduction.arg", ctx.op_type[3:], ctx.input_dtypes[0].name,
                           ctx.output_dtypes[0].name)
    return Native(code, [Out(0), In(0), 0, prod(shape[:-1]), shape[-1]])
