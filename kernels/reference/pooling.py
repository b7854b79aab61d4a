"""Reference kernels of `graphflow/ops/pooling.py`: windows over every dimension of a tensor.

Maxima go to the first of equal entries, in row-major order of the window, as in TensorFlow.
"""

import itertools

import numpy as np

from graphflow.framework import errors, windows

from ..registry import reference


class _Windows:
    """The windows of a pooling op over an input of a given shape."""

    def __init__(self, ctx, shape):
        self.shape = tuple(map(int, shape))
        self.ksize, self.strides, padding = ctx.attr("ksize"), ctx.attr("strides"), ctx.attr("padding")
        dims = list(zip(self.shape, self.ksize, self.strides))
        # An axis without windows may have no entries: a batch without images.
        self.outputs = tuple(s if k == st == 1 else windows.output_size(s, k, st, padding, 1) for s, k, st in dims)
        self.pads = [windows.margins(s, k, st, padding, 1) for s, k, st in dims]

    def padded(self, array, fill):
        """`array` with its margins filled."""
        return np.pad(array, self.pads, constant_values=fill)

    def cropped(self, array):
        """`array` without its margins."""
        return array[tuple(slice(before, before + size) for (before, _), size in zip(self.pads, self.shape))]

    def taps(self):
        """For each position in the window, the slices of a padded array that it meets."""
        for position in itertools.product(*map(range, self.ksize)):
            yield tuple(slice(p, p + (out - 1) * stride + 1 if out else 0, stride)
                        for p, out, stride in zip(position, self.outputs, self.strides))

    def argmax(self, x):
        """(maxima, number of the first tap that has each)."""
        padded, real = self.padded(x, x.dtype.type(0)), self.padded(np.ones(x.shape, bool), False)
        best, found = np.zeros(self.outputs, x.dtype), np.full(self.outputs, -1)
        for i, where in enumerate(self.taps()):
            better = real[where] & ((found < 0) | (padded[where] > best))
            best, found = np.where(better, padded[where], best), np.where(better, i, found)
        return best, found

    def counts(self):
        """How many real entries each window meets."""
        real = self.padded(np.ones(self.shape, np.int64), 0)
        return sum(real[where] for where in self.taps())


def _wide(array):
    return array.astype(np.float32) if array.dtype.itemsize == 2 and array.dtype.kind not in "iu" else array


def _check(shape, expected, what):
    if tuple(shape) != tuple(expected):
        raise errors.InvalidArgumentError(
            None, None, f"{what}: expected shape {tuple(expected)}, but got {tuple(shape)}")


@reference.kernel("MaxPool", "MaxPool3D")
def max_pool(ctx):
    """The largest entry of each window."""
    return lambda x: _Windows(ctx, x.shape).argmax(x)[0]


@reference.kernel("MaxPoolGrad", "MaxPool3DGrad")
def max_pool_grad(ctx):
    """Gradients go to where the maxima came from."""

    def run(x, _, grad):
        view = _Windows(ctx, x.shape)
        _check(grad.shape, view.outputs, "grad")
        found = view.argmax(x)[1]
        dx = np.zeros([s + sum(p) for s, p in zip(view.shape, view.pads)], _wide(grad).dtype)
        for i, where in enumerate(view.taps()):
            dx[where] += np.where(found == i, grad, 0).astype(dx.dtype)
        return np.ascontiguousarray(view.cropped(dx), grad.dtype)

    return run


@reference.kernel("MaxPoolGradGrad", "MaxPool3DGradGrad")
def max_pool_grad_grad(ctx):
    """The entries of `grad` at the places of the maxima."""

    def run(x, _, grad):
        view = _Windows(ctx, x.shape)
        _check(grad.shape, view.shape, "grad")
        found, padded = view.argmax(x)[1], view.padded(grad, grad.dtype.type(0))
        result = np.zeros(view.outputs, grad.dtype)
        for i, where in enumerate(view.taps()):
            result = np.where(found == i, padded[where], result)
        return result

    return run


@reference.kernel("AvgPool", "AvgPool3D")
def avg_pool(ctx):
    """The mean of the entries each window meets; margins don't count."""

    def run(x):
        view, wide = _Windows(ctx, x.shape), _wide(x)
        padded = view.padded(wide, 0)
        total = np.zeros(view.outputs, wide.dtype)
        for where in view.taps():
            total += padded[where]
        return (total / view.counts().astype(wide.dtype)).astype(x.dtype)

    return run


@reference.kernel("AvgPoolGrad", "AvgPool3DGrad")
def avg_pool_grad(ctx):
    """Each gradient is shared among the entries its window met."""

    def run(shape, grad):
        view = _Windows(ctx, shape)
        _check(grad.shape, view.outputs, "grad")
        wide = _wide(grad)
        share = wide / view.counts().astype(wide.dtype)
        dx = np.zeros([s + sum(p) for s, p in zip(view.shape, view.pads)], wide.dtype)
        for where in view.taps():
            dx[where] += share
        return np.ascontiguousarray(view.cropped(dx), grad.dtype)

    return run


def _positions(ctx, shape):
    """The number by which `argmax` names each entry."""
    if not ctx.attr("include_batch_in_index"):
        return np.broadcast_to(np.arange(np.prod(shape[1:], dtype=int)).reshape(shape[1:]), shape)
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


@reference.kernel("MaxPoolWithArgmax")
def max_pool_with_argmax(ctx):
    """Maxima, and the flat positions they came from."""
    dtype = ctx.output_dtypes[1].as_numpy_dtype

    def run(x):
        view = _Windows(ctx, x.shape)
        best, found = view.argmax(x)
        padded, where_from = view.padded(_positions(ctx, x.shape), 0), np.zeros(view.outputs, np.int64)
        for i, where in enumerate(view.taps()):
            where_from = np.where(found == i, padded[where], where_from)
        return best, where_from.astype(dtype)

    return run


def _flat_positions(ctx, argmax, shape):
    """Positions in the whole flat input; checked."""
    flat = argmax.astype(np.int64)
    if not ctx.attr("include_batch_in_index"):
        size = int(np.prod(shape[1:]))
        flat = flat + (np.arange(shape[0]) * size).reshape(-1, *[1] * (argmax.ndim - 1))
    if flat.size and (flat.min() < 0 or flat.max() >= np.prod(shape)):
        raise errors.InvalidArgumentError(None, None, f"Invalid input argmax index, not in [0, {int(np.prod(shape))})")
    return flat


@reference.kernel("MaxPoolGradWithArgmax")
def max_pool_grad_with_argmax(ctx):
    """Gradients go to the positions named by `argmax`."""

    def run(x, grad, argmax):
        dx = np.zeros(x.size, _wide(grad).dtype)
        np.add.at(dx, _flat_positions(ctx, argmax, x.shape).ravel(), _wide(grad).ravel())
        return dx.reshape(x.shape).astype(grad.dtype)

    return run


@reference.kernel("MaxPoolGradGradWithArgmax")
def max_pool_grad_grad_with_argmax(ctx):
    """The entries of `grad` at the positions named by `argmax`."""
    return lambda x, grad, argmax: grad.ravel()[_flat_positions(ctx, argmax, x.shape)]
