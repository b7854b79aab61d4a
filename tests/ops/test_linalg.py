"""Matrix factorisations."""

import numpy as np

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, normal, sample_tests


def _product(matrix, full_matrices=False):
    q, r = raw_ops.Qr(matrix, full_matrices=full_matrices)
    return tf.matmul(q, r)


SAMPLES = [
    Sample("Qr", [normal(4, 3)], lambda a: np.linalg.qr(a), dtypes="float32 float64 complex64 complex128", tol=1e-5),
    Sample("Qr", [normal(2, 3, 4)], lambda a: np.linalg.qr(a, "complete"), attrs={"full_matrices": True},
           dtypes="float32 float64", tol=1e-5, id="full"),
]
test_samples = sample_tests(SAMPLES)


def test_factors_multiply_to_the_matrix():
    matrix = np.random.default_rng(0).normal(size=(2, 5, 3))
    with tf.Session() as session:
        for full in (False, True):
            np.testing.assert_allclose(session.run(_product(tf.constant(matrix), full)), matrix, atol=1e-12)


def test_empty_and_half_precision():
    with tf.Session() as session:
        q, r = session.run(raw_ops.Qr(np.zeros([0, 3], np.float32), full_matrices=False))
        assert q.shape == (0, 0) and r.shape == (0, 3)
        q, r = session.run(raw_ops.Qr(np.eye(2, dtype=np.float16)))
        assert q.dtype == np.float16 and np.allclose(q @ r, np.eye(2))
