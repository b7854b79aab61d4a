"""Matrix factorisations. Holds no state."""

from graphflow.framework import shapes
from graphflow.framework.op_def import RegisterGradient, register_op


def _qr_shape(c):
    matrix = shapes.with_rank_at_least(c.shape(0), 2)
    if matrix is None:
        return [None, None]
    *batch, rows, columns = matrix
    if c.attr("full_matrices"):
        return [(*batch, rows, rows), (*batch, rows, columns)]
    inner = None if rows is None or columns is None else min(rows, columns)
    return [(*batch, rows, inner), (*batch, inner, columns)]


register_op("Qr", inputs="input: T", outputs="q: T, r: T",
            attrs="full_matrices: bool = false; T: {double, float, half, complex64, complex128}", shape=_qr_shape)


@RegisterGradient("Qr")
def _qr_grad(op, grad_q, grad_r):
    raise LookupError(f"No gradient defined for operation {op.name!r} (op type: Qr)")
