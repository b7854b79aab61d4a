"""Resizing images by picking pixels, between pixels, and by sums of pixels, and the gradients. Holds no state.

Sizes that only a run tells, and images without pixels, are left to the reference kernels.
"""

from math import prod

import numpy as np

from ..registry import In, Out, Scratch, Table, cpu
from . import native, pool
from .copying import item_size

_CUBIC_STEPS = 1 << 10      # between two pixels, for which TensorFlow has weights


def _scale(count, size, align):
    """What a scale is divided of and by: `count` pixels are made of `size`."""
    return (size - 1, count - 1) if align and count > 1 else (size, count)


def _settings(ctx, image, resized):
    """(whether corners are aligned, whether pixels are half a pixel off), or None where these are not ours.

    `image` is the shape of what was or is to be resized to `resized`.
    """
    align, half = ctx.attr("align_corners"), ctx.attrs.get("half_pixel_centers", False)
    if align and half or len(image) != 4 or not all((*image, *resized)):
        return None
    return align, half


def _kernel(ctx, template, dtype, image, resized, lines, *rest):
    """The kernel over so many rows of each image; `rest`: words that follow the usual ones."""
    settings = _settings(ctx, image, resized)
    if settings is None:
        return None
    align, half = settings
    code = native.function(f"image_resize.{template}", dtype)
    words = [*image[1:], *resized[1:3], *_scale(resized[1], image[1], align), *_scale(resized[2], image[2], align),
             int(half), int(align), *rest]
    total = image[0] * lines
    return pool.split(code, [Out(0), In(0), 0, total, *words], 2, total, 4 * prod(resized), ctx.threads)


@cpu.kernel("ResizeNearestNeighbor")
def nearest(ctx):
    """Elements are moved as integers of their size."""
    item = item_size(ctx.output_dtypes[0])
    image, resized = ctx.input_shapes[0], ctx.output_shapes[0]
    return _kernel(ctx, "nearest", f"uint{8 * item}", image, resized, resized[1])


@cpu.kernel("ResizeNearestNeighborGrad", T=("float32", "float64"))
def nearest_grad(ctx):
    image, resized = ctx.output_shapes[0], ctx.input_shapes[0]
    return _kernel(ctx, "nearest_grad", ctx.output_dtypes[0].name, image, resized, image[1])


@cpu.kernel("ResizeBilinear", T=("uint8", "int32", "float32"))
def bilinear(ctx):
    image, resized = ctx.input_shapes[0], ctx.output_shapes[0]
    columns = Scratch(24 * resized[2]) if len(resized) == 4 else 0
    return _kernel(ctx, "bilinear", ctx.input_dtypes[0].name, image, resized, resized[1], columns)


# ---------------------------------------------------------------- sums of pixels

class _Taps:
    """What makes the pixels after resizing, along one dimension: parallel vectors `made`, `read`, `weights`."""

    def __init__(self, made, read, weights):
        weights = weights.astype(np.float32)
        kept = weights != 0
        self.made, self.read, self.weights = made[kept], read[kept], weights[kept]

    def turned(self):
        """Those of the gradient."""
        return _Taps(self.read, self.made, self.weights)

    def tables(self, count, step):
        """The words of source/image_map.py for `count` pixels; those read are `step` numbers apart."""
        order = np.argsort(self.made, kind="stable")
        begins = np.searchsorted(self.made[order], np.arange(count + 1))
        return [Table(begins.astype(np.int64)), Table(self.read[order].astype(np.int64) * step),
                Table(self.weights[order])]


def _positions(count, size, align, half):
    """(where pixels of the result lie, pixels before for one after), in single precision."""
    scale = np.divide(*map(np.float32, _scale(count, size, align)))
    places, shift = np.arange(count, dtype=np.float32), np.float32(0.5)
    return ((places + shift) * scale - shift if half else places * scale), scale


def _flat(read, weights):
    """_Taps from arrays [made, taps of each]."""
    made = np.broadcast_to(np.arange(len(read))[:, np.newaxis], read.shape)
    return _Taps(made.ravel(), read.ravel(), weights.ravel())


def _linear(count, size, align, half):
    places, _ = _positions(count, size, align, half)
    lower = np.floor(places)
    upper = np.minimum(np.ceil(places), size - 1)
    read = np.clip(np.stack([lower, upper], 1), 0, size - 1).astype(np.int64)
    return _flat(read, np.stack([1 - (places - lower), places - lower], 1))


def _cubic(count, size, align, half):
    """Keys' cubic convolution. Beyond the border there is no weight where pixels are half a pixel off; else the border
    goes on."""
    places, _ = _positions(count, size, align, half)
    low = np.floor(places).astype(np.int64)
    x = np.rint((places - low) * np.float32(_CUBIC_STEPS)) / _CUBIC_STEPS
    a = -0.5 if half else -0.75
    distances = np.stack([1 + x, x, 1 - x, 2 - x], 1)
    near = ((a + 2) * distances - (a + 3)) * distances * distances + 1
    far = ((a * distances - 5 * a) * distances + 8 * a) * distances - 4 * a
    weights = np.where([False, True, True, False], near, far).astype(np.float32)
    read = low[:, np.newaxis] + np.arange(-1, 3)
    inside = np.clip(read, 0, size - 1)
    if half:
        weights = np.where(inside == read, weights, np.float32(0))
        weights /= weights.sum(1, keepdims=True)
    return _flat(inside, weights)


def _covered(count, size, align, half):
    """Means of what each pixel covers; beyond the image lies its last pixel again."""
    starts, scale = _positions(count, size, align, half)
    if not scale:
        return None         # nothing is covered: the reference kernel divides by it
    ends = np.arange(1, count + 1, dtype=np.float32) * scale
    read = np.arange(max(size, int(np.ceil(ends[-1]))))
    shares = np.minimum(read + np.float32(1), ends[:, np.newaxis]) - np.maximum(
        read.astype(np.float32), starts[:, np.newaxis])
    made, where = np.nonzero(shares > 0)
    return _Taps(made, np.minimum(where, size - 1), shares[made, where] / scale)


def _sums(op_type, taps, gradient=False):
    """Registers the kernel of an op that maps images, or their gradients, by `taps`."""
    def make(ctx):
        before, after = ctx.input_shapes[0], ctx.output_shapes[0]
        image, resized = (after, before) if gradient else (before, after)
        settings = _settings(ctx, image, resized)
        if settings is None:
            return None
        words = []
        for axis, step in ((1, 1), (2, image[3])):
            found = taps(resized[axis], image[axis], *settings)
            if found is None:
                return None
            words += (found.turned() if gradient else found).tables(after[axis], step)
        code, total = native.function("image_map.mapped", ctx.input_dtypes[0].name), after[0] * after[1]
        words = [Out(0), In(0), 0, total, *before[1:], *after[1:3], *words, Scratch(4 * prod(before[2:]))]
        return pool.split(code, words, 2, total, 16 * prod(after), ctx.threads)

    cpu.kernel(op_type, T=("float32",) if gradient else ("uint8", "int32", "float32"))(make)


_sums("ResizeBicubic", _cubic)
_sums("ResizeArea", _covered)
_sums("ResizeBilinearGrad", _linear, gradient=True)
_sums("ResizeBicubicGrad", _cubic, gradient=True)
