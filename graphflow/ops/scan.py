"""Cumulative sums and products along an axis. Holds no state."""

from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op


def _scan_shape(c):
    shapes.with_rank(c.shape(1), 0)
    shape, axis = c.shape(0), c.value(1)
    if shape is not None and axis is not None:
        if not -len(shape) <= axis < len(shape):
            raise ValueError(
                f"ScanOp: Expected scan axis in the range [{-len(shape)}, {len(shape)}), "
                f"but got {int(axis)}"
            )
    return [shape]


for _name, _types in (("Cumsum", "numbertype"), ("Cumprod", "numbertype"),
                      ("CumulativeLogsumexp", "{half, float, double}")):
    register_op(_name, inputs="x: T, axis: Tidx", outputs="out: T",
                attrs=f"exclusive: bool = false; reverse: bool = false; T: {_types}; "
                      "Tidx: {int32, int64} = DT_INT32", shape=_scan_shape)


def _directions(op):
    return op.inputs[1], op.get_attr("exclusive"), op.get_attr("reverse")


@RegisterGradient("Cumsum")
def _cumsum_grad(op, grad):
    axis, exclusive, reverse = _directions(op)
    return [cumsum(grad, axis, exclusive=exclusive, reverse=not reverse), None]


@RegisterGradient("Cumprod")
def _cumprod_grad(op, grad):
    x = op.inputs[0]
    axis, exclusive, reverse = _directions(op)
    product = cumprod(x, axis, exclusive=exclusive, reverse=reverse)
    out = cumsum(product * grad, axis, exclusive=exclusive, reverse=not reverse)
    return [out / x, None]


@RegisterGradient("CumulativeLogsumexp")
def _cumulative_logsumexp_grad(op, grad):
    x, y = op.inputs[0], op.outputs[0]
    axis, exclusive, reverse = _directions(op)

    def part(chosen, size):
        """The gradient of one sign, summed as logarithms."""
        lowest = lookup("fill")(
            lookup("shape")(grad), lookup("constant")(grad.dtype.min, grad.dtype)
        )
        logs = raw_ops.Select(chosen, raw_ops.Log(size), lowest)
        total = cumulative_logsumexp(logs - y, axis, exclusive=exclusive, reverse=not reverse)
        return raw_ops.Exp(total + x)

    return [part(raw_ops.Greater(grad, 0), grad) - part(raw_ops.Less(grad, 0), -grad), None]


def _scan(op, default_name, x, axis, exclusive, reverse, name):
    with name_scope(name, default_name, [x]) as name:
        x = convert_to_tensor(x, name="x")
        return op(x, axis, exclusive=exclusive, reverse=reverse, name=name)


@tf_export("math.cumsum", "cumsum")
def cumsum(x, axis=0, exclusive=False, reverse=False, name=None):
    """Sums of all elements up to each one along `axis`.

    Args: exclusive: leave out the element itself. reverse: sum from the end.
    """
    return _scan(raw_ops.Cumsum, "Cumsum", x, axis, exclusive, reverse, name)


@tf_export("math.cumprod", "cumprod")
def cumprod(x, axis=0, exclusive=False, reverse=False, name=None):
    """Products of all elements up to each one along `axis`. Arguments: see `cumsum`."""
    return _scan(raw_ops.Cumprod, "Cumprod", x, axis, exclusive, reverse, name)


@tf_export("math.cumulative_logsumexp")
def cumulative_logsumexp(x, axis=0, exclusive=False, reverse=False, name=None):
    """`log(cumsum(exp(x)))` without overflow. Arguments: see `cumsum`."""
    return _scan(
        raw_ops.CumulativeLogsumexp, "CumulativeLogsumexp", x, axis, exclusive, reverse, name
    )
