"""Assignments to variables. Holds no state."""

from ..registry import In, Out, cpu
from .elementwise import NUMBERS, program
from .gather_scatter import gather_batches, gather_slices


def _assign(ctx, step):
    """The new value, which is Out(0), by `step` from the old (0) and the given one (1)."""
    shape, given = ctx.input_shapes
    if shape != given:
        return None
    dtype = ctx.input_dtypes[1].name
    if step is None:
        return program(shape, [(In(1), dtype, shape)], ["Identity 0"], [(Out(0), 1)],
                       threads=ctx.threads)
    return program(shape, [(In(0), dtype, shape), (In(1), dtype, shape)], [step], [(Out(0), 2)],
                   threads=ctx.threads)


for _op, _step in (("Assign", None), ("AssignAdd", "Add 0 1"), ("AssignSub", "Sub 0 1")):
    cpu.kernel(_op, T=NUMBERS)(lambda ctx, _step=_step: _assign(ctx, _step))
    cpu.kernel(f"{_op}VariableOp", dtype=NUMBERS)(lambda ctx, _step=_step: _assign(ctx, _step))


@cpu.kernel("ResourceGather")
def resource_gather(ctx):
    batch_dims = ctx.attr("batch_dims")
    return gather_batches(ctx, batch_dims, batch_dims) if 0 <= batch_dims < len(ctx.input_shapes[0]) else None


@cpu.kernel("ResourceGatherNd")
def resource_gather_nd(ctx):
    return gather_slices(ctx) if ctx.input_shapes[1][-1:] != (0,) else None


@cpu.kernel("ReadVariableOp", dtype=NUMBERS)
def read(ctx):
    """A copy, for where the variable changes before the value is used."""
    dtype, shape = ctx.output_dtypes[0].name, ctx.output_shapes[0]
    return program(shape, [(In(0), dtype, shape)], ["Identity 0"], [(Out(0), 1)], threads=ctx.threads)
