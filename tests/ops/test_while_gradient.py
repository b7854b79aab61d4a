"""Gradients of loops: what they record, sparse ones, variables. (Random programs:
tests/property/test_control_flow.py.)
"""

import numpy as np
import pytest

import graphflow as tf
from graphflow.compiler import pipeline


def recorded(fetches):
    """Names of the tensors that the bodies of a plan for `fetches` record, by the type of their node."""
    found, waiting = {}, [pipeline.lower(fetches, [], [])]
    while waiting:
        for node in waiting.pop().nodes:
            for body in node.bodies:
                found.setdefault(node.type, []).extend(tensor.name for tensor, _ in body.recorded)
                waiting.append(body.plan)
    return found


def loop(body, *initial):
    return tf.while_loop(lambda i, *rest: i < 3, lambda i, *rest: (i + 1, *body(*rest)), [0, *initial])[1:]


def test_nothing_is_recorded_without_gradients():
    x = tf.constant(2.0)
    assert recorded(loop(lambda a: (tf.sin(a) * x,), x)) == {"While": []}


def test_only_what_the_gradient_needs_is_recorded():
    x, w = tf.constant([2.0]), tf.constant([3.0])
    (y,) = loop(lambda a: (tf.sin(a * w) + a,), x)
    assert recorded(tf.gradients(y, x)) == {"While": ["while/mul:0"], "WhileGrad": []}
    assert recorded(tf.gradients(y, [x, w])) == {"While": ["while/mul:0", "while/Identity_1:0"], "WhileGrad": []}


def test_a_linear_loop_records_nothing():
    x = tf.constant([[2.0]])
    (y,) = loop(lambda a: (tf.matmul(a, [[3.0]]) + 1.0,), x)
    gradient = tf.gradients(y, x)
    assert recorded(gradient) == {"While": [], "WhileGrad": []}
    with tf.Session() as sess:
        assert sess.run(gradient)[0] == 27.0


def test_unconnected_inputs_have_no_gradient():
    x, y, w = tf.constant(1.0), tf.constant(2.0), tf.constant(3.0)
    a, b = loop(lambda a, b: (a * 2.0, b * w), x, y)
    assert tf.gradients(a, [y, w]) == [None, None]
    assert tf.gradients(a, x)[0] is not None


def test_back_prop_false_stops_gradients():
    x = tf.constant(1.0)
    y = tf.while_loop(lambda a: a < 3.0, lambda a: a * 2.0, [x], back_prop=False)
    assert tf.gradients(y, x) == [None]


def test_varying_shapes():
    x = tf.constant([[1.0, 2.0]])
    _, y = tf.while_loop(lambda i, m: i < 2, lambda i, m: (i + 1, tf.concat([m * 2.0, m], 0)), [0, x],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 2])])
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(tf.gradients(y, x)[0]), [[9.0, 9.0]])


@pytest.mark.parametrize("use_resource", [False, True])
def test_lookups_have_sparse_gradients(use_resource):
    table = tf.get_variable("t", initializer=np.arange(10.0).reshape(5, 2), use_resource=use_resource)
    zero = tf.constant(0.0, tf.float64)
    (total,) = loop(lambda t: (t + tf.reduce_sum(tf.gather(table, [1, 2])),), zero)
    h = tf.gradients(total, table)[0]
    assert isinstance(h, tf.IndexedSlices)
    with tf.Session() as sess:
        sess.run(table.initializer)
        np.testing.assert_array_equal(sess.run(tf.convert_to_tensor(h))[:, 0], [0.0, 3.0, 3.0, 0.0, 0.0])


def test_training_through_a_loop():
    w = tf.get_variable("w", initializer=0.5)
    (y,) = loop(lambda a: (a * w,), tf.constant(1.0))
    train = tf.train.GradientDescentOptimizer(0.004).minimize(tf.square(y - 8.0))
    with tf.Session() as sess:
        sess.run(w.initializer)
        for _ in range(80):
            sess.run(train)
        assert sess.run(w) == pytest.approx(2.0, abs=1e-3)


