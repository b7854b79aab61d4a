"""Activations and their gradients. Holds no state."""

from ..registry import cuda
from .elementwise import FLOATS, op

cuda.kernel("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign", "ReluGrad", "Relu6Grad",
            "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad", T=FLOATS)(op)


@cuda.kernel("LeakyRelu", "LeakyReluGrad", T=FLOATS)
def leaky_relu(ctx):
    return op(ctx, ctx.attr("alpha"))
