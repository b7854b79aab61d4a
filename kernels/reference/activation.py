"""Reference kernels of `graphflow/ops/activation.py`. Gradients are products, as TensorFlow's."""

import numpy as np

from ..registry import reference
from .elementwise import in_single, quiet

SELU_SCALE = 1.0507009873554804934193349852946
SELU_SCALE_ALPHA = 1.7580993408473768599402175208123


def _masked(gradients, mask):
    return gradients * mask.astype(gradients.dtype)


def relu(x):
    """`x`, and 0 below: never -0, of which NumPy may give either."""
    zero = x.dtype.type(0)
    return np.maximum(x, zero) + zero


def relu6(x):
    """`x` clipped to [0, 6]."""
    return np.minimum(relu(x), x.dtype.type(6))


def elu(x):
    """exp(x) - 1 below 0."""
    return np.where(x < 0, np.expm1(x), x)


def elu_grad(gradients, y):
    """From the output: its slope below 0 is y + 1."""
    return np.where(y < 0, (y + 1) * gradients, gradients)


def selu(x):
    """Scaled `elu`."""
    dtype = x.dtype.type
    return np.where(x < 0, dtype(SELU_SCALE_ALPHA) * np.expm1(x), dtype(SELU_SCALE) * x)


def selu_grad(gradients, y):
    """From the output."""
    dtype = y.dtype.type
    return np.where(y < 0, gradients * (y + dtype(SELU_SCALE_ALPHA)), gradients * dtype(SELU_SCALE))


def softplus(x):
    """log(1 + exp(x)), which is x where exp(-x) is lost in rounding, exp(x) where exp(x) is."""
    threshold = -np.log(np.finfo(x.dtype).eps) - 2
    return np.where(x > threshold, x, np.where(x < -threshold, np.exp(x), np.log1p(np.exp(x))))


def softsign_grad(gradients, x):
    """gradients / (1 + |x|)^2."""
    grown = 1 + np.abs(x)
    return gradients / (grown * grown)


def _with_alpha(function):
    """A maker for an op whose float32 attribute `alpha` is the last argument of `function`."""

    def maker(ctx):
        # A half-precision kernel multiplies by the nearest half-precision number.
        alpha = np.asarray(ctx.attr("alpha"), np.float32).astype(ctx.input_dtypes[0].as_numpy_dtype)
        return quiet(in_single(lambda *inputs: function(*inputs, inputs[0].dtype.type(alpha))))(ctx)

    return maker


for _op, _function in {
    "Relu": relu,
    "ReluGrad": lambda g, x: _masked(g, x > 0),
    "Relu6": relu6,
    "Relu6Grad": lambda g, x: _masked(g, (x > 0) & (x < 6)),
}.items():
    reference.kernel(_op)(quiet(_function))

for _op, _function in {
    "Elu": elu,
    "EluGrad": elu_grad,
    "Selu": selu,
    "SeluGrad": selu_grad,
    "Softplus": softplus,
    "SoftplusGrad": lambda g, x: g / (np.exp(-x) + 1),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "SoftsignGrad": softsign_grad,
}.items():
    reference.kernel(_op)(quiet(in_single(_function)))

reference.kernel("LeakyRelu")(_with_alpha(lambda x, alpha: np.where(x > 0, x, x * alpha)))
reference.kernel("LeakyReluGrad")(_with_alpha(lambda g, x, alpha: np.where(x > 0, g, g * alpha)))
