"""Special functions. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, op
from .trigonometry import of_few

cpu.kernel("Erf", "Erfc", "Lgamma", "Digamma", T=FLOATS)(op)
cpu.kernel("Atan2", T=FLOATS)(of_few)
