"""Products and quotients that give 0 for a factor of 0. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, op

cpu.kernel("DivNoNan", "MulNoNan", "Xdivy", "Xlogy", T=FLOATS)(op)
