"""Random numbers of a seed that is an input. Holds no state."""

from math import prod

from ..registry import In, Native, Out, Scratch, cpu
from . import native
from .elementwise import FLOATS

_NAMES = {"StatelessRandomUniform": "uniform", "StatelessRandomNormal": "standard_normal",
          "StatelessTruncatedNormal": "truncated_normal"}


def _seeded(ctx, name, words, seed, *arguments):
    """The kernel with these words, then that of the input `seed`; None where the reference kernel words an error."""
    if ctx.input_shapes[seed] != (2,):
        return None
    code = native.function("stateless_random.seeded", name, str(len(words)), ctx.input_dtypes[seed].name, *arguments)
    return Native(code, [*words, In(seed)])


@cpu.kernel(*_NAMES, dtype=FLOATS)
def real(ctx):
    return _seeded(ctx, _NAMES[ctx.op_type], [Out(0), prod(ctx.output_shapes[0]), 0, 0, 0], 1,
                   ctx.output_dtypes[0].name)


@cpu.kernel("StatelessRandomUniformInt", dtype=("int32", "int64"))
def uniform_int(ctx):
    count = prod(ctx.output_shapes[0])
    if ctx.input_shapes[2] != () or ctx.input_shapes[3] != () or not count:
        return None
    return _seeded(ctx, "uniform_int", [Out(0), count, 0, 0, 0, In(2), In(3)], 1, ctx.output_dtypes[0].name,
                   str(native.EMPTY_RANGE))


@cpu.kernel("StatelessMultinomial", T=FLOATS)
def multinomial(ctx):
    shape, (rows, draws) = ctx.input_shapes[0], ctx.output_shapes[0]
    if len(shape) != 2 or not shape[1]:
        return None
    words = [Out(0), draws, 0, 0, 0, In(0), rows, shape[1], Scratch(8 * shape[1])]
    return _seeded(ctx, "classes", words, 2, ctx.input_dtypes[0].name, ctx.output_dtypes[0].name)
