"""Random numbers and classes, with the reference kernels' bits and streams.

State: none here. What a run draws is reserved, before it begins, in the op's stream of the session.
"""

from math import prod

from ..registry import In, Native, Out, Scratch, cpu
from ..streams import SAMPLES_PER_OUTPUT, op_stream
from . import native
from .copying import item_size
from .elementwise import FLOATS

_TEMPLATES = {"RandomUniform": "uniform", "RandomStandardNormal": "standard_normal",
              "TruncatedNormal": "truncated_normal"}
_COUNTS = (*FLOATS, "int32", "int64")


def _signed(number):
    """The low 64 bits of a number as a word of a block holds them."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


class _Draw:
    """What runs of a kernel draw from the stream of its op.

    Attributes: word: number of the word of the block that says where a run begins. step: how much that grows from
    run to run, in blocks.
    """

    word = 3

    def __init__(self, stream, blocks):
        self._stream, self.step = stream, blocks

    def __call__(self, block, runs=1):
        """Reserves what so many runs need, from the Position that it returns; the block is that of the first."""
        position = self._stream.reserve_blocks(runs * self.step)
        block[2] = _signed(position.key)
        block[3] = _signed(position.counter)
        block[4] = _signed(position.counter >> 64)
        return position

    def give_back(self, position, runs, reserved):
        """Of those reserved from a Position on, only `runs` have taken place."""
        used = position.skip(runs * self.step)
        self._stream.give_back(used, (reserved - runs) * self.step)


def _draw(ctx, outputs):
    """The _Draw of a kernel of so many outputs; None where it draws nothing."""
    return _Draw(op_stream(ctx), outputs * SAMPLES_PER_OUTPUT) if outputs else None


def _make(ctx):
    count = prod(ctx.output_shapes[0])
    code = native.function(f"random.{_TEMPLATES[ctx.op_type]}", ctx.output_dtypes[0].name)
    return Native(code, [Out(0), count, 0, 0, 0], before_run=_draw(ctx, count))


cpu.kernel("RandomUniform", "RandomStandardNormal", "TruncatedNormal", dtype=FLOATS)(_make)


@cpu.kernel("RandomUniformInt", Tout=("int32", "int64"))
def uniform_int(ctx):
    """Integers between two numbers; bounds that are no scalars are left to the reference kernel."""
    if ctx.input_shapes[1] != () or ctx.input_shapes[2] != ():
        return None
    count = prod(ctx.output_shapes[0])
    code = native.function("random.uniform_int", ctx.output_dtypes[0].name, str(native.EMPTY_RANGE))
    return Native(code, [Out(0), count, 0, 0, 0, In(1), In(2)], before_run=_draw(ctx, count))


@cpu.kernel("Multinomial", T=FLOATS)
def multinomial(ctx):
    """Classes by their logits."""
    shape, (rows, draws) = ctx.input_shapes[0], ctx.output_shapes[0]
    if len(shape) != 2 or not shape[1]:
        return None         # the reference kernel words the error
    code = native.function("categorical.draw", ctx.input_dtypes[0].name, ctx.output_dtypes[0].name)
    words = [Out(0), draws, 0, 0, 0, In(0), rows, shape[1], Scratch(8 * shape[1])]
    # As the reference kernel reserves: two words a draw, and each row's share rounded up to whole blocks.
    return Native(code, words, before_run=_draw(ctx, rows * (-(-draws // 4) * 4) * 2))


@cpu.kernel("RandomShuffle")
def shuffle(ctx):
    """Rows in another order."""
    shape, item = ctx.input_shapes[0], item_size(ctx.output_dtypes[0])
    if item is None:
        return None
    rows = shape[0] if shape else 1
    unit = min(item, 8)
    code = native.function("random.shuffle", f"uint{8 * unit}")
    words = [Out(0), rows, 0, 0, 0, In(0), prod(shape[1:]) * item // unit, Scratch(8 * rows)]
    if rows <= 1 or not prod(shape):
        return Native(code, words)
    return Native(code, words, before_run=_Draw(op_stream(ctx), (rows + 2) // 4))   # a word for every row but the last


def _rejection(ctx, template, *arguments):
    """A kernel of `source/random_rejection.py`, for the parameters In(1)."""
    count = prod(ctx.input_shapes[1])
    total = prod(ctx.output_shapes[0])
    code = native.function(f"random_rejection.{template}", *arguments)
    words = [Out(0), total // count if count else 0, 0, 0, 0, In(1), count]
    return Native(code, words, before_run=_draw(ctx, total))


@cpu.kernel("RandomGamma", T=FLOATS)
def gamma(ctx):
    return _rejection(ctx, "gamma", ctx.output_dtypes[0].name)


@cpu.kernel("RandomPoissonV2", R=_COUNTS, dtype=_COUNTS)
def poisson(ctx):
    return _rejection(ctx, "poisson", ctx.input_dtypes[1].name, ctx.output_dtypes[0].name, str(native.EMPTY_RANGE))
