"""Reference kernels of `graphflow/ops/no_nan.py`."""

import numpy as np

from ..registry import reference
from .elementwise import broadcasting


def _zero_where(condition, value):
    return np.where(condition, np.zeros((), value.dtype), value)


for _op, _function in {
    "MulNoNan": lambda x, y: _zero_where(y == 0, x * y),
    "DivNoNan": lambda x, y: _zero_where(y == 0, np.divide(x, y)),
    "Xdivy": lambda x, y: _zero_where(x == 0, np.divide(x, y)),
    "Xlogy": lambda x, y: _zero_where(x == 0, x * np.log(y)),
}.items():
    reference.kernel(_op)(broadcasting(_function))
