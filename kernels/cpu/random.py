"""Uniform and normal random numbers, with the reference kernels' bits and streams.

State: none here. What a run draws is reserved, before it begins, in the op's stream of the session.
"""

from math import prod

from ..registry import Native, Out, cpu
from ..streams import op_stream
from . import native

_TEMPLATES = {"RandomUniform": "uniform", "RandomStandardNormal": "standard_normal",
              "TruncatedNormal": "truncated_normal"}


def _signed(number):
    """The low 64 bits of a number as a word of a block holds them."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def _make(ctx):
    count, stream = prod(ctx.output_shapes[0]), op_stream(ctx)

    def reserve(block):
        position = stream.reserve_outputs(count)
        block[2] = _signed(position.key)
        block[3] = _signed(position.counter)
        block[4] = _signed(position.counter >> 64)

    code = native.function(f"random.{_TEMPLATES[ctx.op_type]}", ctx.output_dtypes[0].name)
    return Native(code, [Out(0), count, 0, 0, 0], before_run=reserve)


cpu.kernel("RandomUniform", dtype=("float32", "float64"))(_make)
cpu.kernel("RandomStandardNormal", "TruncatedNormal", dtype=("float32",))(_make)