def test_gradients_inside_a_body():
    x = tf.constant(3.0)
    w = tf.constant(2.0)

    def body(a):
        return (tf.gradients(a * a * w, a)[0] + tf.gradients(a * w, w)[0],)

    (y,) = loop(body, x)
    with tf.Session() as sess:
        assert sess.run(y) == 3.0 * 5.0**3
        assert sess.run(tf.gradients(y, x)[0]) == 125.0


def test_shapes_alone_record_no_values():
    x = tf.placeholder(tf.float32, [None, 2])
    (y,) = loop(lambda a: (a + tf.reduce_sum(a, axis=1, keepdims=True) * 0.5,), x)
    plan = pipeline.lower(tf.gradients(y, x), [], [x])
    entries = [entry for node in plan.nodes for body in node.bodies for entry in body.recorded]
    assert entries
    assert not any(whole for _, whole in entries)
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(tf.gradients(y, x)[0], {x: np.ones((3, 2))}), np.full((3, 2), 8.0))


def test_gradients_of_gradients_read_the_tapes_of_gradients():
    x = tf.constant(0.5, tf.float64)
    (y,) = loop(lambda a: (tf.sin(a),), x)
    first = tf.gradients(y, x)[0]
    second = tf.gradients(first, x)[0]
    third = tf.gradients(second, x)[0]
    with tf.Session() as sess:
        values = sess.run([first, second, third])

    def slope(v):
        a = np.sin(v)
        b = np.sin(a)
        return np.cos(v) * np.cos(a) * np.cos(b)

    e = 1e-3
    np.testing.assert_allclose(values[0], slope(0.5))
    np.testing.assert_allclose(values[1], (slope(0.5 + e) - slope(0.5 - e)) / (2 * e), rtol=1e-5)
    np.testing.assert_allclose(values[2], (slope(0.5 + e) - 2 * slope(0.5) + slope(0.5 - e)) / e**2, rtol=1e-4)


@pytest.mark.parametrize("inside", [
    lambda a, x: tf.gradients(a * a, x)[0],
    lambda a, x: tf.gradients(a * x, x, stop_gradients=[a])[0],
    lambda a, x: tf.while_loop(lambda j, b: j < 2, lambda j, b: (j + 1, tf.gradients(b * a, x)[0]), [0, a])[1],
    lambda a, x: tf.while_loop(lambda j, b: j < 2, lambda j, b: (j + 1, tf.gradients(b, a)[0]), [0, a * 2.0])[1],
    lambda a, x: tf.cond(a > 0, lambda: tf.gradients(a * a, x)[0], lambda: a),
])
def test_no_gradient_goes_through_initial_values(inside):
    x = tf.constant(2.0, name="start")
    with pytest.raises(ValueError, match="through the initial value of a loop variable"):
        tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, inside(a, x)), [0, x * 3.0])


def test_gradients_of_invariants_and_of_the_bodys_own_tensors():
    x, w = tf.constant(2.0), tf.constant(3.0)
    y = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, tf.gradients(a * w, w)[0] + tf.gradients(a * a, a)[0]),
                      [0, x])[1]
    with tf.Session() as sess:
        assert sess.run(y) == 2.0 * 27


def test_results_that_lead_nowhere_have_zeros():
    a, b = tf.constant(1.0), tf.constant(2.0)
    _, y, z = tf.while_loop(lambda i, *_: i < 3, lambda i, y, z: (i + 1, y * a, z * b), [0, 1.0, 1.0])
    assert tf.gradients(y, [a, b])[1] is None
    found = tf.gradients(y + tf.stop_gradient(z), [a, b])
    with tf.Session() as sess:
        assert sess.run(found) == [3.0, 0.0]


def test_scan_whose_second_result_is_stopped():
    a, b = tf.Variable(0.0), tf.Variable(0.0)
    first, second = tf.scan(lambda *_: (a, b), tf.zeros(5), initializer=(0.0, 0.0))
    found = tf.gradients([first + tf.stop_gradient(second)], [a, b])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(found) == [5.0, 0.0]
