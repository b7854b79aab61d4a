"""The loss of connectionist temporal classification. Holds no state."""

from math import prod

from ..registry import In, Out, Scratch, cpu
from . import native, pool
from .elementwise import FLOATS

_COST = 60      # of a step from a state, or of a class's probability, in cheap elements


@cpu.kernel("CTCLoss", T=FLOATS)
def ctc_loss(ctx):
    """Sequences are divided among threads; each has room for as many labels as steps, or for all that are given."""
    inputs, rows, labels, lengths = ctx.input_shapes
    if len(inputs) != 3 or not prod(inputs) or len(rows) != 2 or rows != (*labels, 2) or lengths != inputs[1:2]:
        return None         # the reference kernel words the error
    time, batch, classes = inputs
    collapse = ctx.attr("preprocess_collapse_repeated")
    most = labels[0] if collapse else min(labels[0], time)
    width = 2 * most + 4
    code = native.function("ctc.loss", ctx.output_dtypes[0].name, str(native.INDEX_OUT_OF_RANGE))
    flags = [collapse, ctx.attr("ctc_merge_repeated"), ctx.attr("ignore_longer_outputs_than_inputs")]
    words = [0, 0, Out(0), Out(1), *map(In, range(4)), 0, batch, time, batch, classes, labels[0], most,
             *map(int, flags), Scratch(8 * ((time + 5) * width + time * classes))]
    return pool.split(code, words, 8, batch, _COST * time * (2 * labels[0] + batch * (classes + 1)), ctx.threads)
