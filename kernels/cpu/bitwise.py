"""Operations on the bits of integers. Holds no state."""

from ..registry import cpu
from .elementwise import INTEGERS, op

cpu.kernel("BitwiseAnd", "BitwiseOr", "BitwiseXor", "Invert", "LeftShift", "RightShift", T=INTEGERS)(op)
