"""The device's `math` for `kernels/scalar`: device functions over numbers of one dtype.

State: the functions made so far.
"""

import functools
import math

import numba
import numpy as np
from numba import cuda

from ...scalar import functions

SIMULATED = bool(numba.config.ENABLE_CUDASIM)


def device(function):
    """`function` as code that kernels can call. It must not use `cuda` itself."""
    return cuda.jit(device=True)(function)


@device
def where(condition, x, y):
    return x if condition else y


def _library(name, dtype):
    """The function `name` of CUDA's library for a dtype; NumPy's in the simulator.

    Python's own `math` would raise there where a device gives inf or NaN.
    """
    if SIMULATED:
        return math.erf if name == "erf" else getattr(np, name)
    if name in ("floor", "ceil", "rint"):       # `math`'s give integers
        from numba.cuda import libdevice
        return getattr(libdevice, name + "f" if dtype == "float32" else name)
    return getattr(math, name)


class CudaMath:
    """Functions and constants for device code over numbers of one dtype (a name)."""

    where = staticmethod(where)
    pow = staticmethod(lambda x, y: x ** y)

    def __init__(self, dtype):
        self._dtype = dtype
        self.pow = device(type(self).pow)

    def __getattr__(self, name):
        if name not in ("exp", "expm1", "log", "log1p", "tanh", "sqrt", "floor", "ceil", "rint",
                        "erf", "sin", "cos"):
            raise AttributeError(name)
        return _library(name, self._dtype)

    def const(self, number):
        """`number` as a constant of the dtype; an unsigned -1 wraps around, as in C."""
        return bool(number) if self._dtype == "bool" else np.array(number).astype(self._dtype)[()]

    @property
    def absolute(self):
        """The magnitude; NaN and -0.0 lose their sign."""
        if self._dtype.startswith("float"):
            return np.abs if SIMULATED else math.fabs
        zero = self.const(0)
        return device(lambda x: -x if x < zero else x)

    @property
    def sigmoid(self):
        """1 / (1 + exp(-x)), without overflow on either side."""
        exp, absolute, zero, one = self.exp, self.absolute, self.const(0), self.const(1)

        def sigmoid(x):
            small = exp(-absolute(x))
            return (small if x < zero else one) / (one + small)
        return device(sigmoid)

    @property
    def softplus(self):
        """log(1 + exp(x)), which is x or exp(x) where the rest is lost in rounding."""
        exp, log1p = self.exp, self.log1p
        high = self.const(-math.log(np.finfo(self._dtype).eps) - 2)
        low = self.const(-high)

        def softplus(x):
            if x > high:
                return x
            return exp(x) if x < low else log1p(exp(x))
        return device(softplus)


@functools.cache
def scalar(op, dtype):
    """The device function of an elementwise op for one dtype."""
    return device(functions.find(op, CudaMath(dtype)))


@functools.cache
def cast(dtype):
    """The device function that converts a number to `dtype`."""
    if dtype == "bool":
        return device(lambda x: x != 0)
    kind = np.dtype(dtype).type
    return device(lambda x: kind(x))


@functools.cache
def rounded(dtype):
    """The device function that gives a float as it is, rounded.

    The compiler may compute x * y + z in one rounding; not across an addition with a rounding mode
    of its own. A fused program so has the bits of its ops one by one.
    """
    if SIMULATED:
        return device(lambda x: x)
    from numba.cuda import libdevice
    add = libdevice.fadd_rn if dtype == "float32" else libdevice.dadd_rn
    zero = np.dtype(dtype).type(-0.0)
    return device(lambda x: add(x, zero))
