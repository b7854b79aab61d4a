"""Random graphs: the executor with native kernels gives what the reference executor gives.

Floats may differ by the stated ulps of the vectorised functions; integers not at all. Each program
runs three times, so that frames are reused and variables written in place.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphflow as tf
from graphflow.compiler import pipeline
from graphflow.runtime.reference import ReferenceExecutor

UNARY = [tf.tanh, tf.sigmoid, tf.exp, tf.square, tf.negative, tf.abs, tf.identity, tf.nn.relu, tf.stop_gradient]
BINARY = [tf.add, tf.subtract, tf.multiply, tf.maximum, tf.minimum, tf.squared_difference]


def row_sums(a):
    return tf.reduce_sum(a, axis=1, keepdims=True)


def halves(rows, count):
    return tf.slice(rows, [0, 0], [count, -1]) - tf.tanh(tf.slice(rows, [count, 0], [count, -1]))


# What the compiler simplifies, each of (a matrix, a number, which variant).
TRICKS = {
    "undo": lambda a, b, k: [tf.negative(tf.negative(a)), tf.transpose(tf.transpose(a)),
                             tf.cast(tf.cast(a, tf.float64), tf.float32)][k % 3],
    "neutral": lambda a, b, k: [a * 1.0, 1.0 * a / 1.0, a - 0.0, a + 0.0, tf.ones_like(a) * a][k % 5],
    "repeat": lambda a, b, k: tf.tanh(a * b) - 0.5 * tf.tanh(a * b),
    "product": lambda a, b, k: tf.matmul(tf.transpose(a), a) * 0.1 if k % 2 else tf.matmul(a, tf.transpose(a)) * 0.1,
    "spread": lambda a, b, k: a * (tf.tile(a[:1], [tf.shape(a)[0], 1]) if k % 2 else tf.fill(tf.shape(a), b)),
    "sum_of": lambda a, b, k: tf.add_n([a, a * b, tf.tanh(a), a - b][:2 + k % 3]),
    "column": lambda a, b, k: tf.reshape(tf.expand_dims(a, 1) * tf.tanh(tf.expand_dims(a, 1)), tf.shape(a)) + a * b,
    "ones": lambda a, b, k: (tf.matmul(a, tf.ones([tf.shape(a)[1], 1])) * 0.1 * a if k % 2 else
                             tf.matmul(row_sums(a), tf.ones([tf.shape(a)[1], 1]), transpose_b=True) * 0.1 + a),
    "outer": lambda a, b, k: tf.matmul(row_sums(a), tf.reduce_sum(a, axis=0, keepdims=True)) * 0.01,
    "padded": lambda a, b, k: (tf.pad(a, [[0, tf.shape(a)[0]], [0, 0]]) + tf.pad(a * b, [[tf.shape(a)[0], 0], [0, 0]])
                               )[k % 2:k % 2 + tf.shape(a)[0]] * 0.5,
    "lookups": lambda a, b, k: halves(tf.gather(a, tf.concat([tf.range(tf.shape(a)[0])] * 2, 0)), tf.shape(a)[0]),
    "power": lambda a, b, k: tf.pow(a, [1.0, 2.0, 3.0][k % 3]) * 0.1,
}


@st.composite
def programs(draw):
    """A list of instructions over a growing list of float32 tensors and two variables."""
    count = draw(st.integers(2, 14))
    kinds = st.sampled_from(["unary", "binary", "sum", "mean", "reshape", "matmul", "transpose", "concat", "shape",
                             "assign_add", "assign", "read", "softmax", "undo", "neutral", "repeat", "product",
                             "spread", "sum_of", "power", "column", "ones", "outer", "padded", "lookups",
                             "read_resource", "write_resource", "first_rows", "masked"])
    return [(draw(kinds), draw(st.integers(0, 99)), draw(st.integers(0, 99)), draw(st.integers(0, 99)))
            for _ in range(count)]


def build(program, x, variables):
    """Adds the program to the default graph; returns (tensors to fetch, control-ordered writes)."""
    values = [x, variables[0] * 1.0, tf.constant([[0.5, -1.0, 2.0]])]
    writes = []
    for kind, i, j, k in program:
        a, b = values[i % len(values)], values[j % len(values)]
        v = variables[k % 2]
        if kind == "unary":
            values.append(UNARY[k % len(UNARY)](tf.clip_by_value(a, -3.0, 3.0)))
        elif kind == "binary":
            values.append(BINARY[k % len(BINARY)](a, tf.reduce_mean(b)))
        elif kind == "sum":
            values.append(tf.reduce_sum(a, axis=k % 2, keepdims=True) * 0.1)
        elif kind == "mean":
            values.append(tf.reduce_mean(a, axis=[0, 1], keepdims=True))
        elif kind == "reshape":
            values.append(tf.reshape(a, [1, -1]))
        elif kind == "matmul":
            values.append(tf.matmul(a, a, transpose_b=True) * 0.1)
        elif kind == "transpose":
            values.append(tf.transpose(a))
        elif kind == "concat":
            values.append(tf.concat([a, a], axis=k % 2)[:4, :6])
        elif kind == "join":
            values.append(tf.concat([tf.tanh(a), a * 0.5], axis=k % 2)[:4, :6])
        elif kind == "halves":
            left, right = tf.split(tf.concat([a, a * 2.0], axis=k % 2) + v[0, 0], 2, axis=k % 2)
            values.append(tf.tanh(left) * 2.0 - right)
        elif kind == "slice":
            values.append(tf.sigmoid(tf.slice(a, [0, 0], [1, 1])) + a)
        elif kind == "shape":
            values.append(a + tf.cast(tf.shape(b)[k % 2], tf.float32))
        elif kind == "softmax":
            values.append(tf.nn.softmax(a))
        elif kind == "first_rows":      # as many as the input has positive numbers in its first row, and one
            number = tf.minimum(1 + tf.reduce_sum(tf.cast(x[:1] > 0.0, tf.int32)), tf.shape(a)[0])
            values.append(tf.slice(a, [0, 0], [number, -1]) * 0.5)
        elif kind == "masked":
            step = 1 + tf.reduce_sum(tf.cast(x[:2] > 0.0, tf.int32))
            values.append(tf.boolean_mask(a, tf.equal(tf.range(tf.shape(a)[0]) % step, 0)) + tf.reduce_mean(b))
        elif kind == "read_resource":
            values.append(variables[2] * 0.5)
        elif kind == "write_resource":
            with tf.control_dependencies([a.op] if j % 2 else []):
                writes.append(variables[2].assign_add(tf.ones([1, 3]) * tf.reduce_mean(tf.tanh(b))).op)
        elif kind in TRICKS:
            values.append(TRICKS[kind](tf.clip_by_value(a, -3.0, 3.0), tf.reduce_mean(b), k))
        elif kind == "assign_add":
            with tf.control_dependencies(writes[-1:] if j % 2 else []):
                writes.append(tf.assign_add(v, tf.ones_like(v) * tf.reduce_mean(tf.tanh(a))))
        elif kind == "assign":
            with tf.control_dependencies([a.op] if j % 2 else []):
                writes.append(tf.assign(v, v * 0.5 + tf.reduce_mean(tf.tanh(a))))
        elif kind == "read":
            with tf.control_dependencies(writes[-1:]):
                values.append(v + 1.0)
    values.append(tf.gradients([tf.reduce_mean(values[-1]), tf.reduce_sum(values[-2])], x)[0])
    return [v for v in values if v is not None], writes


def run_all(program, inputs, executor):
    """What three runs fetch; checks that `executor` is what ran (None: whichever)."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        x = tf.placeholder(tf.float32, [None, 3])
        variables = [tf.Variable([[1.0, 2.0, 3.0]]), tf.Variable([[0.5], [0.25]]),
                     tf.Variable([[1.5, -0.5, 2.5]], use_resource=True)]
        values, writes = build(program, x, variables)
        results = []
        with tf.Session(graph=graph) as sess:
            sess.run(tf.global_variables_initializer())
            for array in inputs:
                out = sess.run(values + writes + variables, {x: array})
                results.append(out)
            executors = {type(e) for e in sess._bound.values()}
    assert executor is None or executors == {executor}
    return results


