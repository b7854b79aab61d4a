"""Reference kernels of `graphflow/ops/complex_math.py`."""

import numpy as np

from ..registry import reference
from .elementwise import broadcasting, quiet

for _op, _function in {
    "ComplexAbs": np.abs, "Real": np.real, "Imag": np.imag, "Angle": np.angle, "Conj": np.conj,
}.items():
    reference.kernel(_op)(quiet(_function))


def _combine(real, imag):
    out = np.empty(np.broadcast_shapes(real.shape, imag.shape),
                   np.complex64 if real.dtype == np.float32 else np.complex128)
    out.real, out.imag = real, imag
    return out


reference.kernel("Complex")(broadcasting(_combine))
