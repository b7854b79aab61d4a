"""Softmax, LogSoftmax and the cross entropies. Holds no state."""

from math import prod

from ..registry import In, Out, cpu
from . import native, pool
from .elementwise import FLOATS
from .vector_unit import lanes_of


def _rows(shape):
    """(0, number of rows, row length) of logits, or None where a row is empty."""
    length = shape[-1]
    return (0, prod(shape[:-1]), length) if length else None


def _split(ctx, template, arrays, rows, *arguments):
    """The kernel over its rows, in parts where that pays: an exp costs as much as 8 copies."""
    dtype = ctx.output_dtypes[0].name
    code = native.function(f"softmax.{template}", dtype, str(lanes_of(dtype)), *arguments)
    return pool.split(code, [*arrays, *rows], len(arrays), rows[1], 8 * prod(ctx.input_shapes[0]), ctx.threads)


@cpu.kernel("Softmax", "LogSoftmax", T=FLOATS)
def softmax(ctx):
    shape = ctx.input_shapes[0]
    rows = _rows(shape) if shape else None
    if rows is None:
        return None
    return _split(ctx, "softmax" if ctx.op_type == "Softmax" else "log_softmax", [Out(0), In(0)], rows)


@cpu.kernel("SoftmaxCrossEntropyWithLogits", T=FLOATS)
def cross_entropy(ctx):
    logits, labels = ctx.input_shapes
    rows = _rows(logits)
    if rows is None or logits != labels:
        return None
    return _split(ctx, "cross_entropy", [Out(0), Out(1), In(0), In(1)], rows)


@cpu.kernel("SparseSoftmaxCrossEntropyWithLogits", T=FLOATS)
def sparse_cross_entropy(ctx):
    logits, labels = ctx.input_shapes
    rows = _rows(logits)
    if rows is None or labels != logits[:1]:
        return None
    return _split(ctx, "sparse_cross_entropy", [0, 0, Out(0), Out(1), In(0), In(1)], rows,
                  ctx.input_dtypes[1].name, str(native.INDEX_OUT_OF_RANGE))
