"""Reference kernels of `graphflow/ops/clip_ops.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference


@reference.kernel("ClipByValue")
def clip_by_value(ctx):
    """The larger of the lower limit and what is left of `t`; limits are whole or scalars."""

    def run(t, low, high):
        for name, limit in (("clip_value_min", low), ("clip_value_max", high)):
            if limit.ndim and limit.shape != t.shape:
                raise errors.InvalidArgumentError(
                    None, None, f"{name} must be either a scalar or of the same shape as input. "
                    f"{name}.shape = {list(limit.shape)} input.shape = {list(t.shape)}")
        return np.maximum(np.minimum(t, high), low)

    return run
