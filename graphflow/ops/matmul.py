"""Matrix products. `tensordot` and `einsum`, which are made of them, stand in `contraction.py`.

Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.ops.broadcasting import sum_to

_TYPES = "T: {bfloat16, half, float, double, int32, int64, complex64, complex128}"


def _matmul_shape(c):
    a, b = shapes.with_rank(c.shape(0), 2), shapes.with_rank(c.shape(1), 2)
    rows, inner = reversed(a) if c.attr("transpose_a") else a
    inner_b, columns = reversed(b) if c.attr("transpose_b") else b
    shapes.merge_dim(inner, inner_b)
    return [(rows, columns)]


register_op("MatMul", inputs="a: T, b: T", outputs="product: T",
            attrs=f"transpose_a: bool = false; transpose_b: bool = false; {_TYPES}",
            shape=_matmul_shape)


@RegisterGradient("MatMul")
def _matmul_grad(op, grad):
    conj, product = lookup("math.conj"), raw_ops.MatMul
    a, b = conj(op.inputs[0]), conj(op.inputs[1])
    ta, tb = op.get_attr("transpose_a"), op.get_attr("transpose_b")
    if not ta and not tb:
        return product(grad, b, transpose_b=True), product(a, grad, transpose_a=True)
    if not ta:
        return product(grad, b), product(grad, a, transpose_a=True)
    if not tb:
        return product(b, grad, transpose_b=True), product(a, grad)
    return (product(b, grad, transpose_a=True, transpose_b=True),
            product(grad, a, transpose_a=True, transpose_b=True))


def _batch_shape(c, merge):
    x = shapes.with_rank_at_least(c.shape(0), 2)
    y = shapes.with_rank_at_least(c.shape(1), 2)
    if x is None or y is None:
        return [None]
    rows, inner = x[:-3:-1] if c.attr("adj_x") else x[-2:]
    inner_y, columns = y[:-3:-1] if c.attr("adj_y") else y[-2:]
    shapes.merge_dim(inner, inner_y)
    return [(*merge(x[:-2], y[:-2]), rows, columns)]


register_op("BatchMatMul", inputs="x: T, y: T", outputs="output: T",
            attrs=f"{_TYPES}; adj_x: bool = false; adj_y: bool = false",
            shape=lambda c: _batch_shape(c, shapes.merge_shapes))
register_op("BatchMatMulV2", inputs="x: T, y: T", outputs="output: T",
            attrs=f"{_TYPES}; adj_x: bool = false; adj_y: bool = false",
            shape=lambda c: _batch_shape(c, shapes.broadcast_shapes))


@RegisterGradient("BatchMatMul")
def _batch_matmul_grad(op, grad):
    x, y = op.inputs
    adj_x, adj_y = op.get_attr("adj_x"), op.get_attr("adj_y")
    if not adj_x and not adj_y:
        return matmul(grad, y, adjoint_b=True), matmul(x, grad, adjoint_a=True)
    if not adj_x:
        return matmul(grad, y), matmul(grad, x, adjoint_a=True)
    if not adj_y:
        return matmul(y, grad, adjoint_b=True), matmul(x, grad)
    return (matmul(y, grad, adjoint_a=True, adjoint_b=True),
            matmul(grad, x, adjoint_a=True, adjoint_b=True))


@RegisterGradient("BatchMatMulV2")
def _batch_matmul_v2_grad(op, grad):
    x, y = op.inputs
    gx, gy = _batch_matmul_grad(op, grad)
    if shapes.is_full(x._shape) and x._shape == y._shape:
        return gx, gy
    sx, sy = lookup("shape")(x), lookup("shape")(y)
    rx, ry = raw_ops.BroadcastGradientArgs(sx[:-2], sy[:-2])
    return sum_to(gx, rx, sx), sum_to(gy, ry, sy)


@tf_export("linalg.matmul", "matmul")
def matmul(a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False,
           a_is_sparse=False, b_is_sparse=False, name=None):
    """The matrix product of `a` and `b`; of the innermost two dimensions if there are more.

    Args:
      a: tensor [..., m, k]. b: tensor [..., k, n] of the same dtype; leading dimensions broadcast.
      transpose_a, transpose_b: use the transposed matrix. adjoint_a, adjoint_b: transposed and
        conjugated. a_is_sparse, b_is_sparse: hints that a matrix holds many zeros.
    Returns a tensor [..., m, n].
    Raises ValueError if shapes don't fit or both transposed and adjoint are asked for.

    Example:
      >>> import graphflow as tf
      >>> tf.matmul(tf.ones([2, 3]), tf.ones([4, 3]), transpose_b=True).shape
      TensorShape([Dimension(2), Dimension(4)])
    """
    with name_scope(name, "MatMul", [a, b]) as name:
        if transpose_a and adjoint_a:
            raise ValueError("Only one of transpose_a and adjoint_a can be True.")
        if transpose_b and adjoint_b:
            raise ValueError("Only one of transpose_b and adjoint_b can be True.")
        a, b = convert_to_tensor(a, name="a"), convert_to_tensor(b, name="b")
        sparse = a_is_sparse or b_is_sparse
        if not sparse and any(x._shape is None or len(x._shape) > 2 for x in (a, b)):
            return _batched(a, b, transpose_a, transpose_b, adjoint_a, adjoint_b, name)
        conj = lookup("math.conj")
        a, transpose_a = (conj(a), True) if adjoint_a else (a, transpose_a)
        b, transpose_b = (conj(b), True) if adjoint_b else (b, transpose_b)
        if _as_sparse(a, b, sparse):
            product = sparse_matmul(a, b, transpose_a, transpose_b, a_is_sparse, b_is_sparse, name)
            both_narrow = a.dtype == b.dtype == dtypes.bfloat16
            return lookup("cast")(product, dtypes.bfloat16) if both_narrow else product
        return raw_ops.MatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b, name=name)


@tf_export(legacy={"batch_matmul": "matmul"})
def batch_matmul(x, y, adj_x=False, adj_y=False, name=None):
    """TensorFlow 0.x's `matmul` of stacks of matrices."""
    return matmul(x, y, adjoint_a=adj_x, adjoint_b=adj_y, name=name)


