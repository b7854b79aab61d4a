"""The error function. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, op

cpu.kernel("Erf", T=FLOATS)(op)
