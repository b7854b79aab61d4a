"""The cpu's `math` for `kernels/scalar`, and how its functions enter kernels. Holds no state."""

import math

import numba
import numpy as np

from ...scalar import functions
from . import vector_math

inline = numba.njit(forceinline=True, error_model="numpy")


@inline
def _absolute_integer(x):
    return -x if x < 0 else x


class CpuMath:
    """Functions and constants for kernels over elements of one dtype (a name)."""

    def __init__(self, dtype):
        self._kind = np.dtype("uint8" if dtype == "bool" else dtype).type
        self._integer = np.issubdtype(self._kind, np.integer)
        single = dtype == "float32"
        self.exp, self.expm1 = vector_math.exp, vector_math.expm1
        self.log, self.log1p = vector_math.log, vector_math.log1p
        self.tanh, self.sigmoid = vector_math.tanh, vector_math.sigmoid
        self.softplus, self.sqrt = vector_math.softplus, vector_math.sqrt
        self.floor, self.ceil, self.rint = vector_math.floor, vector_math.ceil, vector_math.rint
        self.erf = vector_math.erf_single if single else math.erf
        self.sin, self.cos, self.pow = math.sin, math.cos, math.pow
        self.absolute = _absolute_integer if self._integer else vector_math.fabs

    def const(self, value):
        """`value` as a constant of the dtype: Numba takes a bare 0.5 for a float64."""
        return self._kind(value)


def scalar_function(op, dtype):
    """The scalar function of `op` over `dtype`, to be called in a kernel."""
    return inline(functions.find(op, CpuMath(dtype)))
