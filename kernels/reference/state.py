"""Reference kernels of `graphflow/ops/state.py`.

Kernels get a variable's value in place of its reference or handle (None: no value yet) and return
new values as memory of their own. Declaring ops have none: the plan resolves them.
"""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .array_checks import check_range, debug, fail
from .state_scatter import check_index_vectors


@reference.kernel("Assign")
def assign(ctx):
    """The value, of the shape that the variable has (if it has one and that is checked)."""
    validate = ctx.attr("validate_shape")

    def run(ref, value):
        if validate and ref is not None and ref.shape != value.shape:
            fail("Assign requires shapes of both tensors to match. "
                 f"lhs shape= {debug(ref.shape)} rhs shape= {debug(value.shape)}")
        return value.copy()

    return run


reference.function("AssignVariableOp", lambda ref, value: value.copy())


def _update(function, message):
    def run(ref, value):
        if ref.shape != value.shape:
            fail(message.format(debug(ref.shape), debug(value.shape)))
        return np.asarray(function(ref, value), ref.dtype)

    return run


_REF_TEXT = "Parameters and update must be the same size: {} and {}"
_RESOURCE_TEXT = ("Cannot update variable with shape {} using a Tensor with shape {}, "
                  "shapes must be equal.")
reference.function("AssignAdd", _update(np.add, _REF_TEXT))
reference.function("AssignSub", _update(np.subtract, _REF_TEXT))
reference.function("AssignAddVariableOp", _update(np.add, _RESOURCE_TEXT))
reference.function("AssignSubVariableOp", _update(np.subtract, _RESOURCE_TEXT))


@reference.kernel("IsVariableInitialized", "VarIsInitializedOp")
def is_initialized(ctx):
    """Whether there is a value."""
    return lambda value: np.array(value is not None)


@reference.kernel("InitializedValue", "ResourceInitializedValue")
def initialized_value(ctx):
    """The variable's value, or the initial one if it has none."""
    return lambda value, initial: (initial if value is None else value).copy()


# A copy: what was read stays while later writes change the variable in place.
reference.function("ReadVariableOp", lambda value: value.copy())


@reference.kernel("VariableShape")
def variable_shape(ctx):
    """The shape as a vector."""
    dtype = ctx.attr("out_type").as_numpy_dtype
    return lambda value: np.array(value.shape, dtype)


@reference.kernel("CountUpTo", "ResourceCountUpTo")
def count_up_to(ctx):
    """The next value, and the one before it."""
    limit = ctx.attr("limit")

    def run(value):
        if value.ndim:
            fail(f"input is not a scalar: {debug(value.shape)}")
        if value >= limit:
            raise errors.OutOfRangeError(None, None, f"Reached limit of {limit}")
        return np.asarray(value + 1, value.dtype), value.copy()

    return run


@reference.kernel("ResourceGather")
def resource_gather(ctx):
    """Rows of a variable; with `batch_dims`, of each of its leading parts."""
    batch = ctx.attr("batch_dims")

    def run(value, indices):
        if value.ndim <= batch:
            fail(f"params must be at least {batch + 1} dimensional")
        if value.shape[:batch] != indices.shape[:batch]:
            fail(f"params.shape[:{batch}] {debug(value.shape[:batch])} must equal "
                 f"indices.shape[:{batch}] {debug(indices.shape[:batch])}")
        check_range("indices", indices, value.shape[batch])
        if not batch:
            return value[indices]
        leading = np.ogrid[tuple(slice(n) for n in value.shape[:batch])]
        extra = (1,) * (indices.ndim - batch)
        return value[(*(grid.reshape(grid.shape + extra) for grid in leading), indices)]

    return run


@reference.kernel("ResourceGatherNd")
def resource_gather_nd(ctx):
    """Slices of a variable chosen by index vectors."""

    def run(value, indices):
        return value[check_index_vectors(value.shape, indices)]

    return run
