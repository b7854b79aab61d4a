"""Reference kernels of `graphflow/ops/comparison.py`."""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import broadcasting, quiet, shape_text

for _op, _function in {
    "Less": np.less, "LessEqual": np.less_equal, "Greater": np.greater,
    "GreaterEqual": np.greater_equal, "LogicalAnd": np.logical_and, "LogicalOr": np.logical_or,
}.items():
    reference.kernel(_op)(broadcasting(_function))

for _op, _function in {
    "LogicalNot": np.logical_not, "IsNan": np.isnan, "IsInf": np.isinf, "IsFinite": np.isfinite,
}.items():
    reference.kernel(_op)(quiet(_function))


def _fit(x, y):
    return all(a == b or a == 1 or b == 1 for a, b in zip(reversed(x.shape), reversed(y.shape)))


@reference.kernel("Equal", "NotEqual")
def equal(ctx):
    """Equality; shapes that don't fit are an error or unequal, as the node says."""
    negate = ctx.op_type == "NotEqual"
    compare = broadcasting(np.not_equal if negate else np.equal)(ctx)
    strict = ctx.attr("incompatible_shape_error")

    def run(x, y):
        return compare(x, y) if strict or _fit(x, y) else np.asarray(negate)

    return run


@reference.kernel("ApproximateEqual")
def approximate_equal(ctx):
    """Whether the difference is below the tolerance."""
    tolerance = ctx.attr("tolerance")
    return quiet(lambda x, y: np.abs(np.where(x > y, x - y, y - x)) < tolerance
                 if x.dtype.kind != "c" else np.abs(x - y) < tolerance)(ctx)


@reference.kernel("Select")
def select(ctx):
    """One condition for each element, for each row, or for all."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(condition, t, e):
        if t.shape != e.shape:
            raise _misfit("1", t, e)
        if condition.ndim == 0:
            return t if condition else e
        if condition.ndim == 1 and t.ndim > 1 and condition.shape[0] == t.shape[0]:
            condition = condition.reshape((-1,) + (1,) * (t.ndim - 1))
        elif condition.shape != t.shape:
            raise _misfit("0", condition, t)
        return np.where(condition, t, e).astype(dtype, copy=False)

    return run


def _misfit(which, a, b):
    return errors.InvalidArgumentError(
        None, None, "Inputs to operation Select must have the same size and shape. "
        f"Input {which}: {shape_text(a.shape)} != input {int(which) + 1}: {shape_text(b.shape)}")


@reference.kernel("SelectV2")
def select_v2(ctx):
    """Selection with broadcasting of all three inputs."""
    dtype = ctx.output_dtypes[0].as_numpy_dtype

    def run(condition, t, e):
        try:
            return np.asarray(np.where(condition, t, e), dtype)
        except ValueError:
            raise errors.InvalidArgumentError(
                None, None, "Incompatible shapes: "
                + " vs. ".join(shape_text(a.shape) for a in (condition, t, e))) from None

    return run