def _batched(a, b, transpose_a, transpose_b, adjoint_a, adjoint_b, name):
    # BatchMatMulV2 knows adjoints only: a transpose is the adjoint of the conjugate.
    conj = lookup("math.conj")
    a, adjoint_a = (conj(a), True) if transpose_a else (a, adjoint_a)
    b, adjoint_b = (conj(b), True) if transpose_b else (b, adjoint_b)
    return raw_ops.BatchMatMulV2(a, b, adj_x=adjoint_a, adj_y=adjoint_b, name=name)


def _as_sparse(a, b, hinted):
    allowed = (dtypes.bfloat16, dtypes.float32)
    types = (a.dtype.base_dtype, b.dtype.base_dtype)
    mixed = dtypes.bfloat16 in types and types[0] != types[1]
    return mixed or (hinted and all(t in allowed for t in types))


register_op(
    "SparseMatMul",
    inputs="a: Ta, b: Tb",
    outputs="product: float",
    attrs="transpose_a: bool = false; transpose_b: bool = false; a_is_sparse: bool = false; "
    "b_is_sparse: bool = false; Ta: {float, bfloat16} = DT_FLOAT; "
    "Tb: {float, bfloat16} = DT_FLOAT",
    shape=_matmul_shape,
)


@RegisterGradient("SparseMatMul")
def _sparse_matmul_grad(op, grad):
    a, b = op.inputs
    ta, tb = op.get_attr("transpose_a"), op.get_attr("transpose_b")
    sparse = {id(a): op.get_attr("a_is_sparse"), id(b): op.get_attr("b_is_sparse")}
    sparse[id(grad)] = grad.op.type == "ReluGrad"

    def product(x, y, dtype, tx=False, ty=False):
        hints = {"a_is_sparse": sparse[id(x)], "b_is_sparse": sparse[id(y)]}
        y = lookup("transpose")(y) if ty else y
        result = matmul(x, y, transpose_a=tx, **hints)
        return result if result.dtype == dtype else lookup("cast")(result, dtype)

    da, db = a.dtype.base_dtype, b.dtype.base_dtype
    if not ta and not tb:
        return product(grad, b, da, ty=True), product(a, grad, db, tx=True)
    if not ta:
        return product(grad, b, da), product(grad, a, db, tx=True)
    if not tb:
        return product(b, grad, da, ty=True), product(a, grad, db)
    return product(b, grad, da, True, True), product(grad, a, db, True, True)


@tf_export("sparse_matmul")
def sparse_matmul(a, b, transpose_a=False, transpose_b=False, a_is_sparse=False, b_is_sparse=False,
                  name=None):
    """The float32 product of two matrices of float32 or bfloat16 that hold many zeros."""
    return raw_ops.SparseMatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b,
                                a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=name)


@tf_export("linalg.matvec")
def matvec(
    a, b, transpose_a=False, adjoint_a=False, a_is_sparse=False, b_is_sparse=False, name=None
):
    """The product of matrices `a` [..., m, k] and vectors `b` [..., k]."""
    with name_scope(name, "MatVec", [a, b]):
        column = lookup("expand_dims")(b, axis=-1)
        output = matmul(a, column, transpose_a=transpose_a, adjoint_a=adjoint_a,
                        a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse)
        return lookup("squeeze")(output, axis=-1)
