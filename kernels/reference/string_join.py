"""Reference kernel of `graphflow/ops/string_join.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import shape_text


@reference.kernel("StringJoin")
def string_join(ctx):
    """Joins element by element; scalars are repeated."""
    separator = ctx.attr("separator")

    def run(*inputs):
        shape = ()
        for array in inputs:
            if shape and array.shape and array.shape != shape:
                raise errors.InvalidArgumentError(
                    None,
                    None,
                    f"Input shapes do not match: {shape_text(shape)} vs. {shape_text(array.shape)}",
                )
            shape = shape or array.shape
        result = np.empty(shape, object)
        columns = [np.broadcast_to(array, shape).ravel() for array in inputs]
        result.ravel()[:] = [separator.join(items) for items in zip(*columns, strict=True)]
        return result

    return run
