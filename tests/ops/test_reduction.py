"""Sample rows of `graphflow/ops/reduction.py`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, apart, bools, fixed, normal, sample_tests

FLOATS = "float16 bfloat16 float32 float64"
INTEGERS = "int8 int16 int32 int64 uint8 uint16"
NUMBERS = f"{FLOATS} {INTEGERS} complex64 complex128"


def reduced(function):
    """A NumPy reduction as oracle, in the input's dtype."""
    def oracle(x, axes):
        return function(x, axis=tuple(np.ravel(axes))).astype(x.dtype)

    return oracle


def kept(function):
    def oracle(x, axes):
        return function(x, axis=tuple(np.ravel(axes)), keepdims=True).astype(x.dtype)

    return oracle


def mean(x, axis, keepdims=False):
    return np.trunc(np.mean(x, axis=axis, keepdims=keepdims)) if x.dtype.kind in "iu" else np.mean(
        x, axis=axis, keepdims=keepdims)


def rows(op, function, dtypes=NUMBERS, generator=normal, **options):
    """The usual variations of one reduction."""
    def row(name, shape, axes, oracle, **more):
        return Sample(
            op,
            [generator(*shape), fixed(axes)],
            oracle(function),
            id=name,
            dtypes=dtypes
            if name == "one"
            else "float32 float64"
            if op not in ("All", "Any")
            else "bool",
            **{**options, **more},
        )

    return [
        row("one", (2, 3), [1], reduced), row("all", (2, 3), [0, 1], reduced),
        row("negative", (2, 3, 2), [-1, 0], reduced), row("scalar_axis", (2, 3), 0, reduced),
        row("keep", (2, 3), [0], kept, attrs={"keep_dims": True}),
        row("int64", (2, 3), np.array([1]), reduced),
        row("no_axes", (2, 3), np.zeros(0, np.int32), reduced),
    ]


GRAD = {"grad": (0,), "second": True}
SAMPLES = [
    *rows("Sum", np.sum, tol=1e-4, **GRAD),
    *rows("Mean", mean, tol=1e-4, **GRAD),
    *rows("Prod", np.prod, tol=1e-4, **GRAD),
    *rows("Max", np.max, f"{FLOATS} {INTEGERS}", apart, grad=(0,)),
    *rows("Min", np.min, f"{FLOATS} {INTEGERS}", apart, grad=(0,)),
    *rows(
        "EuclideanNorm",
        lambda x, axis, keepdims=False: np.sqrt(
            np.sum(x * np.conj(x), axis=axis, keepdims=keepdims)
        ),
        FLOATS + " complex64",
        tol=1e-4,
    ),
    *rows("All", np.all, "bool", lambda *s: bools(*s)),
    *rows("Any", np.any, "bool", lambda *s: bools(*s)),
    Sample(
        "Prod",
        [fixed(np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 3.0]])), fixed([1])],
        reduced(np.prod),
        id="zeros",
        grad=(0,),
    ),
    Sample("Sum", [normal(0, 3), fixed([0])], reduced(np.sum), id="empty", grad=(0,)),
    Sample(
        "Sum", [normal(), fixed(np.zeros(0, np.int32))], reduced(np.sum), id="scalar", grad=(0,)
    ),
    *(
        Sample(
            op,
            [apart(3, 4), fixed(np.array(axis))],
            lambda x, axis, f=f: f(x, axis=int(axis)),
            attrs={"output_type": out},
            dtypes="float16 bfloat16 float32 float64 int32 uint8",
            id=f"{axis}-{out}",
        )
        for op, f in (("ArgMax", np.argmax), ("ArgMin", np.argmin))
        for axis, out in ((0, "int64"), (-1, "int32"))
    ),
]
test_samples = sample_tests(SAMPLES)


