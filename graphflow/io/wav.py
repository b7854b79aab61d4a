"""Encoding sound as WAV with 16 bits a sample: what audio summaries need. Holds no state."""

import struct

import numpy as np


def encode_wav(samples, sample_rate):
    """The bytes of a WAV file of a float array [frames, channels] with values in [-1, 1].

    Values outside are clipped. `sample_rate` is in frames per second, an integer.
    """
    frames, channels = samples.shape
    scaled = samples.astype(np.float32) * np.float32(1 << 15)
    rounded = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))  # halves go away from zero
    data = np.clip(np.nan_to_num(rounded), -(1 << 15), (1 << 15) - 1).astype("<i2").tobytes()
    size = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, sample_rate, sample_rate * size, size, 16)
    body = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"data", data)
    return _chunk(b"RIFF", body)


def _chunk(kind, data):
    return kind + struct.pack("<I", len(data)) + data
