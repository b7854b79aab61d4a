"""Reference kernels of `graphflow/ops/bitwise.py`."""

import numpy as np

from ..registry import reference
from .elementwise import broadcasting, quiet


def _places(x, y):
    return np.clip(y, 0, x.dtype.itemsize * 8 - 1).astype(x.dtype)


def population_count(x):
    """Number of set bits."""
    raw = np.ascontiguousarray(x).view(np.uint8).reshape(*x.shape, x.dtype.itemsize)
    return np.unpackbits(raw, axis=-1).sum(axis=-1, dtype=np.uint8)


for _op, _function in {
    "BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor,
    "LeftShift": lambda x, y: np.left_shift(x, _places(x, y)),
    "RightShift": lambda x, y: np.right_shift(x, _places(x, y)),
}.items():
    reference.kernel(_op)(broadcasting(_function))

reference.kernel("Invert")(quiet(np.invert))
reference.kernel("PopulationCount")(quiet(population_count))
