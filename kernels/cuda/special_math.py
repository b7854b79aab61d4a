"""The error function. Holds no state."""

from ..registry import cuda
from .elementwise import FLOATS, op

cuda.kernel("Erf", T=FLOATS)(op)
