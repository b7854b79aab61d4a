"""Softmax, LogSoftmax and the cross entropies. Holds no state."""

from math import prod

from ..registry import In, Out, Scratch, cpu
from . import native, pool
from .elementwise import FLOATS

_BLOCK = 4096       # as in source/softmax.py


def _rows(shape):
    """(0, number of rows, row length) of logits, or None where a row is empty."""
    length = shape[-1]
    return (0, prod(shape[:-1]), length) if length else None


def _split(ctx, code, arrays, rows, *rest):
    """The kernel over its rows, in parts where that pays: an exp costs as much as 8 copies."""
    return pool.split(code, [*arrays, *rows, *rest], len(arrays), rows[1],
                      8 * prod(ctx.input_shapes[0]), ctx.threads)


def _scratch(length):
    return Scratch(8 * max(_BLOCK, length))


@cpu.kernel("Softmax", "LogSoftmax", T=FLOATS)
def softmax(ctx):
    shape, dtype = ctx.input_shapes[0], ctx.output_dtypes[0].name
    rows = _rows(shape) if shape else None
    if rows is None:
        return None
    if ctx.op_type == "Softmax":
        return _split(ctx, native.function("softmax.softmax", dtype), [Out(0), In(0)], rows)
    return _split(ctx, native.function("softmax.log_softmax", dtype), [Out(0), In(0)], rows,
                  _scratch(rows[2]))


@cpu.kernel("SoftmaxCrossEntropyWithLogits", T=FLOATS)
def cross_entropy(ctx):
    logits, labels = ctx.input_shapes
    rows = _rows(logits)
    if rows is None or logits != labels:
        return None
    return _split(ctx, native.function("softmax.cross_entropy", ctx.output_dtypes[0].name),
                  [Out(0), Out(1), In(0), In(1)], rows, _scratch(rows[2]))


@cpu.kernel("SparseSoftmaxCrossEntropyWithLogits", T=FLOATS)
def sparse_cross_entropy(ctx):
    logits, labels = ctx.input_shapes
    rows = _rows(logits)
    if rows is None or labels != logits[:1]:
        return None
    code = native.function("softmax.sparse_cross_entropy", ctx.output_dtypes[0].name,
                           ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE))
    return _split(ctx, code, [0, 0, Out(0), Out(1), In(0), In(1)], rows, _scratch(rows[2]))
