"""Reference kernels of `graphflow/ops/image_boxes.py`."""

import numpy as np

from ..registry import reference
from .array_checks import check_range, debug, fail

_COLORS = np.array([[1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1], [0.5, 0.5, 0, 1],
                    [0.5, 0, 0, 1], [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1]], np.float32)


def _draw(images, boxes, colors=None):
    if images.ndim != 4:
        fail("The rank of the images should be 4")
    if boxes.ndim != 3:
        fail("The rank of the boxes tensor should be 3")
    batch, height, width, depth = images.shape
    if boxes.shape[0] != batch:
        fail("The batch sizes should be the same")
    if depth not in (1, 3, 4):
        fail("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")
    if colors is None or not colors.size:
        colors = _COLORS.copy()
        if depth == 1:
            colors[:, 0] = 1
    elif colors.ndim != 2 or colors.shape[1] < depth:
        fail(f"colors must have equal or more channels than the image provided: {debug(colors.shape)}")
    result = images.copy()
    ends = boxes.astype(np.float32) * np.array([height - 1, width - 1] * 2, np.float32)
    for image, outlines in zip(result, np.trunc(ends).astype(np.int64).tolist()):
        for i, outline in enumerate(outlines):
            _outline(image, *outline, colors[i % len(colors), :depth])
    return result


def _outline(image, top, left, bottom, right, color):
    """One box; edges outside of the image are not drawn."""
    height, width, _ = image.shape
    if top > bottom or left > right or top >= height or bottom < 0 or left >= width or right < 0:
        return
    rows, columns = slice(max(top, 0), min(bottom, height - 1) + 1), slice(max(left, 0), min(right, width - 1) + 1)
    for row in (top, bottom):
        if 0 <= row < height:
            image[row, columns] = color
    for column in (left, right):
        if 0 <= column < width:
            image[rows, column] = color


reference.function("DrawBoundingBoxes", _draw)
reference.function("DrawBoundingBoxesV2", _draw)


# ---------------------------------------------------------------- crops

def _check_boxes(boxes, indices, batch):
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        fail("boxes must have 4 columns")
    if indices.shape != boxes.shape[:1]:
        fail("boxes and box_ind must have the same number of rows")
    check_range("box_index", indices, batch)


def _places(low, high, count, size):
    """Where the pixels of crops lie along one dimension, [boxes, count], and which are inside."""
    span = np.float32(size - 1)
    if count > 1:
        step = (high - low) * span / np.float32(count - 1)
        places = low[:, None] * span + np.arange(count, dtype=np.float32) * step[:, None]
    else:
        places = (np.float32(0.5) * (low + high) * span)[:, None]
    return places, (places >= 0) & (places <= span)


def _round(places):
    """C's roundf of numbers that are not negative, and of others to something harmless."""
    return np.floor(places + np.float32(0.5)).astype(np.int64)


class _Crop:
    """The grid of all crops: neighbours of each pixel, weights, and what is inside of the image."""

    def __init__(self, boxes, indices, crop, shape):
        y, inside_y = _places(boxes[:, 0], boxes[:, 2], crop[0], shape[1])
        x, inside_x = _places(boxes[:, 1], boxes[:, 3], crop[1], shape[2])
        self.inside = inside_y[:, :, None] & inside_x[:, None, :]
        y, x = np.where(inside_y, y, 0), np.where(inside_x, x, 0)       # what is outside may be no number
        self.image = indices[:, None, None]
        self.top, self.bottom = (f(y).astype(np.int64)[:, :, None] for f in (np.floor, np.ceil))
        self.left, self.right = (f(x).astype(np.int64)[:, None, :] for f in (np.floor, np.ceil))
        self.down, self.over = (y - np.floor(y))[:, :, None], (x - np.floor(x))[:, None, :]
        self.nearest = self.image, _round(y)[:, :, None], _round(x)[:, None, :]

    def corners(self):
        """(index, weight) of the four neighbours."""
        for row, vertical in ((self.top, 1 - self.down), (self.bottom, self.down)):
            for column, horizontal in ((self.left, 1 - self.over), (self.right, self.over)):
                yield (self.image, row, column), vertical * horizontal


@reference.kernel("CropAndResize")
def crop_and_resize(ctx):
    """Interpolates in x, then in y."""
    nearest, outside = ctx.attr("method") == b"nearest", np.float32(ctx.attr("extrapolation_value"))

    def run(image, boxes, indices, size):
        if (size <= 0).any():
            fail("crop dimensions must be positive")
        if image.ndim != 4 or not all(image.shape[1:3]):
            fail("image dimensions must be positive")
        _check_boxes(boxes, indices, image.shape[0])
        grid = _Crop(boxes, indices, size.tolist(), image.shape)
        if nearest:
            result = image[grid.nearest].astype(np.float32)
        else:
            over, down = grid.over[..., None], grid.down[..., None]
            rows = []
            for row in (grid.top, grid.bottom):
                left, right = (image[grid.image, row, c].astype(np.float32) for c in (grid.left, grid.right))
                rows.append(left + (right - left) * over)
            result = rows[0] + (rows[1] - rows[0]) * down
        return np.where(grid.inside[..., None], result, outside)

    return run


