"""Trigonometric and hyperbolic functions, of the C library. Holds no state."""

from math import prod

from ..registry import cpu
from .elementwise import FLOATS, op

# Numbers from which on NumPy, which has vectors of these, makes up for a step of Python.
_MANY = 4096


def of_few(ctx):
    """The kernel of such a function where there are not many numbers."""
    return op(ctx) if prod(ctx.output_shapes[0]) < _MANY else None


cpu.kernel("Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", T=FLOATS)(of_few)
