"""`Defun`, and the control flow of functions of lists: `tensorflow.python.framework.function` and `functional_ops`."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.ops.defined_function import Defun
from graphflow.ops.functional import For, Gradient, If, While


def run(*tensors, feed=None):
    with tf.Session() as sess:
        return sess.run(list(tensors), feed)


def test_calls():
    @Defun(tf.float32, tf.int32)
    def scaled(x, n):
        return x * tf.cast(n, tf.float32), n + 1

    @Defun(func_name="constant")
    def seven():
        return 7.0

    @Defun(tf.int32)
    def nothing(x):
        return tf.group(tf.identity(x))

    y, n = scaled([1.0, 2.0], 3)
    assert (scaled.name, scaled.declared_input_types) == ("scaled", [tf.float32, tf.int32])
    assert y.op.name == "scaled/mul" and scaled(1.0, 1, name="other")[0].op.name == "other/mul"
    assert seven().op.name.startswith("constant/") and isinstance(nothing(3), tf.Operation)
    np.testing.assert_array_equal(run(y)[0], [3, 6])
    assert run(n, seven()) == [4, 7]


def test_arguments_of_any_type_and_captured_tensors():
    w = tf.Variable(3.0)

    @Defun()
    def product(x, y):
        return x * y

    @Defun(tf.float32)
    def weighted(x):
        return w * x

    assert product(2, 3).dtype == tf.int32
    y = weighted(2.0)
    with tf.Session() as sess:
        sess.run(w.initializer)
        assert sess.run([product(2, 3), product(1.5, 2.0), y, tf.gradients(y, w)[0]]) == [6, 3, 6, 2]


def test_gradients_of_their_own():
    calls = []

    def by_call(call, dy, dz):
        calls.append((call.type, len(call.inputs), len(call.outputs)))
        return call.inputs[0] * dy, tf.zeros_like(call.inputs[1]) + dz

    @Defun(tf.float32, tf.float32, tf.float32, tf.float32)
    def by_function(x, y, dx, dy):
        return 100.0 * dx, y * dy

    for gradient in ({"python_grad_func": by_call}, {"grad_func": by_function}):
        @Defun(tf.float32, tf.float32, **gradient)
        def both(x, y):
            return tf.sin(x), tf.cos(y)

        x, y = tf.constant(3.0), tf.constant(5.0)
        found = run(*tf.gradients(both(x, y), [x, y], [tf.constant(2.0), tf.constant(4.0)]))
        assert found == ([6, 4] if "python_grad_func" in gradient else [200, 20])
    assert calls == [("both", 2, 2)]


def test_shapes_are_stated():
    @Defun(tf.float32, shape_func=lambda call: [call.inputs[0].shape])
    def loose(x):
        return tf.py_func(lambda array: array * 2, [x], tf.float32)

    y = loose(tf.ones([2, 3]))
    assert y.shape == (2, 3)
    np.testing.assert_array_equal(run(y)[0], np.full((2, 3), 2))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Defun(tf.float32)(3), "must be callable"),
    (lambda: Defun(tf.float32)(lambda x, y=1: x), "argument defaults or keywords"),
    (lambda: Defun(tf.float32)(lambda x, y: x), "fewer arguments"),
    (lambda: Defun(tf.float32, speed=3), "Unknown keyword arguments: speed"),
    (lambda: Defun(tf.float32, grad_func=1, python_grad_func=2), "Gradient defined twice"),
    (lambda: Defun(tf.float32)(lambda x: None)(1.0), "can not return None"),
    (lambda: Defun(tf.float32)(lambda x: x)(1.0, 2.0), "Expected number of arguments: 1, received: 2"),
    (lambda: Defun(tf.float32, out_names=["a", "b"])(lambda x: x)(1.0), "out_names"),
])
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_gradients_of_wrong_length():
    y = Defun(tf.float32, tf.float32, python_grad_func=lambda call, dy: dy)(lambda x, y: x * y)(1.0, 2.0)
    with pytest.raises(ValueError, match="returned 1 tensors, for 2 inputs"):
        tf.gradients(y, y.op.inputs[1])


@pytest.mark.parametrize(("value", "expected"), [(True, 3), (False, -1), (2, 3), (0, -1), (0.5, 3), ("a", 3), ("", -1)])
def test_if(value, expected):
    results = If(tf.constant(value), [tf.constant(1.0), tf.constant(2.0)], Defun(tf.float32, tf.float32)(
        lambda x, y: x + y), lambda x, y: x - y)
    assert run(*results) == [expected]


def test_while():
    assert run(*While([0, 1], lambda n, x: n < 5, Defun(tf.int32, tf.int32)(lambda n, x: (n + 1, x * 2)))) == [5, 32]
    assert run(*While([9], lambda n: n, lambda n: n - 3)) == [0]


@pytest.mark.parametrize("bounds", [(0, 10, 3), (10, 0, -3), (0, 10, 10), (3, 3, 1), (5, 0, 1), (0, -9, -2)])
def test_for(bounds):
    total, count = For(*bounds, [0, 0], lambda i, total, count: [total + i, count + 1])
    assert run(total, count) == [sum(range(*bounds)), len(range(*bounds))]


def test_gradient_of_a_function():
    found = Gradient([3.0, 4.0, 5.0, 10.0], Defun(tf.float32, tf.float32, tf.float32)(lambda x, y, z: x * x * y))
    assert run(*found) == [240, 90, 0]
    assert run(*Gradient([3.0, 10.0], lambda x: x * x)) == [60]
    with pytest.raises(ValueError, match="3 inputs for a function of 1 arguments and 1 results"):
        Gradient([1.0, 2.0, 3.0], lambda x: x)
