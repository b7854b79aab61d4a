"""Reference kernels of `graphflow/ops/stateless_random.py`. Equal seeds give TensorFlow's numbers."""

import math

import numpy as np

from ..registry import reference
from ..streams import Position
from . import philox, philox_rejection
from .array_checks import debug, fail
from .random import shape_dims

_SCRAMBLER = 0x3EC8F720 | 0x02461E29 << 32
_MASK64 = (1 << 64) - 1


def stateless_position(seed):
    """The stream of a seed: both halves are mixed first, so that no seed is a weak one."""
    if seed.shape != (2,):
        fail(f"seed must have shape [2], not {debug(seed.shape)}")
    first, second = (int(part) & _MASK64 for part in seed)
    mixed = philox.blocks_at(Position(_SCRAMBLER, first | second << 64), np.zeros(1, np.uint64))[0].tolist()
    return Position(mixed[0] | mixed[1] << 32, (mixed[2] | mixed[3] << 32) << 64)


def _simple(op_type, draw):
    @reference.kernel(op_type)
    def make(ctx):
        dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)

        def run(shape, seed):
            dims = shape_dims(shape)
            return draw(stateless_position(seed), math.prod(dims), dtype).reshape(dims)

        return run


_simple("StatelessRandomUniform", philox.uniform)
_simple("StatelessRandomNormal", philox.standard_normal)
_simple("StatelessTruncatedNormal", philox.truncated_normal)


@reference.kernel("StatelessRandomUniformInt")
def uniform_int(ctx):
    """Integers in [minval, maxval)."""
    dtype = np.dtype(ctx.output_dtypes[0].as_numpy_dtype)

    def run(shape, seed, minval, maxval):
        dims = shape_dims(shape)
        for name, bound in (("minval", minval), ("maxval", maxval)):
            if bound.ndim:
                fail(f"{name} must be 0-D, got shape {debug(bound.shape)}")
        if not minval < maxval:
            fail(f"Need minval < maxval, got {minval} >= {maxval}")
        start = stateless_position(seed)
        return philox.uniform_int(start, math.prod(dims), int(minval), int(maxval), dtype).reshape(dims)

    return run


@reference.kernel("StatelessMultinomial")
def multinomial(ctx):
    """Classes by their logits."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(logits, count, seed):
        if logits.ndim != 2:
            fail(f"logits should be a matrix, got shape {debug(logits.shape)}")
        if count < 0:
            fail(f"num_samples should be nonnegative, got {count}")
        if not logits.shape[1]:
            fail("num_classes should be positive, got 0")
        if not logits.shape[0] or not count:
            return np.empty((logits.shape[0], int(count)), dtype)
        return philox_rejection.categorical(stateless_position(seed), logits, int(count)).astype(dtype)

    return run
