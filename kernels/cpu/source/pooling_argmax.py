"""Pooling that says where maxima come from, and its gradients, channels last. Hold no state."""

import numpy as np
from numba import types

from .memory import TYPES, load, peek, store


def forward(dtype, index_type):
    """The largest entry of each window, by comparisons in order, and its position in its image (or in all of them).

    Words: out, positions, x, first and last row of windows, whether positions count all images, then the words of
    `pooling.py`.
    """
    kind, to = TYPES[dtype], TYPES[index_type]

    def kernel(block):
        out, places, x, first, last, counts_all = block[0], block[1], block[2], block[3], block[4], block[5]
        height, width, channels, rows, columns = block[6], block[7], block[8], block[9], block[10]
        window_h, window_w, stride_h, stride_w, above, before = (
            block[11], block[12], block[13], block[14], block[15], block[16])
        for line in range(first, last):
            image, begin = line // rows * height, line % rows * stride_h - above
            top, bottom = max(begin, 0), min(begin + window_h, height)
            for column in range(columns):
                left = max(column * stride_w - before, 0)
                right = min(column * stride_w - before + window_w, width)
                target = (line * columns + column) * channels
                for c in range(channels):
                    place = (top * width + left) * channels + c
                    best = load(x, image * width * channels + place, kind)
                    for row in range(top, bottom):
                        for tap in range(left, right):
                            here = (row * width + tap) * channels + c
                            value = load(x, image * width * channels + here, kind)
                            if value > best:
                                best, place = value, here
                    store(out, target + c, best)
                    store(places, target + c, to(place + (image * width * channels if counts_all else 0)))
        return types.int32(0)

    return kernel


def backward(dtype, index_type, gathers, code):
    """Each gradient added to the entry at its position; or, if it `gathers`, the gradient at each position.

    Words: 0 and 1 details of a failure, out, gradient, positions, images, positions of an image, numbers of an image,
    whether positions count all images. Fails with `code` for a position outside of all images.
    """
    kind, index_kind, gathers = TYPES[dtype], TYPES[index_type], gathers == "1"
    code, zero = types.int32(int(code)), np.dtype(dtype).type(0)

    def kernel(block):
        out, gradient, places, images, own, size, counts_all = (
            block[2], block[3], block[4], block[5], block[6], block[7], block[8])
        for i in range(images * own):
            place = types.int64(load(places, i, index_kind)) + (0 if counts_all else i // own * size)
            if place < 0 or place >= images * size:
                block[0], block[1] = i, place
                return code
        for i in range(0 if gathers else images * size):
            store(out, i, zero)
        for i in range(images * own):
            place = types.int64(load(places, i, index_kind)) + (0 if counts_all else i // own * size)
            if gathers:
                store(out, i, load(gradient, place, kind))
            else:
                store(out, place, kind(peek(out, place, kind) + load(gradient, i, kind)))
        return types.int32(0)

    return kernel
