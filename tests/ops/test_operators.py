"""The operators of Tensor: ops, names, numbers on either side."""

import numpy as np
import pytest

import graphflow as tf

X, Y = np.float32([[4, -5], [6, 7]]), np.float32([[2, 3], [-4, 5]])
CASES = [
    (lambda x, y: x + y, "add", "AddV2"),
    (lambda x, y: x - y, "sub", "Sub"),
    (lambda x, y: x * y, "mul", "Mul"),
    (lambda x, y: x / y, "truediv", "RealDiv"),
    (lambda x, y: x // y, "floordiv", "FloorDiv"),
    (lambda x, y: x % y, "mod", "FloorMod"),
    (lambda x, y: x @ y, "matmul", "MatMul"),
    (lambda x, y: x < y, "Less", "Less"),
    (lambda x, y: x <= y, "LessEqual", "LessEqual"),
    (lambda x, y: x > y, "Greater", "Greater"),
    (lambda x, y: x >= y, "GreaterEqual", "GreaterEqual"),
    (lambda x, y: x + 2, "add", "AddV2"),
    (lambda x, y: 2 + x, "add", "AddV2"),
    (lambda x, y: 2 - x, "sub", "Sub"),
    (lambda x, y: 2.5 * x, "mul", "Mul"),
    (lambda x, y: 2 / x, "truediv", "RealDiv"),
    (lambda x, y: 9 // x, "floordiv", "FloorDiv"),
    (lambda x, y: 9 % x, "mod", "FloorMod"),
    (lambda x, y: 2**x, "pow", "Pow"),
    (lambda x, y: x**2, "pow", "Pow"),
    (lambda x, y: -x, "Neg", "Neg"),
    (lambda x, y: abs(x), "Abs", "Abs"),
    (lambda x, y: Y + x, "add", "AddV2"),
    (lambda x, y: Y @ x, "matmul", "MatMul"),
]


@pytest.mark.parametrize(("function", "name", "op_type"), CASES)
def test_arithmetic(function, name, op_type):
    with tf.Graph().as_default(), tf.Session() as sess:
        result = function(tf.constant(X), tf.constant(Y))
        assert (result.op.name, result.op.type) == (name, op_type)
        np.testing.assert_allclose(sess.run(result), function(X, Y), rtol=1e-6)


@pytest.mark.parametrize(("function", "name"), [
    (lambda x, y: x & y, "and"), (lambda x, y: x | y, "or"), (lambda x, y: x ^ y, "xor"),
    (lambda x, y: True & x, "and"), (lambda x, y: ~x, "LogicalNot"),
])
def test_logic(function, name):
    x, y = np.array([True, True, False]), np.array([True, False, False])
    with tf.Graph().as_default(), tf.Session() as sess:
        result = function(tf.constant(x), tf.constant(y))
        assert result.op.name == name
        np.testing.assert_array_equal(sess.run(result), function(x, y))


def test_dtypes():
    with tf.Graph().as_default(), tf.Session() as sess:
        integer = tf.constant(7)
        assert (integer / 2).dtype == tf.float64
        assert (integer + 1).dtype == tf.int32
        assert sess.run([integer / 2, integer // 2, -7 // integer]) == [3.5, 3, -1]
        assert sess.run(tf.constant("a") + "b") == b"ab"
        assert (tf.constant("a") + "b").op.type == "Add"
        with pytest.raises(TypeError, match="type float32 that does not match type int32"):
            integer + 1.5
        with pytest.raises(TypeError):
            1.5 + integer


def test_equality_is_identity():
    with tf.Graph().as_default():
        x = tf.constant(1)
        assert x == x and x != tf.constant(1)


def test_the_other_operand_may_answer():
    class Other:
        def __radd__(self, tensor):
            return "answered"

    with tf.Graph().as_default():
        assert tf.constant(1) + Other() == "answered"
