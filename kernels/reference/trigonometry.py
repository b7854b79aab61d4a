"""Reference kernels of `graphflow/ops/trigonometry.py`."""

import numpy as np

from ..registry import reference
from .elementwise import is_integer, quiet


def _cut_to_integer(function):
    """`function`; of integers computed in float64 and cut towards zero."""
    return lambda x: np.trunc(function(x.astype(np.float64))) if is_integer(x) else function(x)


for _op, _function in {
    "Tan": np.tan, "Asin": np.arcsin, "Acos": np.arccos, "Atan": np.arctan, "Sinh": np.sinh,
    "Cosh": np.cosh, "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh,
}.items():
    reference.kernel(_op)(quiet(_cut_to_integer(_function)))
