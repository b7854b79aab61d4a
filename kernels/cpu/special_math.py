"""Special functions that the C library has. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, op
from .trigonometry import of_few

cpu.kernel("Erf", "Erfc", "Lgamma", T=FLOATS)(op)
cpu.kernel("Atan2", T=FLOATS)(of_few)
