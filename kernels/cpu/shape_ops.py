"""Transposes and broadcasts; what only renames a shape needs no kernel. Holds no state."""

from ..registry import In, Out, cpu
from .copying import copies, dense_steps, item_size, piece


@cpu.kernel("Transpose")
def transpose(ctx):
    perm, item = ctx.value(1), item_size(ctx.output_dtypes[0])
    if perm is None or item is None:
        return None
    shape = ctx.input_shapes[0]
    steps = dense_steps(shape)
    dims = [(shape[axis], steps[axis], out_step) for axis, out_step in zip(
        perm.tolist(), dense_steps(ctx.output_shapes[0]), strict=True)]
    return copies(item, [piece(item, Out(0), In(0), dims)])


@cpu.kernel("BroadcastTo")
def broadcast_to(ctx):
    item = item_size(ctx.output_dtypes[0])
    if item is None:
        return None
    shape, given = ctx.output_shapes[0], ctx.input_shapes[0]
    padded = (1,) * (len(shape) - len(given)) + given
    dims = [(size, 0 if own == 1 else step, out_step) for size, own, step, out_step in zip(
        shape, padded, dense_steps(padded), dense_steps(shape), strict=True)]
    return copies(item, [piece(item, Out(0), In(0), dims)])
