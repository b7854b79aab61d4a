"""Makers shared by the elementwise families. Registers nothing itself, holds no state."""

from math import prod

from .. import layout
from . import launch

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16")
NUMBERS = FLOATS + INTEGERS


def _forms(operands, sizes, strides):
    """How each operand is read: "d" dense, "s" one value, "b" by its strides."""
    dense = [prod(sizes[axis + 1:]) for axis in range(len(sizes))]
    for (_, shape), steps in zip(operands, strides, strict=True):
        yield "s" if prod(shape) == 1 else "d" if steps == dense else "b"


def program(stream, shape, operands, steps, results, parameters=()):
    """`run(*operands, *results)`: several elementwise ops in one pass over `shape`.

    `operands` are (dtype name, shape that broadcasts); `steps` like ["Mul 0 1", "Exp 2"], naming
    operands, then parameters, then earlier steps by position; `results` are positions;
    `parameters` are (number, dtype name).

        program(0, (8, 4), [("float32", (8, 4)), ("float32", (4,))], ["Add 0 1", "Relu 2"], [3])
    """
    count = prod(shape)
    if count == 0:
        return launch.nothing
    from .source import elementwise as source
    sizes, strides = layout.collapse(shape, [operand[1] for operand in operands])
    forms = list(_forms(operands, sizes, strides))
    kinds = [f"{dtype}:{form}" for (dtype, _), form in zip(operands, forms, strict=True)]
    kinds += [f"{dtype}:p" for _, dtype in parameters]
    broadcast = [steps for form, steps in zip(forms, strides, strict=True) if form == "b"]
    # Without broadcasting, code is the same for every rank.
    rank = len(sizes) if broadcast else 1
    kernel = source.program(",".join(kinds), ";".join(steps), ",".join(map(str, results)), rank)
    start = launch.bind(kernel, stream, *launch.flat(count))
    numbers = [number for number, _ in parameters]
    if broadcast:
        numbers += [*sizes[1:], *(step for steps in broadcast for step in steps)]
    inputs = len(operands)

    def run(*arrays):
        start(count, *arrays[inputs:], *arrays[:inputs], *numbers)

    return run


def op(ctx, *parameters, name=None):
    """Kernel of an elementwise op: the scalar function of its type (or `name`) over its inputs.

    `parameters` are numbers that follow the inputs.
    """
    operands = [(dtype.name, shape)
                for dtype, shape in zip(ctx.input_dtypes, ctx.input_shapes, strict=True)]
    dtype = ctx.input_dtypes[-1].as_numpy_dtype
    numbers = [(dtype(number), ctx.input_dtypes[-1].name) for number in parameters]
    count = len(operands) + len(numbers)
    step = " ".join([name or ctx.op_type, *map(str, range(count))])
    return program(ctx.stream, ctx.output_shapes[0], operands, [step], [count], numbers)
