"""Sample rows of `graphflow/ops/unary.py`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, apart, fixed, normal, positive, sample_tests, unit

REAL = "float16 bfloat16 float32 float64"
FLOATS = REAL + " complex64 complex128"
NUMBERS = FLOATS + " int32 int64"


def row(op, generator, oracle, dtypes=FLOATS, **options):
    """One op of one input, differentiable twice unless said otherwise."""
    return Sample(
        op, [generator], oracle, dtypes=dtypes, **{"grad": (0,), "second": True, **options}
    )


def gradient(op, generator, oracle):
    """One gradient op of an output and its gradient."""
    return Sample(op, [generator, normal(2, 3)], oracle, dtypes=FLOATS, grad=(0, 1), second=True)


SAMPLES = [
    row("Neg", normal(2, 3), np.negative, NUMBERS),
    row("Abs", apart(2, 3), np.abs, REAL + " int8 int16 int32 int64"),
    row(
        "Sign",
        apart(2, 3),
        lambda x: np.divide(x, np.abs(x)) if x.dtype.kind == "c" else np.sign(x),
        REAL + " int32 int64 complex64",
    ),
    row("Square", normal(2, 3), lambda x: x * x, NUMBERS),
    row("Reciprocal", positive(2, 3), np.reciprocal),
    row("Inv", positive(2, 3), np.reciprocal),
    row("Sqrt", positive(2, 3), np.sqrt),
    row("Rsqrt", positive(2, 3), lambda x: 1 / np.sqrt(x)),
    row("Exp", normal(2, 3), np.exp),
    row("Expm1", normal(2, 3), np.expm1),
    row("Log", positive(2, 3), np.log),
    row("Log1p", positive(2, 3), np.log1p),
    row("Sin", normal(2, 3), np.sin),
    row("Cos", normal(2, 3), np.cos),
    row("Tanh", normal(2, 3), np.tanh),
    row("Sigmoid", normal(2, 3), lambda x: 1 / (1 + np.exp(-x))),
    row("Tanh", normal(), np.tanh, id="scalar"),
    row("Tanh", normal(0, 3), np.tanh, id="empty", grad=None),
    row("Floor", apart(2, 3), np.floor, REAL, grad=None),
    row("Ceil", apart(2, 3), np.ceil, REAL, grad=None),
    row("Rint", apart(2, 3), np.rint, REAL, grad=None),
    row(
        "Round",
        fixed(np.array([0.5, 1.5, 2.5, -0.5, 1.3])),
        np.round,
        REAL + " int32 int64",
        grad=None,
    ),
    gradient("SqrtGrad", positive(2, 3), lambda y, dy: dy * 0.5 / np.conj(y)),
    gradient("RsqrtGrad", positive(2, 3), lambda y, dy: -0.5 * dy * np.conj(y) ** 3),
    gradient("ReciprocalGrad", positive(2, 3), lambda y, dy: -dy * np.conj(y) ** 2),
    gradient("InvGrad", positive(2, 3), lambda y, dy: -dy * np.conj(y) ** 2),
    gradient("TanhGrad", unit(2, 3), lambda y, dy: dy * (1 - y ** 2)),
    gradient("SigmoidGrad", unit(2, 3), lambda y, dy: dy * y * (1 - y)),
]
test_samples = sample_tests(SAMPLES)


def run(function, values):
    """The value of `function` at a float32 constant."""
    with tf.Graph().as_default(), tf.Session() as sess:
        return sess.run(function(tf.constant(values, tf.float32)))


@pytest.mark.parametrize(("function", "values", "expected"), [
    (tf.sign, [np.nan, -0.0, 2.0], [np.nan, 0, 1]),
    (tf.round, [0.5, 1.5, 2.5, -0.5, np.nan], [0, 2, 2, -0.0, np.nan]),
    (tf.sigmoid, [-200.0, 200.0, 0.0], [0, 1, 0.5]),
    (tf.log, [0.0, -1.0], [-np.inf, np.nan]),
    (tf.sqrt, [-1.0], [np.nan]),
    (tf.reciprocal, [0.0], [np.inf]),
])
def test_special_values(function, values, expected):
    np.testing.assert_array_equal(run(function, values), expected)


def test_wrappers():
    with tf.Graph().as_default(), tf.Session() as sess:
        integers = tf.constant([1, 2])
        assert tf.round(integers) is integers
        size = tf.abs(tf.constant([3 + 4j], tf.complex64), name="size")
        assert (size.op.type, size.op.name, size.dtype) == ("ComplexAbs", "size", tf.float32)
        assert sess.run(size) == [5]
        with pytest.warns(DeprecationWarning, match="tf.neg is TensorFlow 0.x's name"):
            assert sess.run(tf.neg(3)) == -3


def test_functions_that_keep_zeros_take_sparse_tensors():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.SparseTensor([[0, 1], [2, 0]], [4.0, 0.25], [3, 2])
        for function, values in ((tf.sqrt, [2.0, 0.5]), (tf.negative, [-4.0, -0.25]), (tf.square, [16.0, 0.0625])):
            y = function(x, name="f")
            assert isinstance(y, tf.SparseTensor)
            np.testing.assert_allclose(sess.run(y.values), values)
            assert y.indices is x.indices and y.dense_shape is x.dense_shape


@pytest.mark.parametrize("op", ["SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_no_gradient_stays_none_where_the_derivative_is_infinite(op, dtype):
    y = np.array([0, 1, 2, np.inf, np.nan, 2], dtype)
    with tf.Graph().as_default(), tf.Session() as sess:
        values = sess.run(getattr(tf.raw_ops, op)(y, np.array([0, 0, 0, 0, 0, 1], dtype)))
    np.testing.assert_array_equal(values[:5], 0)
    assert values[5] != 0


@pytest.mark.parametrize("function", [tf.tanh, tf.sigmoid, tf.sqrt, tf.math.rsqrt, tf.math.reciprocal, tf.square])
def test_gradients_of_complex_functions(function):
    values = np.array([0.3 + 0.4j, 1.5 - 0.7j])
    with tf.Graph().as_default(), tf.Session():
        x = tf.constant(values)
        assert tf.test.compute_gradient_error(x, [2], function(x), [2], values, delta=1e-5) < 1e-7
        dy = tf.gradients(function(x), x, tf.constant([1 + 1j, 2 - 1j]))[0]
        assert tf.test.compute_gradient_error(x, [2], dy, [2], values, delta=1e-5) < 1e-6
