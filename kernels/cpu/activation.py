"""Activations and their gradients. Holds no state."""

from ..registry import cpu
from .elementwise import FLOATS, op

cpu.kernel("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign", "ReluGrad", "Relu6Grad",
           "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad", T=FLOATS)(op)


@cpu.kernel("LeakyRelu", "LeakyReluGrad", T=FLOATS)
def leaky_relu(ctx):
    return op(ctx, ctx.attr("alpha"))
