"""Matrix decompositions: Cholesky, QR, eigenvalues, singular values.

All work on the last two dimensions, for each matrix of a batch. Signs of vectors are LAPACK's. Solving
and determinants are in `linalg_solve`, norms and ranks in `linalg_norm`. Holds no state.
"""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.graph_scopes import control_dependencies
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op

TYPES = "T: {double, float, half, complex64, complex128}"


def matrices(shape):
    """(batch shape, rows, columns) of a shape of matrices, or None if nothing is known."""
    shape = shapes.with_rank_at_least(shape, 2)
    return None if shape is None else (shape[:-2], shape[-2], shape[-1])


def square(shape):
    """`shape` with both last dimensions merged; ValueError if they differ."""
    known = matrices(shape)
    if known is None:
        return None
    size = shapes.merge_dim(*known[1:])
    return (*known[0], size, size)


def square_shape(c):
    """Shape rule of ops from square matrices to matrices of that shape."""
    return [square(c.shape(0))]


def adjoint(matrix):
    """The conjugate transpose."""
    return tf.matrix_transpose(matrix, conjugate=True)


# ---------------------------------------------------------------- Cholesky

register_op("Cholesky", inputs="input: T", outputs="output: T", attrs=TYPES, shape=square_shape)
register_op("CholeskyGrad", inputs="l: T, grad: T", outputs="output: T", attrs="T: {half, float, double}",
            shape=square_shape)
NotDifferentiable("CholeskyGrad")


@RegisterGradient("Cholesky")
def _cholesky_grad(op, grad):
    factor = op.outputs[0]
    size, batch = tf.shape(factor)[-1], tf.shape(factor)[:-2]
    identity = tf.eye(size, batch_shape=batch, dtype=factor.dtype)
    inverse = raw_ops.MatrixTriangularSolve(factor, identity)
    middle = tf.matmul(factor, grad, adjoint_a=True)
    middle = tf.matrix_set_diag(middle, 0.5 * tf.matrix_diag_part(middle))
    middle = tf.matrix_band_part(middle, -1, 0)
    grad = tf.matmul(tf.matmul(inverse, middle, adjoint_a=True), inverse)
    return (grad + adjoint(grad)) * 0.5


@tf_export("linalg.cholesky", "cholesky", legacy=("batch_cholesky",))
def cholesky(input, name=None):  # noqa: A002 - TensorFlow's name
    """The lower triangular L with L L^H = `input`, a positive definite matrix [..., n, n].

    Only the lower triangle of `input` is read. Raises InvalidArgumentError in a run for another matrix.
    """
    return raw_ops.Cholesky(input, name=name)


# ---------------------------------------------------------------- QR

def _qr_shape(c):
    known = matrices(c.shape(0))
    if known is None:
        return [None, None]
    batch, rows, columns = known
    if c.attr("full_matrices"):
        return [(*batch, rows, rows), (*batch, rows, columns)]
    inner = None if rows is None or columns is None else min(rows, columns)
    return [(*batch, rows, inner), (*batch, inner, columns)]


register_op("Qr", inputs="input: T", outputs="q: T, r: T", attrs="full_matrices: bool = false; " + TYPES,
            shape=_qr_shape)


@RegisterGradient("Qr")
def _qr_grad(op, grad_q, grad_r):
    q, r = op.outputs
    if q.dtype.is_complex:
        raise NotImplementedError(f"QrGrad not implemented for dtype: {q.dtype}")
    if r._shape is None or None in r._shape[-2:]:
        raise NotImplementedError("QrGrad not implemented with dynamic shapes.")
    if r._shape[-2] != r._shape[-1]:
        raise NotImplementedError("QrGrad not implemented when ncols > nrows or full_matrices is true and "
                                  "ncols != nrows.")
    product = tf.matmul(q, grad_q, adjoint_a=True)
    second = tf.matmul(r, grad_r, adjoint_b=True)
    lower = tf.matrix_band_part(product - adjoint(product) + second - adjoint(second), -1, 0)

    def times_inverse(x):
        """x r^-H."""
        return adjoint(raw_ops.MatrixTriangularSolve(r, adjoint(x), lower=False))

    inside = tf.matmul(q, grad_r + times_inverse(lower))
    return inside + times_inverse(grad_q - tf.matmul(q, product))


@tf_export("linalg.qr", "qr")
def qr(input, full_matrices=False, name=None):  # noqa: A002 - TensorFlow's name
    """The named tuple (q, r) with q r = `input`, q orthonormal and r upper triangular.

    Args: full_matrices: whether q is square, rather than as wide as needed.
    """
    return raw_ops.Qr(input, full_matrices=full_matrices, name=name)


# ---------------------------------------------------------------- eigenvalues

def _eigh_shape(c):
    shape = square(c.shape(0))
    if shape is None:
        return [None, None if c.attr("compute_v") else (0,)]
    return [shape[:-1], shape if c.attr("compute_v") else (0,)]


register_op("SelfAdjointEigV2", inputs="input: T", outputs="e: T, v: T", attrs="compute_v: bool = true; " + TYPES,
            shape=_eigh_shape)


