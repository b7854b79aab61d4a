"""Elementwise functions of two tensors with broadcasting, and AddN. Holds no state."""

from ..registry import cuda
from .elementwise import FLOATS, NUMBERS, op, program

cuda.kernel("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference",
            T=NUMBERS)(op)
# Integer division can fail, and a device cannot raise: it is the reference kernel's.
cuda.kernel("RealDiv", "Div", "FloorDiv", "Pow", T=FLOATS)(op)


@cuda.kernel("AddN", T=NUMBERS)
def add_n(ctx):
    """Left to right, in one pass over all inputs."""
    count, shape = ctx.num_inputs, ctx.output_shapes[0]
    if any(other != shape for other in ctx.input_shapes):
        return None     # the reference kernel words the error
    operands = [(dtype.name, shape) for dtype in ctx.input_dtypes]
    steps, last = [], 0
    for i in range(1, count):
        steps.append(f"Add {last} {i}")
        last = count + i - 1
    return program(ctx.stream, shape, operands, steps or ["Identity 0"], [last if steps else 1])
