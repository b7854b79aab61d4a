"""Fused batch normalisation, channels last, and local response normalisation. Holds no state.

The first is several passes over the images: sums for the mean, sums for the variance, then the result. (The compiler
puts channels last: `graphflow/compiler/layout.py`.)
"""

from math import prod

import numpy as np

from ..registry import F64, In, Native, Out, Scratch, cpu
from . import native, pool
from .sequence import sequence
from .vector_unit import lanes_of

_GROUPS = 8             # of rows that are summed apart, whatever the number of threads
_ROWS_OF_A_GROUP = 256  # at least
_WORTH_SPLITTING = 100_000
_PIXELS = 8             # that local normalisation does at a time


class _Rows:
    """The rows of channels of an image tensor."""

    def __init__(self, ctx, shape):
        self.channels, self.count, self.threads = shape[-1], prod(shape[:-1]), ctx.threads
        groups = max(1, min(_GROUPS, self.count // _ROWS_OF_A_GROUP))
        marks = [self.count * k // groups for k in range(groups + 1)]
        self.groups = list(zip(marks, marks[1:], strict=False))

    def sums(self, kind, x, dy, mean):
        """(the kernel that sums, the words for its results: partial sums, groups, channels)."""
        kinds = 2 if kind == "gradient" else 1
        partial = Scratch(8 * kinds * self.channels * len(self.groups))
        code = native.function("norm.sums", kind, "float32")
        parts = [[partial, group, x, dy, mean, *bounds, self.channels, Scratch(4 * kinds * self.channels)]
                 for group, bounds in enumerate(self.groups)]
        threads = self.threads if self.count * self.channels > _WORTH_SPLITTING else 1
        return pool.step(code, parts, threads), [partial, len(self.groups), self.channels]

    def split(self, template, words, first, *arguments):
        """A kernel over ranges of rows."""
        code = native.function(f"norm.{template}", *arguments, "float32")
        return pool.split(code, words, first, self.count, 2 * self.count * self.channels, self.threads)


def _rows(ctx, shape):
    last = ctx.attr("data_format").endswith(b"C")
    if not last or not all(shape) or any(d.name != "float32" for d in (*ctx.input_dtypes, *ctx.output_dtypes)):
        return None
    return _Rows(ctx, shape)


@cpu.kernel("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", T=("float32",))
def fused_batch_norm(ctx):
    rows = _rows(ctx, ctx.input_shapes[0])
    if rows is None:
        return None
    return _training(ctx, rows) if ctx.attr("is_training") else _inference(ctx, rows)


def _zeros(out, count=1):
    return Native(native.function("norm.zeros", "float32"), [out, count])


def _third(ctx):
    return [_zeros(Out(5))] if ctx.num_outputs == 6 else []


def _epsilon(ctx):
    return F64(np.float32(ctx.attr("epsilon")))


def _normalise(ctx, rows, mean, variance):
    words = [Out(0), In(0), In(1), In(2), mean, variance, 0, rows.count, rows.channels, Scratch(4 * rows.channels),
             _epsilon(ctx)]
    return rows.split("normalise", words, 6)


def _training(ctx, rows):
    mean_sums, of_mean = rows.sums("plain", In(0), 0, 0)
    square_sums, of_squares = rows.sums("squares", In(0), 0, Out(3))
    mean = Native(native.function("norm.finish_mean", "float32"), [Out(3), *of_mean, F64(rows.count)])
    statistics = Native(native.function("norm.finish_statistics", "float32"),
                        [Out(4), Out(1), Out(2), Out(3), *of_squares, F64(rows.count),
                         F64(rows.count / max(rows.count - 1, 1))])
    return sequence(mean_sums, mean, square_sums, statistics, _normalise(ctx, rows, Out(3), Out(4)), *_third(ctx))


def _inference(ctx, rows):
    given = Native(native.function("norm.given_statistics", "float32"),
                   [In(3), In(4), *map(Out, (1, 2, 3, 4)), rows.channels])
    return sequence(given, _normalise(ctx, rows, In(3), In(4)), *_third(ctx))


@cpu.kernel("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3", T=("float32",))
def fused_batch_norm_grad(ctx):
    rows = _rows(ctx, ctx.input_shapes[1])
    if rows is None:
        return None
    training = bool(ctx.attr("is_training"))
    summing, results = rows.sums("gradient", In(1), In(0), In(3))
    finish = Native(native.function("norm.finish_gradient", "float32"),
                    [Out(1), Out(2), *results, In(4), _epsilon(ctx)])
    words = [Out(0), In(0), In(1), In(2), In(3), In(4), Out(1), Out(2), 0, rows.count, rows.channels,
             Scratch(12 * rows.channels), _epsilon(ctx), F64(rows.count)]
    rest = [] if training else [_zeros(Out(3), rows.channels), _zeros(Out(4), rows.channels)]
    return sequence(summing, finish, rows.split("to_input", words, 8, str(int(training))), *rest)


def _local(ctx, template, arrays, kinds):
    """The kernel of source/local_norm.py over pixels; `kinds`: of lines that its windows read, and others like them."""
    shape, beta = ctx.output_shapes[0], float(np.float32(ctx.attr("beta")))
    if beta.is_integer() and beta not in (0.0, 1.0):
        return None         # a power of what may be negative
    lanes, depth = lanes_of("float32"), shape[-1]
    bias, alpha = (np.float32(ctx.attr(name)) for name in ("bias", "alpha"))
    radius = min(ctx.attr("depth_radius"), depth)
    lines = [Scratch(4 * _PIXELS * (depth + 2 * radius + lanes)) for _ in range(kinds)]
    words = [*arrays, *lines[1:], 0, prod(shape[:-1]), depth, radius, lines[0], F64(bias), F64(alpha),
             F64(np.float32(2) * alpha * np.float32(beta))]
    code = native.function(f"local_norm.{template}", str(lanes), str(_PIXELS), str(beta))
    return pool.split(code, words, len(arrays) + kinds - 1, prod(shape[:-1]), prod(shape) * (2 * radius + 8) // 4,
                      ctx.threads)


@cpu.kernel("LRN", T=("float32",))
def lrn(ctx):
    return _local(ctx, "forward", [Out(0), In(0)], 1)


@cpu.kernel("LRNGrad", T=("float32",))
def lrn_grad(ctx):
    return _local(ctx, "gradient", [Out(0), In(1), In(2), In(0)], 3)
