"""Reference kernel of `graphflow/ops/image_sampling.py`. Equal seeds give TensorFlow's parts."""

import numpy as np

from ..registry import reference
from ..streams import op_stream
from .array_checks import debug, fail
from .philox import blocks_at, unit_float32

_EPSILON = 1e-7


class _Words:
    """The words of a stretch of a stream, one after the other."""

    def __init__(self, position):
        self._position = position
        self._block, self._left = 0, []

    def word(self):
        """The next 32 bits."""
        if not self._left:
            self._left = blocks_at(self._position, np.array([self._block], np.uint64))[0].tolist()
            self._block += 1
        return self._left.pop(0)

    def unit(self):
        """A float32 in [0, 1)."""
        return unit_float32(np.array([self.word()], np.uint32))[0]

    def below(self, limit):
        """An integer in [0, limit), without bias."""
        if limit & (limit - 1) == 0:
            return self.word() & (limit - 1)
        rejected = 0xFFFFFFFF % limit + 1
        word = self.word()
        while word < rejected:
            word = self.word()
        return word % limit


def _rounded(value):
    return int(np.rint(np.float32(value)))


def _crop(width, height, area_range, ratio, words):
    """(x, y, width, height) of a part with about this ratio, or None if there is none."""
    least, most = (np.float32(bound) * np.float32(width) * np.float32(height) for bound in area_range)
    if most <= 0 or ratio <= 0 or width <= 0 or height <= 0 or least > most:
        return None
    low, high = _rounded(np.sqrt(least / ratio)), _rounded(np.sqrt(most / ratio))
    if _rounded(high * ratio) > width:
        high = int((width + 0.5 - _EPSILON) / ratio)
        high -= _rounded(high * ratio) > width
    high = min(high, height)
    low = min(low, high)
    rows = low + (words.below(high - low + 1) if low < high else 0)
    columns = _rounded(rows * ratio)
    # Rounding may have led out of the range; one row more or less leads back.
    if columns * rows < least:
        rows += 1
        columns = _rounded(rows * ratio)
    if columns * rows > most:
        rows -= 1
        columns = _rounded(rows * ratio)
    if not least <= columns * rows <= most or not 0 < columns <= width or not 0 < rows <= height:
        return None
    y = words.below(height - rows) if rows < height else 0
    x = words.below(width - columns) if columns < width else 0
    return x, y, columns, rows


def _covers(crop, boxes, least):
    """Whether the crop shows the fraction `least` of one of the boxes (x, y, x, y)."""
    x, y, columns, rows = crop
    for left, top, right, bottom in boxes:
        area = (right - left) * (bottom - top)
        if area < 1:
            continue
        shared = max(min(x + columns, right) - max(x, left), 0) * max(min(y + rows, bottom) - max(y, top), 0)
        if np.float32(shared) / np.float32(area) >= least:
            return True
    return False


def _pixels(boxes, width, height):
    """Boxes as fractions (y, x, y, x) in pixels (x, y, x, y)."""
    if boxes.size and not ((boxes >= 0) & (boxes <= 1)).all():
        fail(f"All bounding box coordinates must be in [0.0, 1.0]: {boxes.min() if boxes.min() < 0 else boxes.max()}")
    scale = np.array([height, width, height, width], np.float32)
    return (boxes.reshape(-1, 4) * scale).astype(np.int32)[:, [1, 0, 3, 2]].tolist()


@reference.kernel("SampleDistortedBoundingBoxV2")
def sample(ctx):
    """Draws parts until one covers enough."""
    stream, attempts = op_stream(ctx), ctx.attr("max_attempts")
    ratios, areas = (np.float32(ctx.attr(name)) for name in ("aspect_ratio_range", "area_range"))
    use_image = ctx.attr("use_image_if_no_bounding_boxes")
    if len(ratios) != 2 or not 0 < ratios[0] <= ratios[1]:
        fail(f"aspect_ratio_range must be two ascending positive numbers, got {ratios.tolist()}")
    if len(areas) != 2 or not 0 <= areas[0] < areas[1] <= 1:
        fail(f"area_range must be two ascending numbers in [0, 1], got {areas.tolist()}")
    if attempts <= 0:
        fail(f"Max attempts must be positive: {attempts}")

    def run(image_size, boxes, least):
        if image_size.shape != (3,):
            fail(f"image_size must contain 3 elements {debug(image_size.shape)}")
        if not 0 <= least <= 1:
            fail(f"Min object covered must be in [0.0, 1.0]: {least}")
        height, width = int(image_size[0]), int(image_size[1])
        found = _pixels(boxes, width, height)
        if not found:
            if not use_image:
                fail("No bounding boxes provided as input. One must enable use_image_if_no_bounding_boxes if you wish "
                     "to not provide any bounding boxes.")
            found = [(0, 0, width, height)]
        words = _Words(stream.reserve_blocks(attempts))
        crop = (0, 0, width, height)
        for _ in range(attempts):
            ratio = words.unit() * (ratios[1] - ratios[0]) + ratios[0]
            drawn = _crop(width, height, areas, ratio, words)
            if drawn is not None and _covers(drawn, found, least):
                crop = drawn
                break
        x, y, columns, rows = crop
        box = np.array([y / height, x / width, (y + rows) / height, (x + columns) / width], np.float32)
        kind = image_size.dtype
        return np.array([y, x, 0], kind), np.array([rows, columns, -1], kind), box.reshape(1, 1, 4)

    return run