@reference.kernel("CropAndResizeGradImage")
def crop_grad_image(ctx):
    """Adds each gradient to the pixels that it came from."""
    nearest, dtype = ctx.attr("method") == b"nearest", ctx.output_dtypes[0].as_numpy_dtype

    def run(grads, boxes, indices, size):
        _check_boxes(boxes, indices, int(size[0]))
        result = np.zeros(tuple(size), np.float64)
        grid = _Crop(boxes, indices, grads.shape[1:3], result.shape)
        grads = np.where(grid.inside[..., None], grads, 0)
        if nearest:
            np.add.at(result, grid.nearest, grads)
        else:
            for place, weight in grid.corners():
                np.add.at(result, place, grads * weight[..., None])
        return result.astype(dtype)

    return run


def _crop_grad_boxes(grads, image, boxes, indices):
    """Slopes of the interpolated image, carried to the ends of the box that a pixel lies between."""
    _check_boxes(boxes, indices, image.shape[0])
    _, height, width, _ = image.shape
    grid = _Crop(boxes, indices, grads.shape[1:3], image.shape)
    (a, b), (c, d) = [[image[grid.image, row, column].astype(np.float32) for column in (grid.left, grid.right)]
                      for row in (grid.top, grid.bottom)]
    over, down = grid.over[..., None], grid.down[..., None]
    slope_y = (((1 - over) * (c - a) + over * (d - b)) * grads).sum(-1) * grid.inside * (height - 1)
    slope_x = (((1 - down) * (b - a) + down * (d - c)) * grads).sum(-1) * grid.inside * (width - 1)
    shares = []
    for count in grads.shape[1:3]:
        shares.append(np.arange(count) / (count - 1) if count > 1 else np.array([0.5]))
    y, x = shares[0][:, None], shares[1][None, :]
    parts = [slope_y * (1 - y), slope_x * (1 - x), slope_y * y, slope_x * x]
    return np.stack([p.sum((1, 2)) for p in parts], 1).astype(np.float32)


reference.kernel("CropAndResizeGradBoxes")(lambda ctx: _crop_grad_boxes)


# ---------------------------------------------------------------- suppression

_CANDIDATES = 64        # at a time

def _overlaps(boxes, others):
    """Intersection over union of each box with each of `others`; 0 for empty boxes."""
    low = np.maximum(boxes[:, None, :2], others[:, :2])
    high = np.minimum(boxes[:, None, 2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), -1)
    mine, theirs = (np.prod(b[:, 2:] - b[:, :2], -1) for b in (boxes, others))
    mine = mine[:, None]
    empty = (mine <= 0) | (theirs <= 0)
    return np.where(empty, 0, shared / np.where(empty, 1, mine + theirs - shared))


def _chosen(boxes, scores, count, limit, least):
    """Indices of the chosen boxes, best first: some candidates at a time, compared with those chosen and each other."""
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        fail("boxes must have 4 columns")
    if scores.shape != boxes.shape[:1]:
        fail("scores has incompatible shape")
    if not 0 <= limit <= 1:
        fail("iou_threshold must be in [0, 1]")
    boxes = boxes.astype(np.float32)
    order = np.argsort(-scores.astype(np.float32), kind="stable")
    order = order[scores[order] > least]
    ends = boxes[order].reshape(-1, 2, 2)
    corners = np.concatenate([ends.min(1), ends.max(1)], 1)
    chosen = []
    for first in range(0, len(order) if count > 0 else 0, _CANDIDATES):
        some = corners[first:first + _CANDIDATES]
        left = ~(_overlaps(some, corners[chosen]) > limit).any(1)
        alike = _overlaps(some, some) > limit
        for i in range(len(some)):
            if not left[i]:
                continue
            chosen.append(first + i)
            if len(chosen) == count:
                return order[chosen].astype(np.int32)
            left &= ~alike[i]
    return order[chosen].astype(np.int32)


@reference.kernel("NonMaxSuppression")
def suppression(ctx):
    """The threshold is an attribute."""
    limit = ctx.attr("iou_threshold")
    return lambda boxes, scores, count: _chosen(boxes, scores, int(count), limit, -np.inf)


reference.function("NonMaxSuppressionV2", lambda boxes, scores, count, limit: _chosen(
    boxes, scores, int(count), float(limit), -np.inf))
reference.function("NonMaxSuppressionV3", lambda boxes, scores, count, limit, least: _chosen(
    boxes, scores, int(count), float(limit), float(least)))


@reference.kernel("NonMaxSuppressionV4")
def padded_suppression(ctx):
    """Also says how many are chosen, and pads if asked for."""
    pad = ctx.attr("pad_to_max_output_size")

    def run(boxes, scores, count, limit, least):
        chosen = _chosen(boxes, scores, int(count), float(limit), float(least))
        valid = np.int32(len(chosen))
        if pad:
            chosen = np.pad(chosen, (0, int(count) - len(chosen)))
        return chosen, np.asarray(valid)

    return run
