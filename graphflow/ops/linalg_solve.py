"""Inverses, determinants, linear equations, and functions of matrices.

All work on the last two dimensions, for each matrix of a batch. Holds no state.
"""

from graphflow.framework import public as tf
from graphflow.framework import raw_ops, shapes
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor import Tensor
from graphflow.ops.linalg import TYPES, adjoint, matrices, square, square_shape

# ---------------------------------------------------------------- inverses and determinants

register_op("MatrixInverse", inputs="input: T", outputs="output: T", attrs="adjoint: bool = false; " + TYPES,
            shape=square_shape)


@RegisterGradient("MatrixInverse")
def _inverse_grad(op, grad):
    inverse = op.outputs[0]
    if op.get_attr("adjoint"):
        return -tf.matmul(inverse, tf.matmul(grad, inverse, adjoint_a=True))
    return -tf.matmul(inverse, tf.matmul(grad, inverse, adjoint_b=True), adjoint_a=True)


@tf_export("linalg.inv", "matrix_inverse", legacy=("batch_matrix_inverse",))
def matrix_inverse(input, adjoint=False, name=None):  # noqa: A002 - TensorFlow's name
    """Inverses of square matrices; with `adjoint`, of their conjugate transposes.

    Raises InvalidArgumentError in a run for a singular matrix.
    """
    return raw_ops.MatrixInverse(input, adjoint=adjoint, name=name)


def _determinant_shape(c):
    shape = square(c.shape(0))
    return [None if shape is None else shape[:-2]] * c.num_outputs


register_op("MatrixDeterminant", inputs="input: T", outputs="output: T", attrs=TYPES, shape=_determinant_shape)
register_op("LogMatrixDeterminant", inputs="input: T", outputs="sign: T, log_abs_determinant: T", attrs=TYPES,
            shape=_determinant_shape)


def _times_inverse(matrix, factors):
    """The adjoint inverse of each matrix times a number."""
    inverse = matrix_inverse(matrix, adjoint=True)
    return tf.reshape(factors, tf.concat([tf.shape(factors), [1, 1]], 0)) * inverse


RegisterGradient("MatrixDeterminant")(lambda op, grad: _times_inverse(op.inputs[0], grad * op.outputs[0]))
RegisterGradient("LogMatrixDeterminant")(lambda op, _, grad: _times_inverse(op.inputs[0], grad))


@tf_export("linalg.det", "matrix_determinant", legacy=("batch_matrix_determinant",))
def matrix_determinant(input, name=None):  # noqa: A002 - TensorFlow's name
    """Determinants of square matrices [..., n, n], of shape [...]."""
    return raw_ops.MatrixDeterminant(input, name=name)


@tf_export("linalg.slogdet")
def log_matrix_determinant(input, name=None):  # noqa: A002 - TensorFlow's name
    """The named tuple (sign, log_abs_determinant) of square matrices."""
    return raw_ops.LogMatrixDeterminant(input, name=name)


@tf_export("linalg.logdet")
def logdet(matrix, name=None):
    """The logarithms of the determinants of positive definite matrices."""
    with name_scope(name, "logdet", [matrix]):
        diagonal = tf.real(tf.matrix_diag_part(raw_ops.Cholesky(matrix)))
        return 2.0 * tf.reduce_sum(tf.log(diagonal), axis=[-1])


# ---------------------------------------------------------------- equations

def _solve_shape(c):
    rhs = matrices(c.shape(1))
    matrix = square(c.shape(0))
    if matrix is None or rhs is None:
        return [None]
    shapes.merge_dim(matrix[-1], rhs[1])
    return [(*shapes.merge_shapes(matrix[:-2], rhs[0]), matrix[-1], rhs[2])]


def _least_squares_shape(c):
    matrix, rhs = matrices(c.shape(0)), matrices(c.shape(1))
    shapes.with_rank(c.shape(2), 0)
    if matrix is None or rhs is None:
        return [None]
    shapes.merge_dim(matrix[1], rhs[1])
    return [(*shapes.merge_shapes(matrix[0], rhs[0]), matrix[2], rhs[2])]