def check_against_reference(monkeypatch, program, rows, seed):
    """`reference == plan` for three runs of a program."""
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=(r, 3)).astype(np.float32) for r in (rows + 1, rows + 1, 2)]
    fast = run_all(program, inputs, None)
    with monkeypatch.context() as patch:
        patch.setenv("GRAPHFLOW_EXECUTOR", "reference")
        slow = run_all(program, inputs, ReferenceExecutor)
    for step_fast, step_slow in zip(fast, slow):
        for a, b in zip(step_fast, step_slow):
            if a is not None:       # of an operation
                np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 5), st.integers(0, 2**31))
def test_reference_equals_plan(monkeypatch, program, rows, seed):
    check_against_reference(monkeypatch, program, rows, seed)


# Without `fold` no shape is known: the other passes and the native kernels start from there.
OPTIONAL = [pair for pair in (*pipeline.PASSES, *pipeline.SHAPE_PASSES) if pair[0].__name__ != "fold"]


@pytest.mark.parametrize("without", OPTIONAL, ids=lambda pair: pair[0].__name__)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 5), st.integers(0, 2**31))
def test_reference_equals_plan_without_a_pass(monkeypatch, without, program, rows, seed):
    with monkeypatch.context() as patch:
        for name in ("PASSES", "SHAPE_PASSES"):
            patch.setattr(pipeline, name, [pair for pair in getattr(pipeline, name) if pair is not without])
        check_against_reference(monkeypatch, program, rows, seed)
