"""Checksums: published values, masking, buffers that are not bytes."""

import numpy as np

from graphflow.io.crc32c import crc32c, mask, masked_crc32c, unmask


def test_published_values():
    # RFC 3720, appendix B.4.
    assert crc32c(b"\x00" * 32) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283


def test_going_on():
    assert crc32c(b"456789", crc32c(b"123")) == crc32c(b"123456789")


def test_mask():
    for crc in (0, 1, 0xE3069283, 0xFFFFFFFF):
        assert unmask(mask(crc)) == crc != mask(crc)
    assert masked_crc32c(b"123456789") == mask(0xE3069283)


def test_large_array():
    data = np.arange(3 << 20, dtype=np.uint8)
    assert crc32c(data) == crc32c(data.tobytes())
