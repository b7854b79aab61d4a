"""`tensordot` and `einsum` of `graphflow/ops/contraction.py`."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, normal, sample_tests


def einsum_row(equation, *shapes):
    def einsum(*inputs):
        return tf.einsum(equation, *inputs)

    return Sample(
        einsum,
        [normal(*shape) for shape in shapes],
        lambda *xs: np.einsum(equation, *xs),
        dtypes="float32 float64",
        tol=1e-4,
        grad=tuple(range(len(shapes))),
        id=equation,
    )


def op_row(equation, *shapes, oracle=None):
    return Sample("Einsum", [[normal(*shape) for shape in shapes]],
                  oracle or (lambda xs: np.einsum(equation, *xs)), attrs={"equation": equation},
                  dtypes="float32 float64 complex64 int32", tol=1e-4, id=equation)


def dot_row(axes, a, b):
    return Sample(lambda x, y: tf.tensordot(x, y, axes), [normal(*a), normal(*b)],
                  lambda x, y: np.tensordot(x, y, axes), tol=1e-4, grad=(0, 1), id=str(axes))


test_samples = sample_tests(
    [
        einsum_row("ij,jk->ik", (2, 3), (3, 4)),
        einsum_row("ij,jk", (2, 3), (3, 4)),
        einsum_row("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
        einsum_row("bij,bkj->bki", (5, 2, 3), (5, 4, 3)),
        einsum_row("ij->ji", (2, 3)),
        einsum_row("ij->", (2, 3)),
        einsum_row("ii", (3, 3)),
        einsum_row("i,j->ij", (2,), (3,)),
        einsum_row("ij,ij->", (2, 3), (2, 3)),
        einsum_row("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
        einsum_row("ij,ik,il->jkl", (2, 3), (2, 2), (2, 4)),
        einsum_row("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
        dot_row(1, (2, 3), (3, 4)),
        dot_row(2, (2, 3, 4), (3, 4, 2)),
        dot_row(0, (2,), (3,)),
        dot_row([[1, 2], [1, 0]], (2, 3, 4), (4, 3)),
        dot_row([[-1], [0]], (2, 3), (3, 2)),
    ]
)


def test_unknown_shapes():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 3))
    with tf.Graph().as_default(), tf.Session() as sess:
        for shape in (None, [None, 3, None], [None, None, None]):
            x, y = tf.placeholder(tf.float64, shape), tf.placeholder(tf.float64, [None, None])
            dot = tf.tensordot(x, y, [[1, 2], [1, 0]])
            counted = tf.tensordot(x, y, 1)
            got = sess.run([dot, counted], {x: a, y: b})
            np.testing.assert_allclose(got[0], np.tensordot(a, b, [[1, 2], [1, 0]]))
            np.testing.assert_allclose(got[1], np.tensordot(a, b, 1))
        x, y = tf.placeholder(tf.float64, [None, 3, None]), tf.placeholder(tf.float64, [None, None])
        product = tf.einsum("bij,jk->bik", x, y)
        assert product.shape.as_list() == [None, 3, None]
        np.testing.assert_allclose(sess.run(product, {x: a, y: b}), a @ b)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ij,jk", "Got 1 arguments"),
        ("i1->i", "incorrect format"),
        ("iij->ij", "appears more than once"),
        ("i.j->ij", "outside of ellipsis"),
    ],
)
def test_malformed_equations(equation, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        tf.einsum(equation, tf.ones([2, 2, 2] if "ii" in equation else [2, 2]))


def test_ellipsis():
    a, b = np.ones((5, 2, 3)), np.ones((3, 4))
    with tf.Graph().as_default(), tf.Session() as sess:
        product = tf.einsum("...ij,jk->...ik", tf.constant(a), tf.constant(b))
        np.testing.assert_array_equal(sess.run(product), a @ b)
        np.testing.assert_array_equal(sess.run(tf.einsum("...i->...", tf.constant(a))), a.sum(-1))
        with pytest.raises(ValueError, match="Unable to statically infer ellipsis axes"):
            tf.einsum("...i->...", tf.placeholder(tf.float32))


def test_wrong_axes():
    with tf.Graph().as_default():
        x = tf.ones([2, 3])
        for axes, message in (
            (-1, "at least 0"),
            (3, "must not be larger"),
            ([[0], [0, 1]], "Different number"),
            ([[0]], "length 2"),
        ):
            with pytest.raises(ValueError, match=message):
                tf.tensordot(x, x, axes)
        with pytest.raises(TypeError, match="invalid keyword arguments"):
            tf.einsum("ij->ji", x, foo=1)


test_op_samples = sample_tests([
    op_row("aab->a", (3, 3, 4)),
    op_row("i...ii->...i", (3, 2, 3, 3)),
    op_row("ij,jk->ik", (2, 3), (3, 4)),
    op_row("...ij,...jk->...ik", (3, 1, 2, 3), (1, 2, 3, 5)),
    op_row("ab,bc,cd->da", (2, 3), (3, 4), (4, 2)),
    op_row("a->aa", (3,), oracle=lambda xs: np.diag(xs[0])),
])


@pytest.mark.parametrize("equation, shapes, message", [
    ("ij,jk->ik", ([1, 2, 3], [3, 4]), "rank 2"), ("ij,jk->ik", ([2, 3], [4, 4]), "3 and 4"),
    ("...ij,...jk->ik", ([2, 2, 3], [3, 4]), "an ellipsis"), ("ij->i", ([2, 3], [2, 3]), "1"),
    ("ij,jk", ([2, 3], [3, 4]), "formula"), ("i.j,jk->ik", ([2, 3], [3, 4]), "formula"),
])
def test_malformed_ops(equation, shapes, message):
    with pytest.raises(ValueError, match=message):
        raw_ops.Einsum([tf.zeros(shape) for shape in shapes], equation=equation)


def test_the_op_has_no_gradient():
    x = tf.ones([2, 2])
    with pytest.raises(LookupError, match="tf.einsum"):
        tf.gradients(raw_ops.Einsum([x], equation="ij->i"), x)
