"""Reference kernels of `graphflow/ops/morphology.py`. Of equal sums, the first in row-major order counts."""

import itertools

import numpy as np

from graphflow.framework import windows

from ..registry import reference
from .array_checks import debug, fail


class _Windows:
    """The windows of a filter over an image: for each entry of the filter, what it meets."""

    def __init__(self, ctx, image, kernel):
        if image.ndim != 4 or kernel.ndim != 3 or image.shape[3] != kernel.shape[2]:
            fail(f"Expected an image of rank 4 and a filter of rank 3 with as many channels, got {debug(image.shape)} "
                 f"and {debug(kernel.shape)}")
        strides, rates, padding = ctx.attr("strides")[1:3], ctx.attr("rates")[1:3], ctx.attr("padding")
        dims = list(zip(image.shape[1:3], kernel.shape[:2], strides, rates))
        self.outputs = [windows.output_size(s, k, st, padding, r) for s, k, st, r in dims]
        self._margins = [windows.margins(s, k, st, padding, r) for s, k, st, r in dims]
        self._steps, self._kernel, self._image = list(zip(strides, rates)), kernel, image

    def padded(self, array):
        """`array` with margins of zeros."""
        return np.pad(array, [(0, 0), *self._margins, (0, 0)])

    def taps(self):
        """(position in the filter, slices of the padded image) of each entry."""
        for position in itertools.product(*map(range, self._kernel.shape[:2])):
            where = [slice(p * rate, p * rate + (out - 1) * stride + 1 if out else 0, stride)
                     for p, out, (stride, rate) in zip(position, self.outputs, self._steps)]
            yield position, (slice(None), *where, slice(None))

    def best(self):
        """(largest sums, number of the entry that gives each)."""
        image, real = self.padded(self._image), self.padded(np.ones(self._image.shape, bool))
        shape = (self._image.shape[0], *self.outputs, self._image.shape[3])
        sums, found = np.zeros(shape, image.dtype), np.full(shape, -1)
        for i, (position, where) in enumerate(self.taps()):
            candidate = image[where] + self._kernel[position]
            better = real[where] & ((found < 0) | (candidate > sums))
            sums, found = np.where(better, candidate, sums), np.where(better, i, found)
        return sums, found

    def image_gradient(self, grad, found):
        """Gradients go to the pixels that were in the largest sums."""
        total = self.padded(np.zeros(self._image.shape, grad.dtype))
        for i, (_, where) in enumerate(self.taps()):
            total[where] += np.where(found == i, grad, grad.dtype.type(0))
        rows, columns = (slice(before, before + size)
                         for (before, _), size in zip(self._margins, self._image.shape[1:3]))
        return total[:, rows, columns]

    def filter_gradient(self, grad, found):
        """Gradients go to the entries that were in the largest sums."""
        total = np.zeros(self._kernel.shape, grad.dtype)
        for i, (position, _) in enumerate(self.taps()):
            total[position] = np.where(found == i, grad, grad.dtype.type(0)).sum((0, 1, 2))
        return total


@reference.kernel("Dilation2D")
def dilation(ctx):
    """The largest sums."""
    return lambda image, kernel: _Windows(ctx, image, kernel).best()[0]


def _gradient(op_type, which):
    @reference.kernel(op_type)
    def make(ctx):
        def run(image, kernel, grad):
            meets = _Windows(ctx, image, kernel)
            sums, found = meets.best()
            if grad.shape != sums.shape:
                fail(f"out_backprop has shape {debug(grad.shape)}, but the output {debug(sums.shape)}")
            return which(meets, grad, found)

        return run


_gradient("Dilation2DBackpropInput", _Windows.image_gradient)
_gradient("Dilation2DBackpropFilter", _Windows.filter_gradient)
