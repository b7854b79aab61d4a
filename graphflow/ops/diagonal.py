"""Diagonals of tensors and batches of matrices, identity matrices and bands.

Holds no state.
"""

import numbers

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.tensor import Tensor
from graphflow.ops.fill import ones, zeros, zeros_like
from graphflow.ops.shape_tensors import rank, shape

_NUMBERS = "T: {bfloat16, half, float, double, int32, int64, complex64, complex128}"


def _diag_shape(c):
    given = c.shape(0)
    shapes.with_rank_at_least(given, 1)
    return [None if given is None else given + given]


def _diag_part_shape(c):
    given = c.shape(0)
    if given is None:
        return [None]
    if len(given) % 2 or not given:
        raise ValueError(f"Input must have even and non-zero rank, input rank is {len(given)}")
    half = len(given) // 2
    return [tuple(map(shapes.merge_dim, given[:half], given[half:]))]


register_op("Diag", inputs="diagonal: T", outputs="output: T", attrs=_NUMBERS, shape=_diag_shape)
RegisterGradient("Diag")(lambda op, grad: diag_part(grad))
register_op(
    "DiagPart", inputs="input: T", outputs="diagonal: T", attrs=_NUMBERS, shape=_diag_part_shape
)
RegisterGradient("DiagPart")(lambda op, grad: diag(grad))


@tf_export("linalg.tensor_diag", "diag")
def diag(diagonal, name=None):
    """`diagonal` (shape `[a, b]`) where both halves of an index agree; shape `[a, b, a, b]`."""
    return raw_ops.Diag(diagonal, name=name)


@tf_export("linalg.tensor_diag_part", "diag_part")
def diag_part(input, name=None):  # noqa: A002 - TensorFlow's name
    """The inverse of `diag`: elements of `input` where both halves of the index agree."""
    return raw_ops.DiagPart(input, name=name)


def _matrix_diag_shape(c):
    given = shapes.with_rank_at_least(c.shape(0), 1)
    return [None if given is None else given + given[-1:]]


def _matrix_diag_part_shape(c):
    given = shapes.with_rank_at_least(c.shape(0), 2)
    if given is None:
        return [None]
    return [given[:-2] + (_smaller(*given[-2:]),)]


def _smaller(rows, columns):
    return None if rows is None or columns is None else min(rows, columns)


def _matrix_set_diag_shape(c):
    given = shapes.with_rank_at_least(c.shape(0), 2)
    diagonal = shapes.with_rank_at_least(c.shape(1), 1)
    if given is None:
        return [None if diagonal is None else (None,) * (len(diagonal) + 1)]
    smaller = _smaller(*given[-2:])
    shapes.merge_shapes(given[:-2] + (smaller,), diagonal)
    batch = given[:-2] if diagonal is None else shapes.merge_shapes(given[:-2], diagonal[:-1])
    return [batch + given[-2:]]


register_op(
    "MatrixDiag",
    inputs="diagonal: T",
    outputs="output: T",
    attrs="T: type",
    shape=_matrix_diag_shape,
)
RegisterGradient("MatrixDiag")(lambda op, grad: matrix_diag_part(grad))
register_op(
    "MatrixDiagPart",
    inputs="input: T",
    outputs="diagonal: T",
    attrs="T: type",
    shape=_matrix_diag_part_shape,
)


@RegisterGradient("MatrixDiagPart")
def _matrix_diag_part_grad(op, grad):
    given = op.inputs[0]._shape
    if given is not None and None not in given[-2:] and given[-2] == given[-1]:
        return matrix_diag(grad)
    return matrix_set_diag(zeros_like(op.inputs[0]), grad)


register_op(
    "MatrixSetDiag",
    inputs="input: T, diagonal: T",
    outputs="output: T",
    attrs="T: type",
    shape=_matrix_set_diag_shape,
)


@RegisterGradient("MatrixSetDiag")
def _matrix_set_diag_grad(op, grad):
    matrix = shapes.merge_shapes(op.inputs[0]._shape, grad._shape)
    if shapes.is_full(matrix):
        diagonal_shape = [*matrix[:-2], min(matrix[-2:])]
    else:
        with grad.graph.colocate_with(grad.op):
            whole, ndims = shape(grad), rank(grad)
            batch = raw_ops.Slice(whole, [0], [ndims - 2])
            sizes = raw_ops.Slice(whole, [ndims - 2], [2])
            diagonal_shape = lookup("concat")([batch, [lookup("reduce_min")(sizes)]], 0)
    cleared = matrix_set_diag(grad, zeros(diagonal_shape, dtype=grad.dtype))
    return cleared, matrix_diag_part(grad)


def _is_main(k):
    """Whether the band `k` is the main diagonal, known now."""
    return not isinstance(k, Tensor) and np.ndim(k) == 0 and k == 0


def _unset(size):
    return not isinstance(size, Tensor) and size == -1


def _padding(like, value):
    """`value` for tensors like `like`: numbers are accepted for booleans."""
    return bool(value) if getattr(like, "dtype", None) == dtypes.bool and isinstance(value, int) else value


