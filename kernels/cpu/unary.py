"""Elementwise functions of one tensor, and their gradients. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, NUMBERS, op

cpu.kernel("Neg", "Square", "Sign", "Abs", T=NUMBERS)(op)
cpu.kernel("Exp", "Expm1", "Log", "Log1p", "Tanh", "Sigmoid", "Sqrt", "Rsqrt", "Reciprocal", "Inv",
           "Floor", "Ceil", "Rint", "Round", "Sin", "Cos", T=FLOATS)(op)
cpu.kernel("TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad", "InvGrad", "ReciprocalGrad",
           T=FLOATS)(op)
