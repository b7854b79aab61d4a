"""Norms, ranks and pseudoinverses of vectors and matrices. Holds no state."""

import numpy as np

from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops import linalg

_BAD_AXIS = "'axis' must be None, an integer, or a tuple of 2 unique integers"


@tf_export("norm", "linalg.norm")
def norm(tensor, ord="euclidean", axis=None, keepdims=None, name=None, keep_dims=None):  # noqa: A002
    """The norm of vectors or matrices.

    Args:
      ord: "euclidean" (also "fro", or 2 for vectors), 1, 2, infinity, or for vectors any positive number.
      axis: None for all of `tensor` as one vector, a number for vectors, two numbers for matrices.
      keepdims: whether reduced dimensions stay, with size 1.
    Raises ValueError for another `axis` or `ord`.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(float(sess.run(tf.norm([3.0, 4.0]))))
      5.0
    """
    keepdims = bool(renamed_argument("norm", "keepdims", keepdims, "keep_dims", keep_dims))
    of_matrices = isinstance(axis, (tuple, list)) and len(axis) == 2
    axes = _checked_axes(ord, axis, of_matrices)
    with name_scope(name, "norm", [tensor]):
        tensor = convert_to_tensor(tensor)
        if of_matrices and ord == 2:
            result = _spectral_norm(tensor, axes)
        elif ord in ("fro", "euclidean", 2):
            result = tf.sqrt(tf.reduce_sum(tensor * tf.conj(tensor), axes, keepdims=True))
        else:
            result = _other_norm(tf.abs(tensor), ord, axes, of_matrices)
        return result if keepdims else tf.squeeze(result, axes)


def _checked_axes(order, axis, of_matrices):
    if of_matrices:
        axes = tuple(axis)
        if not all(isinstance(a, int) for a in axes) or axes[0] == axes[1]:
            raise ValueError(_BAD_AXIS)
        supported = ["euclidean", "fro", 1, 2, np.inf]
        if order not in supported:
            raise ValueError(f"'ord' must be a supported matrix norm in {supported}, got {order}")
        return axes
    if not (isinstance(axis, int) or axis is None):
        raise ValueError(_BAD_AXIS)
    if order not in ("euclidean", 1, 2, np.inf) and (isinstance(order, str) or not np.isreal(order) or order <= 0):
        raise ValueError(f"'ord' must be a supported vector norm, got {order}")
    return None if axis is None else (axis,)


def _other_norm(sizes, order, axes, of_matrices):
    first = None if axes is None else axes[0]
    if order == 1:
        sums = tf.reduce_sum(sizes, first, keepdims=True)
        return tf.reduce_max(sums, axes[-1], keepdims=True) if of_matrices else sums
    if order == np.inf:
        if of_matrices:
            sizes = tf.reduce_sum(sizes, axes[1], keepdims=True)
        return tf.reduce_max(sizes, first, keepdims=True)
    return tf.pow(tf.reduce_sum(tf.pow(sizes, order), axes, keepdims=True), 1.0 / order)


def _spectral_norm(tensor, axes):
    """The largest singular value of the matrices in `axes`, which keep size 1."""
    rank = tensor.get_shape().ndims
    if rank is None:
        ends = tf.floormod(axes, tf.rank(tensor))
        others = tf.setdiff1d(tf.range(tf.rank(tensor)), ends).out
        order = tf.concat([others, ends], 0)
        back = tf.invert_permutation(order)
    else:
        axes = [a % rank for a in axes]
        order = [i for i in range(rank) if i not in axes] + axes
        back = np.argsort(order)
    values = tf.abs(linalg.svd(tf.transpose(tensor, order), compute_uv=False))
    largest = tf.expand_dims(tf.reduce_max(values, axis=-1, keepdims=True), axis=-1)
    return tf.transpose(largest, back)


@tf_export("linalg.normalize")
def normalize(tensor, ord="euclidean", axis=None, name=None):  # noqa: A002 - TensorFlow's name
    """(`tensor` over its norm, the norm). Arguments are those of `tf.norm`."""
    with name_scope(name, "normalize", [tensor]):
        tensor = convert_to_tensor(tensor)
        size = tf.cast(norm(tensor, ord, axis, keepdims=True), tensor.dtype)
        return tensor / size, size


@tf_export("linalg.adjoint")
def adjoint(matrix, name=None):
    """Conjugate transposes of matrices."""
    with name_scope(name, "adjoint", [matrix]):
        return linalg.adjoint(convert_to_tensor(matrix, name="matrix"))


def _machine_limit(a, values):
    """The size below which singular values are taken for zero, [..., 1]."""
    epsilon = np.finfo(a.dtype.as_numpy_dtype).eps
    longest = tf.cast(tf.reduce_max(tf.shape(a)[-2:]), values.dtype)
    return epsilon * longest * tf.reduce_max(values, axis=-1, keepdims=True)


@tf_export("linalg.matrix_rank")
def matrix_rank(a, tol=None, validate_args=False, name=None):
    """How many singular values of each matrix exceed `tol` (by default a multiple of the rounding error)."""
    with name_scope(name or "matrix_rank"):
        a = convert_to_tensor(a, name="a")
        values = linalg.svd(a, compute_uv=False)
        limit = _machine_limit(a, values) if tol is None else tf.expand_dims(tol, -1)
        return tf.reduce_sum(tf.cast(values > limit, tf.int32), axis=-1)


@tf_export("linalg.pinv")
def pinv(a, rcond=None, validate_args=False, name=None):
    """Pseudoinverses of matrices.

    Args: rcond: singular values below this share of the largest count as zero (default: ten times the
      longer side times the rounding error).
    """
    with name_scope(name or "pinv"):
        a = convert_to_tensor(a, name="a")
        values, left, right = linalg.svd(a, full_matrices=False, compute_uv=True)
        if rcond is None:
            limit = 10.0 * _machine_limit(a, values)
        else:
            limit = tf.expand_dims(rcond, -1) * tf.reduce_max(values, axis=-1, keepdims=True)
        values = tf.where(values > limit, values, float("inf") * tf.ones_like(values))
        return tf.matmul(right / tf.cast(tf.expand_dims(values, -2), a.dtype), left, adjoint_b=True)
