"""Reference kernel of `graphflow/ops/broadcasting.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import shape_text


def reduced_axes(x, y):
    """Axes of the broadcast of two shapes along which each of them was stretched.

    Equal shapes have none; otherwise an axis where both have size 1 counts for both.
    """
    x, y = [int(d) for d in x], [int(d) for d in y]
    if x == y:
        return [], []
    rank = max(len(x), len(y))
    padded_x, padded_y = [1] * (rank - len(x)) + x, [1] * (rank - len(y)) + y
    for a, b in zip(padded_x, padded_y):
        if a != b and a != 1 and b != 1:
            raise errors.InvalidArgumentError(
                None, None, f"Incompatible shapes: {shape_text(x)} vs. {shape_text(y)}")
    return ([i for i, d in enumerate(padded_x) if d == 1],
            [i for i, d in enumerate(padded_y) if d == 1])


@reference.kernel("BroadcastGradientArgs")
def broadcast_gradient_args(ctx):
    """The axes to sum gradients over, for each of two inputs."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(s0, s1):
        return tuple(np.array(axes, dtype) for axes in reduced_axes(s0, s1))

    return run
