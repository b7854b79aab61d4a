"""Elementwise functions of one tensor, and their gradients. Holds no state."""

from ..registry import cuda
from .elementwise import FLOATS, NUMBERS, op

cuda.kernel("Neg", "Square", "Sign", "Abs", T=NUMBERS)(op)
cuda.kernel("Exp", "Expm1", "Log", "Log1p", "Tanh", "Sigmoid", "Sqrt", "Rsqrt", "Reciprocal", "Inv",
            "Floor", "Ceil", "Rint", "Round", "Sin", "Cos", T=FLOATS)(op)
cuda.kernel("TanhGrad", "SigmoidGrad", "SqrtGrad", "RsqrtGrad", "InvGrad", "ReciprocalGrad",
            T=FLOATS)(op)
