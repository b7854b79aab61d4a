"""What the reference kernels of elementwise ops share. Holds no state and registers no kernels.

NumPy's warnings (overflow, division by zero, invalid) are silenced: TensorFlow computes silently.
Results have exactly the op's dtype, also where NumPy would answer with a scalar or promote.
"""

import numpy as np

from graphflow.framework import errors


def quiet(function):
    """A maker for an attribute-free op with one output, from a function on arrays."""

    def maker(ctx):
        dtype = ctx.output_dtypes[0].as_numpy_dtype

        def run(*inputs):
            with np.errstate(all="ignore"):
                return np.asarray(function(*inputs), dtype)

        return run

    return maker


def broadcasting(function):
    """Like `quiet`, for two inputs that broadcast; shapes that don't fit are an error."""
    maker = quiet(function)

    def checked_maker(ctx):
        run = maker(ctx)

        def checked(x, y):
            if x.shape != y.shape:
                check_broadcast(x.shape, y.shape)
            return run(x, y)

        return checked

    return checked_maker


def check_broadcast(x, y):
    """InvalidArgumentError unless two full shapes broadcast."""
    for a, b in zip(reversed(x), reversed(y)):
        if a != b and a != 1 and b != 1:
            raise errors.InvalidArgumentError(
                None, None, f"Incompatible shapes: {shape_text(x)} vs. {shape_text(y)}")


def shape_text(shape):
    """A shape as TensorFlow's messages write it: `[2,3]`."""
    return "[" + ",".join(map(str, shape)) + "]"


def is_integer(array):
    """Whether an array holds integers."""
    return array.dtype.kind in "iu"


def in_single(function):
    """`function` for types narrower than float32 computed in float32, which rounds once."""

    def wide(*inputs):
        if inputs[0].dtype.itemsize == 2 and inputs[0].dtype.kind not in "iu":
            return function(*(x.astype(np.float32) for x in inputs))
        return function(*inputs)

    return wide
