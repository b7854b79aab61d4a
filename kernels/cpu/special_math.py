"""Special functions that the C library has. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, op

cpu.kernel("Erf", "Erfc", "Lgamma", "Atan2", T=FLOATS)(op)