register_op("MatrixSolve", inputs="matrix: T, rhs: T", outputs="output: T", attrs="adjoint: bool = false; " + TYPES,
            shape=_solve_shape)
register_op("MatrixTriangularSolve", inputs="matrix: T, rhs: T", outputs="output: T",
            attrs="lower: bool = true; adjoint: bool = false; " + TYPES, shape=_solve_shape)
register_op("MatrixSolveLs", inputs="matrix: T, rhs: T, l2_regularizer: double", outputs="output: T",
            attrs=TYPES + "; fast: bool = true", shape=_least_squares_shape)


def _matrix_grad(op, rhs_grad):
    """The gradient for the matrix of an equation, from that for its right side."""
    if op.get_attr("adjoint"):
        return -tf.matmul(op.outputs[0], rhs_grad, adjoint_b=True)
    return -tf.matmul(rhs_grad, op.outputs[0], adjoint_b=True)


@RegisterGradient("MatrixSolve")
def _solve_grad(op, grad):
    rhs_grad = raw_ops.MatrixSolve(op.inputs[0], grad, adjoint=not op.get_attr("adjoint"))
    return _matrix_grad(op, rhs_grad), rhs_grad


@RegisterGradient("MatrixTriangularSolve")
def _triangular_solve_grad(op, grad):
    lower = op.get_attr("lower")
    rhs_grad = raw_ops.MatrixTriangularSolve(op.inputs[0], grad, lower=lower, adjoint=not op.get_attr("adjoint"))
    band = (-1, 0) if lower else (0, -1)
    return tf.matrix_band_part(_matrix_grad(op, rhs_grad), *band), rhs_grad


@RegisterGradient("MatrixSolveLs")
def _least_squares_grad(op, grad):
    a, b = op.inputs[:2]
    if not op.get_attr("fast"):
        raise ValueError("Gradient not defined for fast=False")
    if a._shape is None or None in a._shape[-2:]:
        raise NotImplementedError("The gradient of MatrixSolveLs needs matrices of known size")
    regularizer = tf.cast(op.inputs[2], a.dtype.base_dtype)
    if a._shape[-2] >= a._shape[-1]:
        chol = _gramian_cholesky(a, regularizer, first_kind=True)
        z = cholesky_solve(chol, grad)
        product = tf.matmul(op.outputs[0], z, adjoint_b=True)
        a_grad = tf.matmul(b, z, adjoint_b=True) - tf.matmul(a, product + adjoint(product))
        return a_grad, tf.matmul(a, z), None
    chol = _gramian_cholesky(a, regularizer, first_kind=False)
    b_grad = cholesky_solve(chol, tf.matmul(a, grad))
    solved = cholesky_solve(chol, b)
    first = -tf.matmul(b_grad, tf.matmul(solved, a, adjoint_a=True))
    second = tf.matmul(solved, grad - tf.matmul(a, b_grad, adjoint_a=True), adjoint_b=True)
    return first + second, b_grad, None


def _gramian_cholesky(matrix, regularizer, first_kind):
    """The Cholesky factor of A^H A (first kind) or A A^H, plus `regularizer` on the diagonal."""
    gramian = tf.matmul(matrix, matrix, adjoint_a=first_kind, adjoint_b=not first_kind)
    if isinstance(regularizer, Tensor) or regularizer != 0:
        shape = tf.shape(matrix)
        size = shape[-1 if first_kind else -2]
        gramian += regularizer * tf.eye(size, batch_shape=shape[:-2], dtype=matrix.dtype)
    return raw_ops.Cholesky(gramian)


@tf_export("linalg.solve", "matrix_solve", legacy=("batch_matrix_solve",))
def matrix_solve(matrix, rhs, adjoint=False, name=None):
    """X with `matrix` X = `rhs`; with `adjoint`, with the conjugate transpose of `matrix`.

    Args: matrix: [..., n, n]. rhs: [..., n, k].
    Raises InvalidArgumentError in a run for a singular matrix.
    """
    return raw_ops.MatrixSolve(matrix, rhs, adjoint=adjoint, name=name)


