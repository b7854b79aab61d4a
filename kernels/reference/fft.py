"""Reference kernels of `graphflow/ops/fft.py`: NumPy's transforms."""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail


def _register(rank, suffix):
    axes = tuple(range(-rank, 0))

    def complex_op(name, function):
        def run(x):
            return function(x, axes=axes).astype(x.dtype) if x.size else x

        reference.function(name + suffix, run)

    def real_op(name, function, dtype, halved):
        def run(x, length):
            if length.shape != (rank,):
                fail(f"fft_length must have shape [{rank}]")
            if (length < 0).any():
                fail("fft_length must be >= 0")
            sizes = tuple(length.tolist())
            needed = (*sizes[:-1], sizes[-1] // 2 + 1) if halved else sizes
            for axis, size in zip(axes, needed):
                if x.shape[axis] < size:
                    fail(f"Input dimension {axis % x.ndim} must have length of at least {size} but got: "
                         f"{debug(x.shape)}")
            x = x[(..., *[slice(0, n) for n in needed])]
            if not x.size or 0 in sizes:
                result = sizes if halved else (*sizes[:-1], sizes[-1] // 2 + 1 if sizes[-1] else 0)
                return np.zeros((*x.shape[:-rank], *result), dtype)
            return function(x, sizes, axes).astype(dtype)

        reference.function(name + suffix, run)

    complex_op("FFT", np.fft.fftn)
    complex_op("IFFT", np.fft.ifftn)
    real_op("RFFT", np.fft.rfftn, np.complex64, False)
    real_op("IRFFT", np.fft.irfftn, np.float32, True)


_register(1, "")
_register(2, "2D")
_register(3, "3D")
