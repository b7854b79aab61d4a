"""Softmax, LogSoftmax and the cross entropies: one block per row. Holds no state."""

from math import prod

from ..registry import cuda
from . import launch
from .elementwise import FLOATS


def _bind(ctx, template, *arguments):
    """Launches a kernel of `source/rows.py` over the rows of the first input."""
    shape, dtype = ctx.input_shapes[0], ctx.output_dtypes[0]
    rows, length = prod(shape[:-1]), shape[-1]
    from .source import rows as source
    kernel = getattr(source, template)(dtype.name, *arguments)
    block = launch.threads(length)
    start = launch.bind(kernel, ctx.stream, launch.blocks(rows), block, block * dtype.size)
    return start, rows, length


@cuda.kernel("Softmax", "LogSoftmax", T=FLOATS)
def softmax(ctx):
    shape = ctx.input_shapes[0]
    if not shape:
        return None     # the reference kernel words the error
    if not prod(shape):
        return launch.nothing
    start, rows, length = _bind(ctx, "softmax", ctx.op_type == "LogSoftmax")
    return lambda x, out: start(out, x, rows, length)


def _cross_entropy(ctx, template):
    if not prod(ctx.input_shapes[0][:-1]):
        return launch.nothing
    start, rows, length = _bind(ctx, template)
    return lambda x, labels, loss, gradient: start(loss, gradient, x, labels, rows, length)


@cuda.kernel("SoftmaxCrossEntropyWithLogits", T=FLOATS)
def cross_entropy(ctx):
    """Of logits and labels of one shape."""
    logits, labels = ctx.input_shapes
    if logits != labels or not logits[-1]:
        return None
    return _cross_entropy(ctx, "cross_entropy")


@cuda.kernel("SparseSoftmaxCrossEntropyWithLogits", T=FLOATS)
def sparse_cross_entropy(ctx):
    """A label that is no class gives NaN in its row, as on TensorFlow's GPUs."""
    logits, labels = ctx.input_shapes
    if labels != logits[:1] or not logits[-1]:
        return None
    return _cross_entropy(ctx, "sparse_cross_entropy")
