"""Filled, counted and spaced tensors."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

ANY = "float32 float64 int32 bool string complex64 bfloat16"


def _zeros(x):
    return np.full(x.shape, b"", object) if x.dtype == object else np.zeros_like(x)


SAMPLES = [
    Sample(
        "Fill", [fixed([2, 3]), normal()], lambda d, v: np.full((2, 3), v), dtypes=ANY, grad=(1,)
    ),
    Sample("Fill", [fixed([0, 3]), normal()], lambda d, v: np.full((0, 3), v), id="empty"),
    Sample("Fill", [fixed(np.zeros(0, np.int64)), normal()], lambda d, v: v, id="scalar"),
    Sample("ZerosLike", [normal(2, 3)], _zeros, dtypes=ANY),
    Sample("OnesLike", [normal(2, 0)], np.ones_like, dtypes="float32 int64 bool complex64"),
    Sample("Range", [fixed(3), fixed(18), fixed(4)], np.arange, dtypes="int32"),
    Sample("Range", [fixed(5), fixed(0), fixed(-2)], np.arange, dtypes="int32", id="down"),
    Sample(
        "Range",
        [fixed(np.int64(2)), fixed(np.int64(2)), fixed(np.int64(1))],
        np.arange,
        dtypes="int64",
        id="empty",
    ),
    Sample(
        "Range",
        [fixed(0.0), fixed(1.0), fixed(0.3)],
        lambda *a: np.array([0, 0.3, 0.6, 0.9]),
        dtypes="float32 float64",
        tol=1e-6,
        exact_shape=False,
        id="float",
    ),
    Sample("LinSpace", [fixed(-1.0), fixed(2.0), fixed(7)], np.linspace, exact_shape=False),
    Sample(
        "LinSpace", [fixed(-1.0), fixed(2.0), fixed(1)], np.linspace, exact_shape=False, id="one"
    ),
]
test_samples = sample_tests(SAMPLES)


def _graph():
    return [f"{op.name}:{op.type}" for op in tf.get_default_graph().get_operations()]


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda: tf.zeros([2, 3]), ["zeros:Const"]),
        (
            lambda: tf.zeros([50, 40]),
            ["zeros/shape_as_tensor:Const", "zeros/Const:Const", "zeros:Fill"],
        ),
        (lambda: tf.ones([]), ["ones:Const"]),
        (lambda: tf.zeros_like([1.0]), ["zeros_like/tensor:Const", "zeros_like:Const"]),
        (
            lambda: tf.ones_like([1.0]),
            [
                "ones_like/tensor:Const",
                "ones_like/Shape:Const",
                "ones_like/Const:Const",
                "ones_like:Fill",
            ],
        ),
        (
            lambda: tf.range(3),
            ["range/start:Const", "range/limit:Const", "range/delta:Const", "range:Range"],
        ),
        (lambda: tf.fill([2], 1.0), ["Fill/dims:Const", "Fill/value:Const", "Fill:Fill"]),
        (
            lambda: tf.zeros([tf.placeholder(tf.int32, [], name="n"), 4]),
            [
                "n:Placeholder",
                "zeros/mul/y:Const",
                "zeros/mul:Mul",
                "zeros/Less/y:Const",
                "zeros/Less:Less",
                "zeros/packed/1:Const",
                "zeros/packed:Pack",
                "zeros/Const:Const",
                "zeros:Fill",
            ],
        ),
    ],
)
def test_ops_made(build, names):
    with tf.Graph().as_default():
        build()
        assert _graph() == names


def test_values_and_dtypes():
    with tf.Graph().as_default(), tf.Session() as session:
        assert session.run(tf.zeros([2], tf.string)).tolist() == [b"", b""]
        assert session.run(tf.ones([2], tf.bool)).tolist() == [True, True]
        assert session.run(tf.zeros_like(tf.constant(["a"]))).tolist() == [b""]
        assert tf.range(3.0).dtype == tf.float32
        assert tf.range(np.int64(3)).dtype == tf.int64
        assert tf.range(3, dtype=tf.float64).dtype == tf.float64
        x = tf.placeholder(tf.float32, [None, 2])
        assert tf.ones_like(x).shape.as_list() == [None, 2]
        assert session.run(tf.ones_like(x, dtype=tf.int32), {x: np.zeros([3, 2])}).shape == (3, 2)
        n = tf.placeholder(tf.int32, [])
        assert session.run(tf.zeros([n, 2]), {n: 3}).shape == (3, 2)
        assert session.run(tf.range(n), {n: 3}).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tf.fill([2, -1], 0), "Fill dimensions must be >= 0"),
        (lambda: tf.range(0, 5, 0), "Requires delta != 0"),
        (lambda: tf.range(5, 0, 1), "Requires start <= limit when delta > 0: 5/0"),
        (lambda: tf.range(0, 5, -1), "Requires start >= limit when delta < 0: 0/5"),
        (lambda: tf.linspace(0.0, 1.0, 0), "Requires num > 0: 0"),
    ],
)
def test_refused_when_built(build, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    ("dims", "error"),
    [
        ([-1, 2], tf.errors.InvalidArgumentError),
        ([2**31 - 1] * 3, tf.errors.InvalidArgumentError),
        ([2**20, 2**21], tf.errors.ResourceExhaustedError),
    ],
)
def test_refused_when_run(dims, error):
    with tf.Graph().as_default(), tf.Session() as session:
        y = tf.fill(tf.placeholder_with_default(dims, [None]), 1.0)
        with pytest.raises(error):
            session.run(y)
