"""Trigonometric and hyperbolic functions, of the C library. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, op

cpu.kernel("Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", T=FLOATS)(op)