@tf_export("linalg.triangular_solve", "matrix_triangular_solve", legacy=("batch_matrix_triangular_solve",))
def matrix_triangular_solve(matrix, rhs, lower=True, adjoint=False, name=None):
    """Like `matrix_solve`, for matrices of which only the lower (or upper) triangle counts."""
    return raw_ops.MatrixTriangularSolve(matrix, rhs, lower=lower, adjoint=adjoint, name=name)


@tf_export("linalg.cholesky_solve", "cholesky_solve", legacy=("batch_cholesky_solve",))
def cholesky_solve(chol, rhs, name=None):
    """X with A X = `rhs`, where `chol` is the Cholesky factor of A."""
    with name_scope(name, "cholesky_solve", [chol, rhs]):
        y = raw_ops.MatrixTriangularSolve(chol, rhs, adjoint=False, lower=True)
        return raw_ops.MatrixTriangularSolve(chol, y, adjoint=True, lower=True)


@tf_export("linalg.lstsq", "matrix_solve_ls", legacy=("batch_matrix_solve_ls",))
def matrix_solve_ls(matrix, rhs, l2_regularizer=0.0, fast=True, name=None):
    """X that makes |`matrix` X - `rhs`|^2 + `l2_regularizer` |X|^2 least.

    Args:
      matrix: [..., m, n]. rhs: [..., m, k]. fast: whether to solve the normal equations, which needs a well
        conditioned matrix of full rank; otherwise X is the smallest solution, and has no gradient.
    """
    matrix = convert_to_tensor(matrix, name="matrix")
    if matrix.dtype.name == "complex128" and l2_regularizer != 0:
        raise NotImplementedError("matrix_solve_ls is currently disabled for complex128 and l2_regularizer != 0 due to "
                                  "poor accuracy.")
    if not fast or matrix._shape is None or None in matrix._shape[-2:]:
        return raw_ops.MatrixSolveLs(matrix, rhs, l2_regularizer, fast=fast, name=name)
    with name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        if matrix._shape[-2] >= matrix._shape[-1]:
            chol = _gramian_cholesky(matrix, l2_regularizer, first_kind=True)
            return cholesky_solve(chol, tf.matmul(matrix, rhs, adjoint_a=True))
        chol = _gramian_cholesky(matrix, l2_regularizer, first_kind=False)
        return tf.matmul(matrix, cholesky_solve(chol, rhs), adjoint_a=True)


# ---------------------------------------------------------------- functions of matrices

register_op("MatrixExponential", inputs="input: T", outputs="output: T", attrs=TYPES, shape=square_shape)
register_op("MatrixLogarithm", inputs="input: T", outputs="output: T", attrs="T: {complex64, complex128}",
            shape=square_shape)
NotDifferentiable("MatrixLogarithm")
register_op("MatrixSquareRoot", inputs="input: T", outputs="output: T", attrs=TYPES, shape=square_shape)


@RegisterGradient("MatrixExponential")
@RegisterGradient("MatrixSquareRoot")
def _function_grad(op, grad):
    """f([[A^H, G], [0, A^H]]) has the derivative of f at A^H in direction G in its corner."""
    transposed = adjoint(op.inputs[0])
    size = tf.shape(transposed)[-1]
    upper = tf.concat([transposed, grad], -1)
    lower = tf.concat([tf.zeros_like(transposed), transposed], -1)
    return getattr(raw_ops, op.type)(tf.concat([upper, lower], -2))[..., :size, size:]


@tf_export("linalg.expm")
def matrix_exponential(input, name=None):  # noqa: A002 - TensorFlow's name
    """exp of each square matrix: the sum of its powers over factorials."""
    return raw_ops.MatrixExponential(input, name=name or "matrix_exponential")


@tf_export("linalg.logm")
def matrix_logarithm(input, name=None):  # noqa: A002 - TensorFlow's name
    """The principal logarithm of each square complex matrix. Not differentiable."""
    return raw_ops.MatrixLogarithm(input, name=name)


@tf_export("linalg.sqrtm", "matrix_square_root")
def matrix_square_root(input, name=None):  # noqa: A002 - TensorFlow's name
    """The principal square root of each square matrix. Not differentiable here."""
    return raw_ops.MatrixSquareRoot(input, name=name)
