"""Reference kernels of the random ops: where streams meet shapes.

Holds no state: an op's stream is a session resource of `kernels/streams.py`. The numbers themselves
come from `philox` and `philox_rejection`.
"""

import math

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from ..streams import op_stream
from . import philox, philox_rejection
from .gamma_gradient import gamma_sample_gradient


def shape_dims(shape):
    """A shape tensor's value as a tuple of ints; InvalidArgumentError if it is no shape."""
    if shape.ndim != 1:
        raise errors.InvalidArgumentError(
            None, None, f"shape must be a vector of {{int32,int64}}, got shape {list(shape.shape)}")
    dims = tuple(shape.tolist())
    for dim in dims:
        if dim < 0:
            raise errors.InvalidArgumentError(None, None, f"Dimension {dim} must be >= 0")
    return dims


def _simple(op_type, draw):
    @reference.kernel(op_type)
    def make(ctx):
        stream = op_stream(ctx)
        dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)

        def run(shape):
            dims = shape_dims(shape)
            size = math.prod(dims)
            return draw(stream.reserve_outputs(size), size, dtype).reshape(dims)

        return run


_simple("RandomUniform", philox.uniform)
_simple("RandomStandardNormal", philox.standard_normal)
_simple("TruncatedNormal", philox.truncated_normal)


@reference.kernel("RandomUniformInt")
def random_uniform_int(ctx):
    """Integers in [minval, maxval); an empty result draws nothing and checks no bounds."""
    stream = op_stream(ctx)
    dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)

    def run(shape, minval, maxval):
        for name, bound in (("minval", minval), ("maxval", maxval)):
            if bound.ndim:
                raise errors.InvalidArgumentError(
                    None, None, f"{name} must be 0-D, got shape {list(bound.shape)}")
        dims = shape_dims(shape)
        size = math.prod(dims)
        if size == 0:
            return np.empty(dims, dtype)
        low, high = int(minval), int(maxval)
        if low >= high:
            raise errors.InvalidArgumentError(
                None, None, f"Need minval < maxval, got {low} >= {high}")
        drawn = philox.uniform_int(stream.reserve_outputs(size), size, low, high, dtype)
        return drawn.reshape(dims)

    return run


@reference.kernel("RandomShuffle")
def random_shuffle(ctx):
    """Rows in random order; fewer than two rows draw nothing."""
    stream = op_stream(ctx)

    def run(value):
        if value.size <= 1 or value.shape[0] <= 1:
            return value
        rows = value.shape[0]
        position = stream.reserve_blocks(philox.permutation_blocks(rows))
        return value[philox.permutation(position, rows)]

    return run


@reference.kernel("Multinomial")
def multinomial(ctx):
    """Class indices drawn by inverting each row's cumulative distribution."""
    stream = op_stream(ctx)
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(logits, num_samples):
        if logits.ndim != 2:
            raise errors.InvalidArgumentError(
                None, None, f"logits should be a matrix, got shape {list(logits.shape)}")
        if num_samples.ndim:
            raise errors.InvalidArgumentError(
                None, None, f"num_samples should be a scalar, got shape {list(num_samples.shape)}")
        count = int(num_samples)
        if count < 0:
            raise errors.InvalidArgumentError(
                None, None, f"num_samples should be nonnegative, got {count}")
        batch, classes = logits.shape
        if classes == 0:
            raise errors.InvalidArgumentError(
                None, None, f"num_classes should be positive, got {classes}")
        if batch == 0 or count == 0:
            return np.empty((batch, count), dtype)
        # Two words per draw, and each row's share rounded up to whole blocks.
        position = stream.reserve_outputs(batch * (-(-count // 4) * 4) * 2)
        return philox_rejection.categorical(position, logits, count).astype(dtype, copy=False)

    return run


@reference.kernel("RandomGamma")
def random_gamma(ctx):
    """Standard gamma draws, in double precision inside."""
    stream = op_stream(ctx)
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(shape, alpha):
        dims = shape_dims(shape)
        count = math.prod(dims)
        if count * alpha.size == 0:
            return np.empty(dims + alpha.shape, dtype)
        position = stream.reserve_outputs(count * alpha.size)
        drawn = philox_rejection.gamma(position, count, alpha.astype(np.float64).ravel())
        return _rounded(drawn, dtype).reshape(dims + alpha.shape)

    return run


@reference.kernel("RandomPoisson", "RandomPoissonV2")
def random_poisson(ctx):
    """Poisson draws, in double precision inside."""
    stream = op_stream(ctx)
    dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)
    highest = float(np.iinfo(dtype).max if dtype.kind == "i" else np.finfo(dtype).max)

    def run(shape, rate):
        dims = shape_dims(shape)
        count = math.prod(dims)
        if count * rate.size == 0:
            return np.empty(dims + rate.shape, dtype)
        position = stream.reserve_outputs(count * rate.size)
        drawn = philox_rejection.poisson(position, count, rate.astype(np.float64).ravel(), highest)
        with np.errstate(invalid="ignore"):      # a NaN rate has no integer sample
            return _rounded(drawn, dtype).reshape(dims + rate.shape)

    return run


def _rounded(values, dtype):
    """Doubles as `dtype`; to half by way of single precision, as the C++ conversion does."""
    if dtype == np.float16:
        values = values.astype(np.float32)
    return values.astype(dtype)


@reference.kernel("RandomGammaGrad")
def random_gamma_grad(ctx):
    """Derivative of a gamma sample with respect to alpha."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(alpha, sample):
        a, x = np.broadcast_arrays(alpha.astype(np.float64), sample.astype(np.float64))
        return gamma_sample_gradient(a, x).astype(dtype)

    return run
