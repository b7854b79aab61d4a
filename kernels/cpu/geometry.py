"""How the windows of convolutions slide over images and volumes, channels last. Registers nothing itself, holds no
state."""

from typing import NamedTuple

from graphflow.framework import windows

from ..registry import Scratch

_BAND_BYTES = 1 << 17       # of padded rows: they stay in the cache beside weights and outputs
_OVERREAD = 64              # numbers that tiles may read past a band and throw away
_MULTIPLY_ADDS_PER_STEP = 8     # of a vector kernel in the time of one cheap element


class Depth(NamedTuple):
    """How windows of `slices` slide along the depth of volumes: `size` slices, for `out` of them."""

    size: int = 1
    out: int = 1
    slices: int = 1
    stride: int = 1
    dilation: int = 1
    front: int = 0
    gap: int = 1


class Geometry:
    """How the windows of a convolution slide over its images, height then width in every pair.

    `images` (N, H, W, C), of N volumes any slice; `kernel` (R, S), `outputs` (OH, OW), `pads` (top, left); `gaps`: the
    images' rows and columns are taken as so far apart, with zeros between. `depth` is the Depth.
    """

    def __init__(self, images, kernel, outputs, strides, dilations, pads, gaps=(1, 1), depth=Depth()):
        self.images, self.kernel, self.outputs = images, kernel, outputs
        self.strides, self.dilations, self.pads, self.gaps = strides, dilations, pads, gaps
        self.depth, self.rows, self.planes = depth, kernel[0] * depth.slices, images[0] * depth.out
        spread = [(size - 1) * gap + 1 for size, gap in zip(images[1:3], gaps, strict=True)]
        self._needed = [(out - 1) * stride + (window - 1) * dilation + 1 for out, stride, window, dilation
                        in zip(outputs, strides, kernel, dilations, strict=True)]
        self.is_padded = depth != Depth() or any(pads) or gaps != (1, 1) or any(
            n > s for n, s in zip(self._needed, spread, strict=True))
        contiguous = dilations[1] == 1
        channels = images[3]
        self.segments = 1 if contiguous else kernel[1]
        self.length = (kernel[1] if contiguous else 1) * channels

    @property
    def taps(self):
        """Numbers in a window."""
        return self.rows * self.segments * self.length

    def turned_round(self, outputs):
        """The Geometry of what gives the gradient of images, from that of `outputs` channels; None if there is none."""
        depth = self.depth
        pads = tuple((window - 1) * dilation - before for window, dilation, before
                     in zip(self.kernel, self.dilations, self.pads, strict=True))
        front = (depth.slices - 1) * depth.dilation - depth.front
        if min(*pads, front) < 0:
            return None
        back = Depth(depth.out, depth.size, depth.slices, 1, depth.dilation, front, depth.stride)
        return Geometry((self.images[0], *self.outputs, outputs), self.kernel, self.images[1:3], (1, 1), self.dilations,
                        pads, self.strides, back)

    def band_rows(self, size, parts=1):
        """Output rows that are done together: as many as the cache holds, at least so few that
        there are `parts` bands of all images."""
        line = max(1, self._needed[1] * self.images[3] * size * self.depth.slices)
        fitting = (_BAND_BYTES // line - self.kernel[0] * self.dilations[0]) // self.strides[0]
        bands = max(1, -(-self.outputs[0] // max(1, fitting)), -(-parts // max(1, self.planes)))
        return -(-self.outputs[0] // min(bands, self.outputs[0]))

    def words(self, rows, size, must_copy=False):
        """(bands per image, the words IMAGE of source/conv.py) for bands of `rows`."""
        bands = -(-self.outputs[0] // rows)
        copied = must_copy or self.is_padded
        lines = ((rows - 1) * self.strides[0] + (self.kernel[0] - 1) * self.dilations[0] + 1) * self.depth.slices
        nbytes = lines * self._needed[1] * self.images[3] * size + _OVERREAD * size
        (down, across), (top, left), slices = self.strides, self.pads, self.depth.slices
        return bands, [*self.images[1:], bands, rows, *self.outputs, down * slices, across, top * slices, left,
                       *self.gaps, self._needed[1] if copied else 0, self.rows, self.segments, self.length,
                       self.dilations[1] * self.images[3], self.dilations[0],
                       Scratch(nbytes if copied else 0), *self.depth]


def geometry_of(ctx, images, filters, out):
    """The Geometry of the forward convolution of these shapes, or None where it is not ours."""
    depthwise, rank = ctx.op_type.startswith("Depthwise"), len(images)
    if ctx.attr("data_format") not in (b"NHWC", b"NDHWC") or images[-1] != filters[-2]:
        return None
    strides, dilations = ctx.attr("strides"), ctx.attr("dilations")
    if any(v[i] != 1 for v in (strides, dilations) for i in (0, -1)) or not all((*images, *filters, *out)):
        return None
    pairs = windows.explicit_pairs(ctx.attrs.get("explicit_paddings"), rank)
    before, sizes = [], []
    for i in range(1, rank - 1):
        window = filters[i - 1], strides[i], ctx.attr("padding"), dilations[i], *pairs[i]
        before.append(windows.margins(images[i], *window)[0])
        sizes.append(windows.output_size(images[i], *window))
    if (images[0], *sizes, filters[-1] * (filters[-2] if depthwise else 1)) != tuple(out):
        return None     # the reference kernel words the error
    if rank == 5:
        return _of_volumes(images, filters[:3], sizes, strides[1:4], dilations[1:4], before)
    return Geometry(tuple(images), tuple(filters[:2]), tuple(sizes), tuple(strides[1:3]),
                    tuple(dilations[1:3]), tuple(before))


def _of_volumes(volumes, kernel, outputs, strides, dilations, pads):
    """The Geometry of volumes: one of images where no window meets more than a slice; None for distant rows."""
    count, size, *image = volumes
    depth = Depth(size, outputs[0], kernel[0], strides[0], dilations[0], pads[0])
    if kernel[0] == strides[0] == 1 and outputs[0] == size:
        count, depth = count * size, Depth()
    elif dilations[1] != 1:
        return None
    return Geometry((count, *image), *(tuple(numbers[1:]) for numbers in (kernel, outputs, strides, dilations, pads)),
                    depth=depth)


def bounds(total, parts):
    parts = max(1, min(parts, total))
    marks = [total * k // parts for k in range(parts + 1)]
    return list(zip(marks, marks[1:], strict=False))


def parts_of(cost, threads):
    """In how many parts a step of so many multiply-adds (of vectors) is done."""
    return 2 * threads if threads > 1 and cost * _MULTIPLY_ADDS_PER_STEP >= 1_000_000 else 1
