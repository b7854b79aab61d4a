"""Elementwise functions of one tensor, and their gradients. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, NUMBERS, binary, unary

cpu.kernel("Neg", "Square", "Sign", "Abs", T=NUMBERS)(unary)
cpu.kernel("Exp", "Expm1", "Log", "Log1p", "Tanh", "Sigmoid", "Sqrt", "Rsqrt", "Reciprocal", "Inv",
           "Floor", "Ceil", "Rint", "Round", "Erf", "Sin", "Cos", T=FLOATS)(unary)
cpu.kernel("LogicalNot")(unary)
cpu.kernel("TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad", "InvGrad", "ReciprocalGrad",
           T=FLOATS)(binary)
