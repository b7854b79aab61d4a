"""Bands of diagonals: built into matrices, read and replaced, with TensorFlow's paddings and errors."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

NUMBERS = "float32 float64 int32 complex64 bfloat16"
BAND = fixed(np.array([-1, 2], np.int32))
ABOVE = fixed(np.int32(1))


def _set(matrix, diagonals, k):
    """Element by element: each place of the band takes its value from the diagonals' rows."""
    lowest, highest = k.flat[0], k.flat[-1]
    rows = diagonals[..., None, :] if lowest == highest else diagonals
    out = matrix.copy()
    for i, j in np.ndindex(*matrix.shape[-2:]):
        if lowest <= j - i <= highest:
            out[..., i, j] = rows[..., highest - (j - i), min(i, j)]
    return out


def _diag(diagonals, k, rows, columns, padding):
    batch = diagonals.shape[: -1 if k.flat[0] == k.flat[-1] else -2]
    return _set(np.full((*batch, rows, columns), padding, diagonals.dtype), diagonals, k)


def _part(matrix, k, padding):
    found = []
    for diagonal in range(k.flat[-1], k.flat[0] - 1, -1):
        values = np.diagonal(matrix, diagonal, -2, -1)
        found.append(values)
    longest = max(values.shape[-1] for values in found)
    fill = [np.full((*values.shape[:-1], longest - values.shape[-1]), padding, matrix.dtype) for values in found]
    rows = [np.concatenate(pair, -1) for pair in zip(found, fill)]
    return rows[0] if k.ndim == 0 else np.stack(rows, -2)


def _int(value):
    return fixed(np.int32(value))


SAMPLES = [
    Sample("MatrixDiagV2", [normal(2, 4, 3), BAND, _int(3), _int(5), normal()], lambda d, k, m, n, p: (
        _diag(d, k, 3, 5, p)), dtypes=NUMBERS, grad=(0,), second=True),
    Sample("MatrixDiagV2", [normal(2, 3), ABOVE, _int(-1), _int(-1), normal()], lambda d, k, m, n, p: (
        _diag(d, k, 4, 4, p)), dtypes=NUMBERS, grad=(0,), second=True, id="above"),
    Sample("MatrixDiagPartV2", [normal(2, 4, 5), BAND, normal()], _part, dtypes=NUMBERS, grad=(0,), second=True),
    Sample("MatrixDiagPartV2", [normal(3, 4), ABOVE, normal()], _part, dtypes=NUMBERS, grad=(0,), id="above"),
    Sample("MatrixSetDiagV2", [normal(2, 4, 5), normal(2, 4, 4), BAND], _set, dtypes=NUMBERS, grad=(0, 1),
           second=True),
    Sample("MatrixSetDiagV2", [normal(3, 4), normal(3), ABOVE], _set, dtypes=NUMBERS, grad=(0, 1), id="above"),
]
test_samples = sample_tests(SAMPLES)


def test_wrappers_keep_the_older_ops_for_the_main_diagonal():
    with tf.Graph().as_default():
        square = tf.zeros([2, 2])
        assert tf.matrix_diag([1.0]).op.type == "MatrixDiag"
        assert tf.matrix_diag_part(square).op.type == "MatrixDiagPart"
        assert tf.matrix_set_diag(square, [1.0, 2.0]).op.type == "MatrixSetDiag"
        assert tf.matrix_diag([1.0], k=1).op.type == "MatrixDiagV2"
        assert tf.matrix_diag_part(square, k=-1).op.type == "MatrixDiagPartV2"
        assert tf.matrix_set_diag(square, [1.0], k=(1, 1)).op.type == "MatrixSetDiagV2"


def test_values_of_bands():
    with tf.Graph().as_default(), tf.Session() as session:
        k = tf.placeholder(tf.int32)
        built = tf.matrix_diag([[9, 0], [1, 2]], k=k, padding_value=-1)
        np.testing.assert_array_equal(session.run(built, {k: [0, 1]}), [[1, 9], [-1, 2]])
        flags = tf.matrix_diag([True], k=1)
        np.testing.assert_array_equal(session.run(flags), [[False, True], [False, False]])
        read = tf.matrix_diag_part([[1, 2, 3], [4, 5, 6]], k=(-1, 1), padding_value=7)
        assert read.shape == (3, 2)
        np.testing.assert_array_equal(session.run(read), [[2, 6], [1, 5], [4, 7]])


@pytest.mark.parametrize(("build", "message"), [
    (lambda z, k: tf.matrix_diag(z([2]), k=(1, 0) if k is None else k), "larger than upper_diag_index"),
    (lambda z, k: tf.matrix_diag_part(z([2, 3]), k=(1, 3) if k is None else k), "out of bound: 3"),
    (lambda z, k: tf.matrix_diag(z([2, 3]), k=(0, 2) if k is None else k), "3 diagonals"),
    (lambda z, k: tf.matrix_diag(z([3]), k=4 if k is None else k, num_rows=2), "rows is too small"),
    (lambda z, k: tf.matrix_diag(z([3]), k=5 if k is None else k, num_rows=4, num_cols=9), "not consistent"),
])
def test_what_does_not_fit_is_refused_early_and_in_runs(build, message):
    with tf.Graph().as_default(), tf.Session() as session:
        with pytest.raises(ValueError, match=message):
            build(tf.zeros, None)
        bands = {"larger": [1, 0], "out of": [1, 3], "3 diag": [0, 2], "rows i": 4, "not co": 5}
        k = tf.placeholder(tf.int32)
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            session.run(build(tf.zeros, k), {k: bands[message[:6]]})


def test_diagonals_of_another_shape_are_refused():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32)
        with pytest.raises(tf.errors.InvalidArgumentError, match="do not match: diagonals of shape"):
            session.run(tf.matrix_set_diag(tf.zeros([3, 3]), x, k=(0, 1)), {x: np.zeros([2, 4])})
