"""Reductions made of several ops: variance, log-sum-exp, counts, trace. Holds no state."""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops.cast import cast
from graphflow.ops.reduction import one_of, reduce_max, reduce_mean, reduce_sum


@tf_export("math.reduce_variance")
def reduce_variance(input_tensor, axis=None, keepdims=False, name=None):
    """The variance over `axis` (divided by the count). Arguments: see `reduce_sum`."""
    with name_scope(name or "reduce_variance"):
        means = reduce_mean(input_tensor, axis=axis, keepdims=True)
        squares = raw_ops.Square(input_tensor - means)
        return reduce_mean(squares, axis=axis, keepdims=keepdims)


@tf_export("math.reduce_std")
def reduce_std(input_tensor, axis=None, keepdims=False, name=None):
    """The standard deviation over `axis`. Arguments: see `reduce_sum`."""
    with name_scope(name or "reduce_std"):
        return raw_ops.Sqrt(reduce_variance(input_tensor, axis=axis, keepdims=keepdims))


@tf_export("math.reduce_logsumexp", "reduce_logsumexp")
def reduce_logsumexp(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
                     keep_dims=None):
    """`log(sum(exp(x)))` over `axis` without overflow. Arguments: see `reduce_sum`."""
    axis = one_of("axis", axis, "reduction_indices", reduction_indices)
    keepdims = bool(one_of("keepdims", keepdims, "keep_dims", keep_dims))
    x = convert_to_tensor(input_tensor)
    with name_scope(name, "ReduceLogSumExp", [x]) as name:
        highest = reduce_max(x, axis=axis, keepdims=True)
        finite = raw_ops.IsFinite(highest)
        shift = raw_ops.StopGradient(
            raw_ops.Select(finite, highest, lookup("zeros_like")(highest)))
        result = raw_ops.Log(
            reduce_sum(raw_ops.Exp(raw_ops.Sub(x, shift)), axis, keepdims=keepdims)
        )
        if not keepdims:
            shift = raw_ops.Reshape(shift, lookup("shape")(result))
        result = raw_ops.Add(result, shift)
        if axis is None and not keepdims and not shapes.is_full(result._shape):
            result.set_shape(())
        return result


@tf_export("math.count_nonzero", "count_nonzero")
def count_nonzero(input_tensor=None, axis=None, keepdims=None, dtype=dtypes.int64, name=None,
                  reduction_indices=None, keep_dims=None, input=None):  # noqa: A002 - TensorFlow's name
    """The number of elements that are not zero over `axis`, as `dtype`."""
    keepdims = one_of("keepdims", keepdims, "keep_dims", keep_dims)
    value = one_of("input", input, "input_tensor", input_tensor)
    axis = one_of("axis", axis, "reduction_indices", reduction_indices)
    with name_scope(name, "count_nonzero", [value]):
        value = convert_to_tensor(value, name="input")
        zero = lookup("zeros")([], dtype=value.dtype.base_dtype)
        nonzero = cast(raw_ops.NotEqual(value, zero), dtypes.int64)
        return cast(reduce_sum(nonzero, axis=axis, keepdims=keepdims), dtype=dtype)


@tf_export("linalg.trace", "trace")
def trace(x, name=None):
    """The sum of the diagonal of the matrices in the innermost two dimensions of `x`."""
    with name_scope(name, "Trace", [x]) as name:
        x = convert_to_tensor(x, name="x")
        return reduce_sum(raw_ops.MatrixDiagPart(x), [-1], name=name)
