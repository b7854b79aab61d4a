"""Activations and their gradients. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, binary, binary_parameter, unary, unary_parameter

cpu.kernel("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign", T=FLOATS)(unary)
cpu.kernel("ReluGrad", "Relu6Grad", "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad",
           T=FLOATS)(binary)


@cpu.kernel("LeakyRelu", T=FLOATS)
def leaky_relu(ctx):
    return unary_parameter(ctx, ctx.attr("alpha"))


@cpu.kernel("LeakyReluGrad", T=FLOATS)
def leaky_relu_grad(ctx):
    return binary_parameter(ctx, ctx.attr("alpha"))
