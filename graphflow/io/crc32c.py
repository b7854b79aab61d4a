"""CRC-32C (Castagnoli) checksums and the masked form that is stored in files. Holds no state."""

import google_crc32c

_MASK_DELTA = 0xA282EAD8
_CHUNK = 1 << 20


def crc32c(data, crc=0):
    """Returns the CRC-32C of a bytes-like object, going on from the checksum `crc`."""
    if isinstance(data, bytes):
        return google_crc32c.extend(crc, data)
    # The library takes nothing but bytes; pieces keep the copies of a large buffer small.
    view = memoryview(data).cast("B")
    for start in range(0, len(view), _CHUNK):
        crc = google_crc32c.extend(crc, bytes(view[start : start + _CHUNK]))
    return crc


def mask(crc):
    """Returns the stored form of a checksum: rotated and shifted.

    A checksum over bytes that contain plain checksums would be weak, hence the disguise.
    """
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def unmask(masked):
    """Returns the checksum whose stored form is `masked`."""
    rotated = (masked - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def masked_crc32c(data):
    """Returns `mask(crc32c(data))`."""
    return mask(crc32c(data))
