"""Reference kernels of `graphflow/ops/image_resize.py`.

Every method is a linear map of rows and one of columns; positions are single precision, as in TensorFlow.
"""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail

_TABLE = 1 << 10


def checked_size(images, size):
    """(height, width) to resize to; InvalidArgumentError for what can't be resized."""
    if images.ndim != 4:
        fail(f"input must be 4-dimensional{debug(images.shape)}")
    if size.shape != (2,):
        fail(f"shape_t must have two elements{debug(size.shape)}")
    if (size <= 0).any():
        fail("output dimensions must be positive")
    if not all(images.shape[1:]):
        fail("input image must be of non-zero size")
    return tuple(size.tolist())


def _positions(count, size, align, half):
    """Where pixels of the result lie in the image, as float32."""
    if align and half:
        fail("If half_pixel_centers is True, align_corners must be False.")
    if align and count > 1:
        scale = np.float32(size - 1) / np.float32(count - 1)
    else:
        scale = np.float32(size) / np.float32(count)
    places = np.arange(count, dtype=np.float32)
    half_pixel = np.float32(0.5)
    return ((places + half_pixel) * scale - half_pixel if half else places * scale), scale


def _neighbours(count, size, align, half):
    """(lower, upper, weight of upper) for bilinear interpolation."""
    places, _ = _positions(count, size, align, half)
    lower = np.floor(places)
    weight = places - lower
    upper = np.minimum(np.ceil(places), size - 1).astype(np.int64)
    return np.clip(lower, 0, size - 1).astype(np.int64), np.maximum(upper, 0), weight


def _bilinear_matrix(count, size, align, half):
    lower, upper, weight = _neighbours(count, size, align, half)
    matrix = np.zeros((count, size), np.float32)
    np.add.at(matrix, (np.arange(count), lower), 1 - weight)
    np.add.at(matrix, (np.arange(count), upper), weight)
    return matrix


def _bicubic_matrix(count, size, align, half):
    places, _ = _positions(count, size, align, half)
    low = np.floor(places).astype(np.int64)
    fraction = np.rint((places - low) * np.float32(_TABLE)) / _TABLE
    a = -0.5 if half else -0.75

    def near(x):
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x):
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    weights = np.stack([far(fraction + 1), near(fraction), near(1 - fraction), far(2 - fraction)], 1)
    weights = weights.astype(np.float32)
    columns = low[:, None] + np.arange(-1, 3)
    bounded = np.clip(columns, 0, size - 1)
    if half:  # what lies outside has no weight; elsewhere it repeats the border
        weights = np.where(bounded == columns, weights, np.float32(0))
        weights /= weights.sum(1, keepdims=True)
    matrix = np.zeros((count, size), np.float32)
    np.add.at(matrix, (np.arange(count)[:, None], bounded), weights)
    return matrix


def _area_matrix(count, size, align):
    starts, scale = _positions(count, size, align, False)
    ends = np.arange(1, count + 1, dtype=np.float32) * scale
    columns = np.arange(max(size, np.ceil(ends[-1])), dtype=np.float32)
    covered = np.minimum(columns + 1, ends[:, None]) - np.maximum(columns, starts[:, None])
    covered = np.maximum(covered, 0)
    # What lies beyond the image is the last column again.
    covered[:, size - 1] = np.add.accumulate(covered[:, size - 1:], axis=1)[:, -1]
    return covered[:, :size] / scale


def _apply(rows, columns, images):
    """Rows and columns of [batch, height, width, channels] images mapped by matrices."""
    return np.einsum("yh,bhwc,xw->byxc", rows, images, columns, optimize=True)


@reference.kernel("ResizeBilinear")
def bilinear(ctx):
    """Between columns first, then between rows, so that equal pixels stay what they are."""
    align, half = ctx.attr("align_corners"), ctx.attr("half_pixel_centers")

    def run(images, size):
        height, width = checked_size(images, size)
        low_y, high_y, y = _neighbours(height, images.shape[1], align, half)
        low_x, high_x, x = _neighbours(width, images.shape[2], align, half)
        images = images.astype(np.float32)
        left, right = images[:, :, low_x], images[:, :, high_x]
        rows = left + (right - left) * x[:, None]
        top, bottom = rows[:, low_y], rows[:, high_y]
        return top + (bottom - top) * y[:, None, None]

    return run


def _gradient(op_type, matrix):
    @reference.kernel(op_type)
    def make(ctx):
        align, half = ctx.attr("align_corners"), ctx.attr("half_pixel_centers")

        def run(grads, original):
            rows = matrix(grads.shape[1], original.shape[1], align, half)
            columns = matrix(grads.shape[2], original.shape[2], align, half)
            return _apply(rows.T, columns.T, grads).astype(original.dtype)

        return run


_gradient("ResizeBilinearGrad", _bilinear_matrix)
_gradient("ResizeBicubicGrad", _bicubic_matrix)


@reference.kernel("ResizeBicubic")
def bicubic(ctx):
    """Cubic convolution with weights from a table of 1024 positions, as in TensorFlow."""
    align, half = ctx.attr("align_corners"), ctx.attr("half_pixel_centers")

    def run(images, size):
        height, width = checked_size(images, size)
        rows = _bicubic_matrix(height, images.shape[1], align, half)
        columns = _bicubic_matrix(width, images.shape[2], align, half)
        return _apply(rows, columns, images.astype(np.float32))

    return run


@reference.kernel("ResizeArea")
def area(ctx):
    """Means of the pixels that each pixel of the result covers."""
    align = ctx.attr("align_corners")

    def run(images, size):
        height, width = checked_size(images, size)
        rows = _area_matrix(height, images.shape[1], align)
        columns = _area_matrix(width, images.shape[2], align)
        return _apply(rows, columns, images.astype(np.float32))

    return run


def _nearest(count, size, align, half):
    if align and half:
        fail("If half_pixel_centers is True, align_corners must be False.")
    _, scale = _positions(count, size, align, False)
    places = np.arange(count, dtype=np.float32)
    places = (places + np.float32(0.5 if half else 0)) * scale
    # C's roundf: halves away from zero.
    places = np.floor(places + np.float32(0.5)) if align else np.floor(places)
    return np.minimum(places.astype(np.int64), size - 1)


@reference.kernel("ResizeNearestNeighbor")
def nearest(ctx):
    """Picks pixels."""
    align, half = ctx.attr("align_corners"), ctx.attr("half_pixel_centers")

    def run(images, size):
        height, width = checked_size(images, size)
        rows, columns = _nearest(height, images.shape[1], align, half), _nearest(width, images.shape[2], align, half)
        return images[:, rows][:, :, columns]

    return run


@reference.kernel("ResizeNearestNeighborGrad")
def nearest_grad(ctx):
    """Adds up the gradients of the pixels that each pixel was picked for."""
    align, half = ctx.attr("align_corners"), ctx.attr("half_pixel_centers")

    def run(grads, size):
        height, width = checked_size(grads, size)
        rows, columns = _nearest(grads.shape[1], height, align, half), _nearest(grads.shape[2], width, align, half)
        result = np.zeros((grads.shape[0], height, width, grads.shape[3]), grads.dtype)
        np.add.at(result, (slice(None), rows[:, None], columns), grads)
        return result

    return run
