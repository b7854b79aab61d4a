"""Sample rows of `graphflow/ops/matmul.py`."""

import itertools

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests

FLOATS = "float16 bfloat16 float32 float64"
NUMBERS = FLOATS + " int32 int64 complex64 complex128"


def adjoint(x):
    return np.conj(np.swapaxes(x, -1, -2))


def matmul_row(ta, tb):
    return Sample(
        "MatMul",
        [normal(*((3, 2) if ta else (2, 3))), normal(*((4, 3) if tb else (3, 4)))],
        lambda a, b: (a.T if ta else a) @ (b.T if tb else b),
        attrs={"transpose_a": ta, "transpose_b": tb},
        dtypes=NUMBERS,
        grad=(0, 1),
        second=True,
        tol=1e-4,
        id=f"{ta}-{tb}",
    )


def batch_row(op, ax, ay, batch_x=(2,), batch_y=(2,)):
    x = (*batch_x, *((3, 2) if ax else (2, 3)))
    y = (*batch_y, *((4, 3) if ay else (3, 4)))
    return Sample(
        op,
        [normal(*x), normal(*y)],
        lambda a, b: (adjoint(a) if ax else a) @ (adjoint(b) if ay else b),
        attrs={"adj_x": ax, "adj_y": ay},
        dtypes=NUMBERS,
        grad=(0, 1),
        second=True,
        tol=1e-4,
        id=f"{ax}-{ay}-{batch_x}-{batch_y}",
    )


flags = list(itertools.product((False, True), repeat=2))
test_samples = sample_tests(
    [
        *(matmul_row(*pair) for pair in flags),
        Sample("MatMul", [normal(2, 0), normal(0, 3)], np.matmul, grad=(0, 1), id="empty"),
        *(batch_row("BatchMatMul", *pair) for pair in flags),
        *(batch_row("BatchMatMulV2", *pair) for pair in flags),
        batch_row("BatchMatMulV2", False, False, (5, 1), (2,)),
        batch_row("BatchMatMulV2", True, False, (), (2,)),
        Sample(
            "SparseMatMul",
            [normal(2, 3), normal(3, 4)],
            np.matmul,
            dtypes="float32 bfloat16",
            tol=2e-2,
            attrs=lambda d: {"a_is_sparse": True},
        ),
    ]
)


def test_wrapper_makes_the_right_ops():
    with tf.Graph().as_default(), tf.Session() as sess:
        a, b = tf.ones([2, 3]), tf.ones([3, 4])
        assert tf.matmul(a, b, name="m").op.name == "m"
        assert tf.matmul(a, b, a_is_sparse=True).op.type == "SparseMatMul"
        assert tf.matmul(tf.ones([5, 2, 3]), b).op.type == "BatchMatMulV2"
        assert tf.matmul(tf.placeholder(tf.float32), b).op.type == "BatchMatMulV2"
        z = tf.constant([[1j, 2]], tf.complex64)
        np.testing.assert_array_equal(sess.run(tf.matmul(z, z, adjoint_b=True)), [[5]])
        stack = tf.constant([[[1j, 2]]], tf.complex64)
        np.testing.assert_array_equal(sess.run(tf.matmul(stack, stack, transpose_b=True)), [[[3]]])
        with pytest.warns(DeprecationWarning):
            assert tf.batch_matmul(stack, stack, adj_y=True).shape.as_list() == [1, 1, 1]
        np.testing.assert_array_equal(sess.run(tf.linalg.matvec(a, tf.ones([3]))), [3, 3])


def test_errors():
    with tf.Graph().as_default(), tf.Session() as sess:
        a = tf.ones([2, 3])
        with pytest.raises(ValueError, match="Only one of transpose_a and adjoint_a"):
            tf.matmul(a, a, transpose_a=True, adjoint_a=True)
        with pytest.raises(
            ValueError, match=r"Dimensions must be equal, but are 3 and 2.*\[2,3\], \[2,3\]"
        ):
            tf.matmul(a, a)
        with pytest.raises(ValueError, match="Shape must be rank 2 but is rank 1"):
            tf.matmul(a, tf.ones([3]))
        x = tf.placeholder(tf.float32, [None, None])
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(tf.matmul(x, a), {x: np.ones((2, 3))})


def test_sparse_gradient():
    with tf.Graph().as_default(), tf.Session() as sess:
        rng = np.random.default_rng(0)
        left, right = (rng.standard_normal(s).astype(np.float32) for s in ((2, 3), (3, 4)))
        for ta, tb in flags:
            a = tf.constant(left.T if ta else left)
            b = tf.constant(right.T if tb else right)
            product = tf.matmul(a, b, transpose_a=ta, transpose_b=tb, a_is_sparse=True)
            ga, gb = sess.run(tf.gradients(product, [a, b]))
            ones = np.ones((2, 4), np.float32)
            np.testing.assert_allclose(ga.T if ta else ga, ones @ right.T, rtol=1e-5)
            np.testing.assert_allclose(gb.T if tb else gb, left.T @ ones, rtol=1e-5)
