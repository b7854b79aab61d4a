"""Encoding images as PNG, without a library: what image summaries need. Holds no state."""

import struct
import zlib

import numpy as np

# Channels -> PNG's colour type.
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def encode_png(image, level=-1):
    """The bytes of a PNG file of a uint8 or uint16 array [height, width, channels] with 1 to 4 channels.

    `level` is zlib's. Raises ValueError for another number of channels.
    """
    height, width, channels = image.shape
    if channels not in _COLOUR_TYPES:
        raise ValueError(f"a PNG image has 1 to 4 channels, not {channels}")
    values = np.ascontiguousarray(image, image.dtype.newbyteorder(">")).view(np.uint8)
    rows = np.empty([height, 1 + width * channels * image.dtype.itemsize], np.uint8)
    rows[:, 0] = 0  # every row begins with the number of its filter: none
    rows[:, 1:] = values.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8 * image.dtype.itemsize, _COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), level)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
