"""Diagonals, bands and identity matrices."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests


def _matrix_diag(d):
    return d[..., None] * np.eye(d.shape[-1], dtype=d.dtype)


def _set_diag(x, d):
    x = x.copy()
    i = np.arange(min(x.shape[-2:]))
    x[..., i, i] = d
    return x


def _band(x, lower, upper):
    rows, columns = np.indices(x.shape[-2:])
    keep = ((lower < 0) | (rows - columns <= lower)) & ((upper < 0) | (columns - rows <= upper))
    return np.where(keep, x, np.zeros((), x.dtype))


NUMBERS = "float32 float64 int32 complex64 bfloat16"
SAMPLES = [
    Sample("Diag", [normal(3)], np.diag, dtypes=NUMBERS, grad=(0,), second=True),
    Sample("Diag", [normal(2, 2)], lambda x: np.diag(x.ravel()).reshape(2, 2, 2, 2), id="matrix"),
    Sample("Diag", [normal(0)], lambda x: np.zeros((0, 0), x.dtype), id="empty"),
    Sample("DiagPart", [normal(3, 3)], np.diag, dtypes=NUMBERS, grad=(0,), second=True),
    Sample(
        "DiagPart",
        [normal(2, 3, 2, 3)],
        lambda x: np.diag(x.reshape(6, 6)).reshape(2, 3),
        id="rank4",
    ),
    Sample("MatrixDiag", [normal(2, 3)], _matrix_diag, dtypes=NUMBERS, grad=(0,), second=True),
    Sample(
        "MatrixDiagPart",
        [normal(2, 3, 4)],
        lambda x: np.diagonal(x, axis1=1, axis2=2),
        dtypes=NUMBERS + " string",
        grad=(0,),
        second=True,
    ),
    Sample("MatrixDiagPart", [normal(3, 3)], np.diagonal, grad=(0,), id="square"),
    Sample(
        "MatrixSetDiag",
        [normal(2, 3, 4), normal(2, 3)],
        _set_diag,
        dtypes=NUMBERS,
        grad=(0, 1),
        second=True,
    ),
    Sample(
        "MatrixBandPart",
        [normal(4, 5), fixed(np.int64(1)), fixed(np.int64(-1))],
        _band,
        dtypes=NUMBERS + " bool",
        grad=(0,),
        second=True,
    ),
    Sample(
        "MatrixBandPart",
        [normal(2, 3, 3), fixed(np.int64(0)), fixed(np.int64(0))],
        _band,
        id="diagonal",
    ),
]
test_samples = sample_tests(SAMPLES)


def test_eye():
    with tf.Graph().as_default(), tf.Session() as session:
        np.testing.assert_array_equal(session.run(tf.eye(3)), np.eye(3))
        np.testing.assert_array_equal(session.run(tf.eye(2, 4)), np.eye(2, 4))
        n = tf.placeholder(tf.int32, [])
        np.testing.assert_array_equal(session.run(tf.eye(n), {n: 2}), np.eye(2))
        np.testing.assert_array_equal(session.run(tf.eye(n, 3), {n: 2}), np.eye(2, 3))
        batch = session.run(tf.eye(2, batch_shape=[3], dtype=tf.int32))
        np.testing.assert_array_equal(batch, np.stack([np.eye(2)] * 3))
        assert batch.dtype == np.int32
        with pytest.raises(TypeError, match="positive integer"):
            tf.eye(2.5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tf.diag_part(tf.zeros([2])), "even and non-zero rank, input rank is 1"),
        (lambda: tf.diag_part(tf.zeros([2, 3])), "Dimensions must be equal, but are 2 and 3"),
        (lambda: tf.matrix_diag_part(tf.zeros([2])), "at least rank 2"),
    ],
)
def test_refused(build, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        build()


def test_band_limits_are_checked():
    with tf.Graph().as_default(), tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"number of rows \(2\) got: 3"):
            session.run(tf.matrix_band_part(tf.zeros([2, 2]), 3, 0))
