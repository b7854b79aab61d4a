"""What stands in a body for tensors outside of it."""

import numpy as np

import graphflow as tf
from graphflow.compiler import pipeline
from graphflow.framework.func_graph import FuncGraph, sources
from graphflow.framework.static_value import constant_value
from graphflow.runtime.executor import make_executor


def test_captures_at_any_depth():
    graph = tf.get_default_graph()
    x = tf.constant([1.0, 2.0])
    outer = FuncGraph(graph, "a test")
    inner = FuncGraph(outer, "a test")
    with outer.as_default(), inner.as_default():
        y = x * 2.0
    assert y.graph is inner
    captured = y.op.inputs[0]
    assert list(sources(captured)) == [captured, outer.captures[x], x]
    np.testing.assert_array_equal(constant_value(captured), [1.0, 2.0])
    assert constant_value(y) is not None


def test_references_stay_references():
    v = tf.Variable(1.0)
    body = FuncGraph(tf.get_default_graph(), "a test")
    with body.as_default():
        assigned = v.assign(2.0)
    assert assigned.op.inputs[0].op.type == "RefCaptured"
    assert assigned.dtype.name == "float32_ref"


def test_leaving_a_body():
    graph = tf.get_default_graph()
    body = FuncGraph(graph, "a test")
    with body.as_default(), tf.name_scope("s"):
        with tf.control_dependencies(None):
            x = tf.constant(1.0)
        with tf.init_scope():
            y = tf.constant(1.0)
    assert x.graph is y.graph is graph
    assert (x.name, y.name) == ("s/Const:0", "s/Const_1:0")


def test_a_body_runs_as_a_function():
    x, v = tf.placeholder(tf.float32, [], name="x"), tf.Variable(10.0, use_resource=True)
    body = FuncGraph(tf.get_default_graph(), "a test")
    argument = body.add_input(tf.float32, (None,), "argument")
    with body.as_default():
        with tf.control_dependencies([v.assign_add(1.0)]):
            body.outputs = [argument * x + v.read_value()]
    plan, captured = pipeline.lower_body(body)
    assert captured == [x]
    with tf.Session() as sess:
        sess.run(v.initializer)
        run = make_executor(plan, sess._resources).run
        np.testing.assert_array_equal(run([np.float32([1, 2]), np.array(3, np.float32)])[0], [14, 17])
        assert sess.run(v) == 11.0