@RegisterGradient("SelfAdjointEigV2")
def _eigh_grad(op, grad_e, grad_v):
    values = op.outputs[0]
    with control_dependencies([grad_e, grad_v]):
        middle = tf.matrix_diag(grad_e)
        if op.get_attr("compute_v"):
            vectors = op.outputs[1]
            gaps = tf.reciprocal(tf.expand_dims(values, -2) - tf.expand_dims(values, -1))
            gaps = tf.matrix_set_diag(gaps, tf.zeros_like(values))
            middle = middle + gaps * tf.matmul(vectors, grad_v, adjoint_a=True)
        else:
            vectors = raw_ops.SelfAdjointEigV2(op.inputs[0])[1]
        grad = tf.matmul(vectors, tf.matmul(middle, vectors, adjoint_b=True))
        # Only the lower triangle of the input was read.
        grad = tf.matrix_band_part(grad + adjoint(grad), -1, 0)
        return tf.matrix_set_diag(grad, 0.5 * tf.matrix_diag_part(grad))


@tf_export("linalg.eigh", "self_adjoint_eig", legacy=("batch_self_adjoint_eig",))
def self_adjoint_eig(tensor, name=None):
    """(e, v): ascending eigenvalues [..., n] and eigenvectors (columns of v) of Hermitian matrices.

    Only the lower triangle is read.
    """
    e, v = raw_ops.SelfAdjointEigV2(tensor, compute_v=True, name=name)
    return e, v


@tf_export("linalg.eigvalsh", "self_adjoint_eigvals", legacy=("batch_self_adjoint_eigvals",))
def self_adjoint_eigvals(tensor, name=None):
    """Ascending eigenvalues [..., n] of Hermitian matrices."""
    return raw_ops.SelfAdjointEigV2(tensor, compute_v=False, name=name)[0]


# ---------------------------------------------------------------- singular values

def _svd_shape(c):
    known = matrices(c.shape(0))
    with_vectors = c.attr("compute_uv")
    if known is None:
        return [None, None, None] if with_vectors else [None, (0,), (0,)]
    batch, rows, columns = known
    inner = None if rows is None or columns is None else min(rows, columns)
    if not with_vectors:
        return [(*batch, inner), (0,), (0,)]
    full = c.attr("full_matrices")
    return [(*batch, inner), (*batch, rows, rows if full else inner), (*batch, columns, columns if full else inner)]


register_op("Svd", inputs="input: T", outputs="s: T, u: T, v: T",
            attrs="compute_uv: bool = true; full_matrices: bool = false; " + TYPES, shape=_svd_shape)


@RegisterGradient("Svd")
def _svd_grad(op, grad_s, grad_u, grad_v):
    a = op.inputs[0]
    diagonal = tf.matrix_diag(grad_s)
    if not op.get_attr("compute_uv"):
        _, u, v = raw_ops.Svd(a)
        return tf.matmul(u, tf.matmul(diagonal, v, adjoint_b=True))
    if a.dtype.is_complex:
        raise NotImplementedError("SVD gradient is not implemented for complex types and compute_uv=True.")
    if a._shape is None or None in a._shape[-2:]:
        raise NotImplementedError("SVD gradient has not been implemented for input with unknown inner matrix shape.")
    rows, columns = a._shape[-2:]
    full = op.get_attr("full_matrices")
    if full and abs(rows - columns) > 1:
        raise NotImplementedError(
            "svd gradient is not implemented for abs(m - n) > 1 when full_matrices is True")
    s, u, v = op.outputs
    with control_dependencies([grad_s, grad_u, grad_v]):
        if rows > columns:
            return tf.matrix_transpose(_wide_svd_grad(s, v, u, diagonal, grad_v, grad_u, columns, rows, full))
        return _wide_svd_grad(s, u, v, diagonal, grad_u, grad_v, rows, columns, full)


def _wide_svd_grad(s, u, v, diagonal, grad_u, grad_v, rows, columns, full):
    """The gradient for matrices that are at least as wide as high."""
    singular = tf.matrix_diag(s)
    squares = tf.square(s)
    size = tf.shape(s)
    identity = tf.eye(size[-1], batch_shape=size[:-1], dtype=s.dtype)
    gaps = tf.reciprocal(tf.expand_dims(squares, -2) - tf.expand_dims(squares, -1) + identity)
    gaps = tf.matrix_set_diag(gaps, tf.zeros_like(s))
    v1, grad_v1 = v[..., :, :rows], grad_v[..., :, :rows]
    turn_u = gaps * tf.matmul(u, grad_u, adjoint_a=True)
    turn_v = gaps * tf.matmul(v1, grad_v1, adjoint_a=True)
    middle = (diagonal + tf.matmul(turn_u + adjoint(turn_u), singular)
              + tf.matmul(singular, turn_v + adjoint(turn_v)))
    grad = tf.matmul(u, tf.matmul(middle, v1, adjoint_b=True))
    if rows == columns:
        return grad
    transposed = tf.matrix_transpose(grad_v1)
    outside = transposed - tf.matmul(tf.matmul(transposed, v1), v1, adjoint_b=True)
    if full:
        v2, grad_v2 = v[..., :, rows:columns], grad_v[..., :, rows:columns]
        outside -= tf.matmul(tf.matmul(v1, grad_v2, adjoint_a=True), v2, adjoint_b=True)
    return grad + tf.matmul(tf.matmul(u, tf.matrix_diag(tf.reciprocal(s))), outside)


@tf_export("linalg.svd", "svd", legacy=("batch_svd",))
def svd(tensor, full_matrices=False, compute_uv=True, name=None):
    """Singular values in descending order, and singular vectors: `tensor` = u diag(s) v^H.

    Args: full_matrices: whether u and v are square. compute_uv: if False, only s is returned.
    Returns (s, u, v), in this order and v not transposed, unlike NumPy; s is real.
    """
    s, u, v = raw_ops.Svd(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (tf.real(s), u, v) if compute_uv else tf.real(s)
