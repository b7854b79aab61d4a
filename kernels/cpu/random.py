"""Uniform (also integer) and normal random numbers, with the reference kernels' bits and streams.

State: none here. What a run draws is reserved, before it begins, in the op's stream of the session.
"""

from math import prod

from ..registry import In, Native, Out, cpu
from ..streams import SAMPLES_PER_OUTPUT, op_stream
from . import native

_TEMPLATES = {"RandomUniform": "uniform", "RandomStandardNormal": "standard_normal",
              "TruncatedNormal": "truncated_normal"}


def _signed(number):
    """The low 64 bits of a number as a word of a block holds them."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


class _Draw:
    """What runs of a kernel draw from the stream of its op.

    Attributes: word: number of the word of the block that says where a run begins. step: how much that grows from
    run to run.
    """

    word = 3

    def __init__(self, stream, count):
        self._stream, self._count = stream, count
        self.step = count * SAMPLES_PER_OUTPUT

    def __call__(self, block, runs=1):
        """Reserves what so many runs need, from the Position that it returns; the block is that of the first."""
        position = self._stream.reserve_outputs(runs * self._count)
        block[2] = _signed(position.key)
        block[3] = _signed(position.counter)
        block[4] = _signed(position.counter >> 64)
        return position

    def give_back(self, position, runs, reserved):
        """Of those reserved from a Position on, only `runs` have taken place."""
        used = position.skip(runs * self.step)
        self._stream.give_back(used, (reserved - runs) * self._count)


def _make(ctx):
    count = prod(ctx.output_shapes[0])
    code = native.function(f"random.{_TEMPLATES[ctx.op_type]}", ctx.output_dtypes[0].name)
    return Native(code, [Out(0), count, 0, 0, 0], before_run=_Draw(op_stream(ctx), count))


cpu.kernel("RandomUniform", dtype=("float32", "float64"))(_make)
cpu.kernel("RandomStandardNormal", "TruncatedNormal", dtype=("float32",))(_make)


@cpu.kernel("RandomUniformInt", Tout=("int32", "int64"))
def uniform_int(ctx):
    """Integers between two numbers; bounds that are no scalars are left to the reference kernel."""
    if ctx.input_shapes[1] != () or ctx.input_shapes[2] != ():
        return None
    count = prod(ctx.output_shapes[0])
    code = native.function("random.uniform_int", ctx.output_dtypes[0].name, str(native.EMPTY_RANGE))
    return Native(code, [Out(0), count, 0, 0, 0, In(1), In(2)], before_run=_Draw(op_stream(ctx), count))
