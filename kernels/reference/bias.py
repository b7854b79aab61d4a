"""Reference kernels of `graphflow/ops/bias.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import shape_text


def _channel_axis(ctx):
    return 1 if ctx.has_attr("data_format") and ctx.attr("data_format") == b"NCHW" else -1


@reference.kernel("BiasAdd", "BiasAddV1")
def bias_add(ctx):
    """A vector is added along the channel axis."""
    axis = _channel_axis(ctx)

    def run(value, bias):
        if value.ndim < 2 or bias.shape != (value.shape[axis],):
            raise errors.InvalidArgumentError(
                None, None, "Must provide as many biases as the last dimension of the input tensor: "
                f"{shape_text(bias.shape)} vs. {shape_text(value.shape)}")
        if axis == 1:
            bias = bias.reshape((-1,) + (1,) * (value.ndim - 2))
        return value + bias

    return run


@reference.kernel("BiasAddGrad")
def bias_add_grad(ctx):
    """Sum over all axes but the channels'; half types are summed in float32."""
    axis = _channel_axis(ctx)

    def run(gradient):
        axes = tuple(i for i in range(gradient.ndim) if i != axis % gradient.ndim)
        wide = np.float32 if gradient.dtype.itemsize == 2 and gradient.dtype.kind not in "iu" else gradient.dtype
        return gradient.sum(axes, dtype=wide).astype(gradient.dtype)

    return run
