"""Random programs of nested conditionals and loops against plain Python, with first and second derivatives.

One interpreter runs a program twice: once building a graph, once on Python's numbers. Derivatives come from
complex steps, second ones from differences of these; programs that jump near the point are left out.
"""

import cmath
import os
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import graphflow as tf
from graphflow.compiler import hoist, pipeline

_UNARY = ("sin", "cos", "tanh", "square", "half")
_BINARY = ("add", "multiply", "subtract")


def blocks(depth):
    """Lists of instructions; conditionals and loops hold blocks, down to `depth`."""
    index = st.integers(0, 9)
    simple = st.one_of(st.tuples(st.just("unary"), st.sampled_from(_UNARY), index),
                       st.tuples(st.just("binary"), st.sampled_from(_BINARY), index, index))
    if depth == 0:
        return st.lists(simple, min_size=1, max_size=3)
    inner = blocks(depth - 1)
    return st.lists(st.one_of(
        simple,
        st.tuples(st.just("cond"), index, inner, inner),
        st.tuples(st.just("while"), index, index, index, inner),
        st.tuples(st.just("switch"), index, st.lists(inner, min_size=1, max_size=3)),
    ), min_size=1, max_size=3)


class InGraph:
    """Instructions as operations of the graph."""

    half = staticmethod(lambda x: x * 0.5)
    sin, cos, tanh, square = staticmethod(tf.sin), staticmethod(tf.cos), staticmethod(tf.tanh), staticmethod(tf.square)
    add, multiply, subtract = staticmethod(tf.add), staticmethod(tf.multiply), staticmethod(tf.subtract)

    def cond(self, value, true_fn, false_fn):
        return tf.cond(value > 0, true_fn, false_fn)

    def switch(self, value, functions):
        index = tf.cast(tf.floor(tf.abs(value) * 7.0), tf.int32) % len(functions)
        return tf.switch_case(index, functions)

    def loop(self, value, a, b, step):
        trips = tf.cast(tf.floor(tf.abs(value) * 9.0), tf.int32) % 4
        _, a, b = tf.while_loop(lambda i, a, b: i < trips, lambda i, a, b: (i + 1, *step(a, b)), [0, a, b])
        return a + b * 0.25


class InPython:
    """Instructions as they are, on complex numbers; `path` notes every decision."""

    def __init__(self):
        self.path = []

    def unary(self, x):
        return x

    sin, cos, tanh = staticmethod(cmath.sin), staticmethod(cmath.cos), staticmethod(cmath.tanh)
    square = staticmethod(lambda x: x * x)
    half = staticmethod(lambda x: x * 0.5)
    add = staticmethod(lambda x, y: x + y)
    multiply = staticmethod(lambda x, y: x * y)
    subtract = staticmethod(lambda x, y: x - y)

    def decide(self, choice):
        self.path.append(choice)
        return choice

    def cond(self, value, true_fn, false_fn):
        return true_fn() if self.decide(value.real > 0) else false_fn()

    def switch(self, value, functions):
        return functions[self.decide(int(abs(value.real) * 7.0) % len(functions))]()

    def loop(self, value, a, b, step):
        for _ in range(self.decide(int(abs(value.real) * 9.0) % 4)):
            a, b = step(a, b)
        return a + b * 0.25


def interpret(block, values, to):
    """The last value that `block` makes from `values`."""
    values = list(values)
    for kind, *arguments in block:
        def value(i, values=values):
            return values[i % len(values)]

        if kind == "unary":
            result = getattr(to, arguments[0])(value(arguments[1]))
        elif kind == "binary":
            result = getattr(to, arguments[0])(to.tanh(value(arguments[1])), value(arguments[2]))
        elif kind == "cond":
            i, first, second = arguments
            result = to.cond(value(i), lambda f=first, v=values[:]: interpret(f, v, to),
                             lambda s=second, v=values[:]: interpret(s, v, to))
        elif kind == "switch":
            i, inner = arguments
            result = to.switch(value(i), [lambda b=b, v=values[:]: interpret(b, v, to) for b in inner])
        else:
            i, j, k, inner = arguments

            def step(a, b, inner=inner, values=values[:]):
                return to.tanh(interpret(inner, [*values, a, b], to)), to.half(a)

            result = to.loop(value(i), value(j), value(k), step)
        values.append(result)
    return values[-1]


def in_python(block, x, y):
    """(value, path) on Python's numbers."""
    to = InPython()
    return interpret(block, [x, y], to), to.path


def slopes(block, x, y):
    """First derivatives by x and y; the programs that jump around the point are refused."""
    h = 1e-30
    middle, path = in_python(block, complex(x), complex(y))
    for dx, dy in ((1e-4, 0), (-1e-4, 0), (0, 1e-4), (0, -1e-4)):
        assume(in_python(block, complex(x + dx), complex(y + dy))[1] == path)
    assume(abs(middle) < 1e3)
    return (in_python(block, complex(x, h), complex(y))[0].imag / h,
            in_python(block, complex(x), complex(y, h))[0].imag / h)


def check(block, x_value, y_value):
    value, _ = in_python(block, complex(x_value), complex(y_value))
    dx, dy = slopes(block, x_value, y_value)
    e = 1e-5
    dxx = (slopes(block, x_value + e, y_value)[0] - slopes(block, x_value - e, y_value)[0]) / (2 * e)
    assume(abs(dx) + abs(dy) + abs(dxx) < 1e4)
    with tf.Graph().as_default():
        tf.set_random_seed(1)  # so that compiled kernels, and native loops, are waited for
        x, y = tf.placeholder(tf.float64, []), tf.placeholder(tf.float64, [])
        result = interpret(block, [x, y], InGraph())
        first = [tf.zeros_like(v) if g is None else g for g, v in zip(tf.gradients(result, [x, y]), (x, y))]
        second = tf.gradients(first[0], x)[0]
        fetches = [result, *first, tf.zeros_like(x) if second is None else second]
        feed_dict = {x: x_value, y: y_value}
        every = pipeline.SHAPE_PASSES
        without = [pair for pair in every if pair[0] is not hoist.hoist]
        for executor, passes in (("", every), ("", without), ("reference", every)):
            with (mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": executor}),
                  mock.patch.object(pipeline, "SHAPE_PASSES", passes), tf.Session() as sess):
                for _ in range(2):
                    found = sess.run(fetches, feed_dict)
                    np.testing.assert_allclose(found[:3], [value.real, dx, dy], rtol=1e-9, atol=1e-9)
                    np.testing.assert_allclose(found[3], dxx, rtol=1e-4, atol=1e-4)


_points = st.sampled_from([-1.3, -0.61, -0.23, 0.17, 0.42, 0.77, 1.15])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks(2), _points, _points)
def test_against_python(block, x, y):
    check(block, x, y)


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks(3), _points, _points)
def test_many_against_python(block, x, y):
    check(block, x, y)
