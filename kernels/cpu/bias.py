"""BiasAdd and its gradient. Holds no state."""

from ..registry import In, Out, cpu
from .elementwise import NUMBERS, program
from .reduction import reduce


def _channel_axis(ctx):
    rank = len(ctx.input_shapes[0])
    first = ctx.has_attr("data_format") and ctx.attr("data_format") == b"NCHW"
    return 1 if first else rank - 1


@cpu.kernel("BiasAdd", "BiasAddV1", T=NUMBERS)
def bias_add(ctx):
    shape, bias = ctx.input_shapes
    axis = _channel_axis(ctx)
    if len(shape) < 2 or bias != (shape[axis],):
        return None
    dtype = ctx.output_dtypes[0].name
    spread = bias + (1,) * (len(shape) - 1 - axis)
    return program(shape, [(In(0), dtype, shape), (In(1), dtype, spread)], ["Add 0 1"],
                   [(Out(0), 2)], threads=ctx.threads)


@cpu.kernel("BiasAddGrad", T=NUMBERS)
def bias_add_grad(ctx):
    shape = ctx.input_shapes[0]
    axes = set(range(len(shape))) - {_channel_axis(ctx)}
    return reduce("Sum", ctx.output_dtypes[0].name, shape, axes, threads=ctx.threads)