@tf_export("linalg.diag", "matrix_diag", legacy=("batch_matrix_diag",))
def matrix_diag(diagonal, name="diag", k=0, num_rows=-1, num_cols=-1, padding_value=0):
    """Matrices with `diagonal` on their diagonals `k` and `padding_value` elsewhere.

    Args:
      diagonal: shape `[..., n]`; for a band of m diagonals `[..., m, n]`, the highest first, shorter ones
        in the first places of their rows.
      k: int32, a diagonal (0 the main one, positive above it) or a band (lowest, highest).
      num_rows, num_cols: sizes; -1: the least that fit (square matrices if neither is given).
    Raises ValueError, or InvalidArgumentError in a run, if the diagonals do not fit.

        with tf.Session() as sess:
            print(sess.run(tf.matrix_diag([1, 2], k=1)))  # [[0 1 0] [0 0 2] [0 0 0]]
    """
    if _is_main(k) and _is_main(padding_value) and _unset(num_rows) and _unset(num_cols):
        return raw_ops.MatrixDiag(diagonal, name=name)
    diagonal = convert_to_tensor(diagonal, name="diagonal")
    return raw_ops.MatrixDiagV2(
        diagonal, k, num_rows, num_cols, _padding(diagonal, padding_value), name=name
    )


@tf_export("linalg.diag_part", "matrix_diag_part", legacy=("batch_matrix_diag_part",))
def matrix_diag_part(input, name="diag_part", k=0, padding_value=0):  # noqa: A002
    """The diagonals `k` of the matrices in the last two axes, as `matrix_diag` takes them.

    Args: k: as of `matrix_diag`. padding_value: what fills the rows of shorter diagonals of a band.
    """
    if _is_main(k):
        return raw_ops.MatrixDiagPart(input, name=name)
    input = convert_to_tensor(input, name="input")  # noqa: A001
    return raw_ops.MatrixDiagPartV2(input, k, _padding(input, padding_value), name=name)


@tf_export("linalg.set_diag", "matrix_set_diag", legacy=("batch_matrix_set_diag",))
def matrix_set_diag(input, diagonal, name="set_diag", k=0):  # noqa: A002
    """`input` with the diagonals `k` of its matrices replaced; `diagonal` as `matrix_diag` takes it."""
    if _is_main(k):
        return raw_ops.MatrixSetDiag(input, diagonal, name=name)
    return raw_ops.MatrixSetDiagV2(input, diagonal, k, name=name)


register_op(
    "MatrixBandPart",
    inputs="input: T, num_lower: Tindex, num_upper: Tindex",
    outputs="band: T",
    attrs="T: type; Tindex: {int32, int64} = int64",
    shape=lambda c: [shapes.with_rank_at_least(c.shape(0), 2)],
)


@RegisterGradient("MatrixBandPart")
def _matrix_band_part_grad(op, grad):
    return matrix_band_part(grad, op.inputs[1], op.inputs[2]), None, None


@tf_export("linalg.band_part", "matrix_band_part", legacy=("batch_matrix_band_part",))
def matrix_band_part(input, num_lower, num_upper, name=None):  # noqa: A002
    """Zeros outside `num_lower` diagonals below and `num_upper` above the main (negative: all)."""
    return raw_ops.MatrixBandPart(input, num_lower, num_upper, name=name)


@tf_export("eye", "linalg.eye")
def eye(num_rows, num_columns=None, batch_shape=None, dtype=dtypes.float32, name=None):
    """An identity matrix, or a batch of them.

    Raises TypeError for sizes that are neither integers nor tensors.
    """
    with name_scope(name, default_name="eye", values=[num_rows, num_columns, batch_shape]):
        is_square = num_columns is None
        batch_shape = [] if batch_shape is None else batch_shape
        num_columns = num_rows if num_columns is None else num_columns
        if isinstance(num_rows, Tensor) or isinstance(num_columns, Tensor):
            smaller = lookup("minimum")(num_rows, num_columns)
        elif not all(isinstance(n, numbers.Integral) for n in (num_rows, num_columns)):
            raise TypeError("num_rows and num_columns must be positive integer values.")
        else:
            is_square = num_rows == num_columns
            smaller = min(num_rows, num_columns)
        if isinstance(batch_shape, Tensor) or isinstance(smaller, Tensor):
            concat = lookup("concat")
            batch_shape = convert_to_tensor(batch_shape, name="shape", dtype=dtypes.int32)
            diagonal_shape = concat((batch_shape, [smaller]), axis=0)
            whole = None if is_square else concat((batch_shape, [num_rows, num_columns]), axis=0)
        else:
            diagonal_shape = [*batch_shape, smaller]
            whole = [*batch_shape, num_rows, num_columns]
        diagonal = ones(diagonal_shape, dtype=dtype)
        if is_square:
            return matrix_diag(diagonal)
        return matrix_set_diag(zeros(whole, dtype=dtype), diagonal)