def evaluate(build):
    with tf.Graph().as_default(), tf.Session() as sess:
        return sess.run(build())


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (tf.reduce_max, [np.nan, 1.0], np.nan),
        (tf.reduce_min, [1.0, np.nan], np.nan),
        (tf.reduce_max, [], -np.inf),
        (tf.reduce_min, [], np.inf),
        (tf.reduce_mean, [], np.nan),
        (tf.reduce_sum, [], 0),
        (tf.reduce_prod, [], 1),
        (tf.argmax, [np.nan, 1.0, 2.0], 2),
        (tf.argmin, [1.0, np.nan, 0.0], 2),
        (tf.argmax, [np.nan, np.nan], 0),
    ],
)
def test_special_values(function, values, expected):
    np.testing.assert_equal(evaluate(lambda: function(tf.constant(values, tf.float32))), expected)


@pytest.mark.parametrize(
    ("function", "values", "dtype", "expected"),
    [
        (tf.reduce_mean, [-1, -2], tf.int32, -1),
        (tf.reduce_mean, [-1, -2, -2], tf.int32, -1),
        (tf.reduce_mean, [255, 255], tf.uint8, 255),
        (tf.reduce_mean, [], tf.int32, 0),
        (tf.reduce_max, [], tf.int32, -(2**31)),
        (tf.reduce_prod, [100000, 100000], tf.int32, 1410065408),
        (tf.math.reduce_euclidean_norm, [3, 4], tf.int32, 5),
    ],
)
def test_integers(function, values, dtype, expected):
    assert evaluate(lambda: function(tf.constant(values, dtype))) == expected


def test_equal_extremes_share_the_gradient():
    def build():
        x = tf.constant([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
        return tf.gradients(tf.reduce_max(x, 1), x)[0]

    np.testing.assert_allclose(evaluate(build), [[0, 0.5, 0.5], [1 / 3] * 3])


def test_wrong_axes():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([[1.0, 2.0]])
        with pytest.raises(
            ValueError, match="Invalid reduction dimension 2 for input with 2 dimensions"
        ):
            tf.reduce_sum(x, 2)
        for axes, message in (
            ([5], "Invalid reduction dimension"),
            ([0, -2], "duplicate dimension: 0"),
        ):
            axis = tf.placeholder(tf.int32)
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                sess.run(tf.reduce_sum(x, axis), {axis: axes})
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"Reduction axis 0 is empty in shape \[0,2\]"
        ):
            sess.run(tf.argmax(tf.zeros([0, 2]), 0))
        with pytest.raises(ValueError, match="must be in the range"):
            tf.argmax(x, 2)


def test_old_argument_names():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        old = tf.reduce_sum(x, reduction_indices=[1], keep_dims=True)
        np.testing.assert_array_equal(sess.run(old), [[3], [7]])
        assert sess.run(tf.argmax(x, dimension=1)).tolist() == [1, 1]
        with pytest.raises(ValueError, match="Cannot specify both 'reduction_indices' and 'axis'"):
            tf.reduce_sum(x, axis=0, reduction_indices=0)
        with pytest.raises(ValueError, match="Cannot specify both 'keep_dims' and 'keepdims'"):
            tf.reduce_max(x, keepdims=True, keep_dims=True)


def test_unknown_rank_reduces_to_a_scalar():
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        x = tf.placeholder(tf.float32)
        total = tf.reduce_sum(x)
        assert total.shape.as_list() == []
        assert [op.type for op in graph.get_operations()][1:] == [
            "Rank",
            "Const",
            "Const",
            "Range",
            "Sum",
        ]
        assert sess.run(total, {x: np.ones((2, 3))}) == 6
        gradient = tf.gradients(total, x)[0]
        np.testing.assert_array_equal(sess.run(gradient, {x: np.ones((2, 3))}), np.ones((2, 3)))


def test_names_of_helpers():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        tf.reduce_sum(x)
        tf.reduce_sum(x, 1)
        names = [op.name for op in graph.get_operations()]
    assert names == ["x", "Const", "Sum", "Sum_1/reduction_indices", "Sum_1"]


@pytest.mark.parametrize("function", [tf.reduce_sum, tf.reduce_mean, tf.reduce_max, tf.reduce_min, tf.reduce_prod])
def test_gradient_of_a_scalar_of_unknown_rank(function):
    """There are no axes then, and the sizes of none are divided by: an empty result."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x, w = tf.placeholder(tf.float32), tf.constant(2.0)
        (gradient,) = tf.gradients(function(w * x), w)
        assert sess.run(gradient, {x: 3.0}) == 3.0
