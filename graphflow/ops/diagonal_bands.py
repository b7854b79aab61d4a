"""Bands of neighbouring diagonals of matrices: built into matrices, read from them, replaced in them.

A band `k` is one diagonal (0 the main one, positive above it) or the pair (lowest, highest). Its diagonals
lie in the rows of a matrix, the highest first, left-aligned: shorter ones are padded at their ends. The
wrappers of `diagonal.py` create these ops for every band but the main diagonal. Holds no state.
"""

from graphflow.framework import diagonal_band, raw_ops, shapes
from graphflow.framework.api import lookup
from graphflow.framework.op_def import RegisterGradient, register_op


def _band(c, index):
    """(lowest, highest) of the band that input `index` states, or None where only a run will tell."""
    shape = c.shape(index)
    if shape is not None and len(shape) > 1:
        raise ValueError(f"Shape must be at most rank 1 but is rank {len(shape)}")
    value = c.value(index)
    return None if value is None else diagonal_band.ends(value)


def _check_scalars(c, *indices):
    for index in indices:
        shapes.with_rank(c.shape(index), 0)


def _diag_shape(c):
    given = shapes.with_rank_at_least(c.shape(0), 1)
    _check_scalars(c, 2, 3, 4)
    band = _band(c, 1)
    if given is None or band is None:
        return [None]
    batch, length = diagonal_band.unpacked(given, band)
    rows, columns = c.value(2), c.value(3)
    if length is None or rows is None or columns is None:
        return [batch + (None, None)]
    return [batch + diagonal_band.matrix_size(length, band, int(rows), int(columns))]


def _part_shape(c):
    given = shapes.with_rank_at_least(c.shape(0), 2)
    _check_scalars(c, 2)
    band = _band(c, 1)
    if given is None or band is None:
        return [None]
    diagonal_band.check_within(*given[-2:], band)
    return [diagonal_band.packed(given, band)]


def _set_shape(c):
    given = shapes.with_rank_at_least(c.shape(0), 2)
    diagonal = shapes.with_rank_at_least(c.shape(1), 1)
    band = _band(c, 2)
    if given is None or band is None:
        return [given]
    diagonal_band.check_within(*given[-2:], band)
    diagonal = shapes.merge_shapes(diagonal_band.packed(given, band), diagonal)
    return [diagonal_band.unpacked(diagonal, band)[0] + given[-2:]]


register_op(
    "MatrixDiagV2",
    inputs="diagonal: T, k: int32, num_rows: int32, num_cols: int32, padding_value: T",
    outputs="output: T",
    attrs="T: type",
    shape=_diag_shape,
)
RegisterGradient("MatrixDiagV2")(
    lambda op, grad: [_part(grad, op.inputs[1]), None, None, None, None]
)
register_op(
    "MatrixDiagPartV2",
    inputs="input: T, k: int32, padding_value: T",
    outputs="diagonal: T",
    attrs="T: type",
    shape=_part_shape,
)
register_op(
    "MatrixSetDiagV2",
    inputs="input: T, diagonal: T, k: int32",
    outputs="output: T",
    attrs="T: type",
    shape=_set_shape,
)


def _part(matrix, band):
    return raw_ops.MatrixDiagPartV2(matrix, band, 0, name="diag_part")


def _set(matrix, diagonal, band):
    return raw_ops.MatrixSetDiagV2(matrix, diagonal, band, name="set_diag")


@RegisterGradient("MatrixDiagPartV2")
def _part_gradient(op, grad):
    matrix, band = op.inputs[0], op.inputs[1]
    if matrix._shape is not None and None not in matrix._shape[-2:]:
        rows, columns = matrix._shape[-2:]
        return raw_ops.MatrixDiagV2(grad, band, rows, columns, 0, name="diag"), None, None
    return _set(lookup("zeros_like")(matrix), grad, band), None, None


@RegisterGradient("MatrixSetDiagV2")
def _set_gradient(op, grad):
    diagonal, band = op.inputs[1], op.inputs[2]
    return _set(grad, lookup("zeros_like")(diagonal), band), _part(grad, band), None
