"""Activation functions: sample rows, and what is special about each."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

FLOATS = "float32 float64 float16 bfloat16"
ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
AWAY = np.array([-2.5, -0.3, 0.4, 3.0, 7.5])  # away from kinks, where gradients are not checked
GRADS = np.array([0.5, -1.0, 2.0, 1.5, -0.25])


def _softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def _row(op, oracle, grad_oracle, second="x", grad=(0,), **attrs):
    """The op and its gradient op, which is linear in its first input."""
    given = AWAY if second == "x" else oracle(AWAY)
    return [Sample(op, [fixed(AWAY)], oracle, attrs=attrs, dtypes=FLOATS, grad=(0,), second=True, tol=1e-5,
                   id=op),
            Sample(op + "Grad", [fixed(GRADS), fixed(given)], grad_oracle, attrs=attrs, dtypes=FLOATS, grad=grad,
                   tol=1e-5, id=op + "Grad")]


SAMPLES = [
    *_row("Relu", lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0)),
    *_row("Relu6", lambda x: np.clip(x, 0, 6), lambda g, x: g * ((x > 0) & (x < 6))),
    *_row("LeakyRelu", lambda x: np.where(x > 0, x, x / 4), lambda g, x: np.where(x > 0, g, g / 4), alpha=0.25),
    *_row("Elu", lambda x: np.where(x < 0, np.expm1(x), x), lambda g, y: np.where(y < 0, g * (y + 1), g),
          second="y", grad=(0, 1)),
    *_row("Selu", lambda x: SCALE * np.where(x < 0, ALPHA * np.expm1(x), x),
          lambda g, y: np.where(y < 0, g * (y + SCALE * ALPHA), g * SCALE), second="y", grad=(0, 1)),
    *_row("Softplus", _softplus, lambda g, x: g / (1 + np.exp(-x)), grad=(0, 1)),
    *_row("Softsign", lambda x: x / (1 + np.abs(x)), lambda g, x: g / (1 + np.abs(x)) ** 2, grad=(0, 1)),
    Sample("Relu", [normal(2, 3, 4)], lambda x: np.maximum(x, 0), dtypes="int32 int8 uint8 int64", grad=None,
           id="integers"),
]
test_samples = sample_tests(SAMPLES)


def _run(tensor):
    with tf.Session() as sess:
        return sess.run(tensor)


def test_large_inputs_neither_overflow_nor_lose_their_value():
    x = tf.constant([100.0, -100.0, 1000.0, -1000.0])
    np.testing.assert_allclose(_run(tf.nn.softplus(x)), [100, 3.783506e-44, 1000, 0], rtol=1e-6)
    np.testing.assert_allclose(_run(tf.nn.elu(x)), [100, -1, 1000, -1])


def test_nan_passes_through():
    for function in (tf.nn.relu, tf.nn.relu6, tf.nn.elu, tf.nn.softplus, tf.nn.leaky_relu):
        assert np.isnan(_run(function(tf.constant([np.nan], tf.float32)))).all(), function.__name__


def test_names_and_helper_ops_are_those_of_tensorflow():
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2, 3], name="x")
        assert tf.nn.relu6(x).op.name == "Relu6"
        assert tf.nn.crelu(x).op.name == "CRelu/Relu"
        assert tf.nn.leaky_relu([1, 2]).op.inputs[0].op.type == "Cast"
        tf.nn.xw_plus_b(x, tf.ones([3, 4]), tf.zeros([4]), name="layer")
        assert [op.name for op in graph.get_operations()][-2:] == ["layer/MatMul", "layer"]
        assert tf.nn.relu_layer(x, tf.ones([3, 4]), tf.zeros([4])).op.name == "relu_layer"


def test_swish_and_its_gradient():
    x = tf.constant([-1.0, 0.0, 2.0])
    y = tf.nn.swish(x)
    sigmoid = 1 / (1 + np.exp([1.0, 0.0, -2.0]))
    np.testing.assert_allclose(_run(y), [-1, 0, 2] * sigmoid, rtol=1e-6)
    expected = sigmoid * (1 + np.array([-1, 0, 2]) * (1 - sigmoid))
    np.testing.assert_allclose(_run(tf.gradients(y, x)[0]), expected, rtol=1e-6)


def test_strings_are_refused():
    with pytest.raises(TypeError, match="not in list of allowed values"):
        tf.nn.relu("text")


def test_half_precision_leaky_relu_multiplies_by_a_half_precision_slope():
    x = np.array([-3, -7, -0.1], np.float16)
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(tf.nn.leaky_relu(x, 0.2)), x * np.float16(0.2))
