"""BiasAdd and its gradient. Holds no state."""

from ..registry import cuda
from .elementwise import NUMBERS, program
from .reduction import reduce


def _channel_axis(ctx):
    rank = len(ctx.input_shapes[0])
    first = ctx.has_attr("data_format") and ctx.attr("data_format") == b"NCHW"
    return 1 if first else rank - 1


@cuda.kernel("BiasAdd", "BiasAddV1", T=NUMBERS)
def bias_add(ctx):
    """Adds a vector along the channels."""
    shape, bias = ctx.input_shapes
    axis = _channel_axis(ctx)
    if len(shape) < 2 or bias != (shape[axis],):
        return None     # the reference kernel words the error
    dtype = ctx.output_dtypes[0].name
    spread = bias + (1,) * (len(shape) - 1 - axis)
    return program(ctx.stream, shape, [(dtype, shape), (dtype, spread)], ["Add 0 1"], [2])


@cuda.kernel("BiasAddGrad", T=NUMBERS)
def bias_add_grad(ctx):
    """Sum over all axes but the channels'."""
    shape = ctx.input_shapes[0]
    axes = set(range(len(shape))) - {_channel_axis(ctx)}
    return reduce(ctx.stream, "Sum", ctx.output_dtypes[0], shape, axes)
