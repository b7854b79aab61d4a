"""`tf.while_loop`: values, structures, shapes, side effects, errors."""

import collections
import threading
import time

import numpy as np
import pytest

import graphflow as tf


def run(fetches, feed_dict=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feed_dict)


def test_names_and_values_are_tensorflows():
    y = tf.placeholder(tf.float32, [])
    i, total = tf.while_loop(lambda i, t: i < 5, lambda i, t: (i + 1, t + tf.cast(i, tf.float32) * y), [0, 2.0])
    assert (i.name, total.name) == ("while/Exit:0", "while/Exit_1:0")
    assert run([i, total], {y: 1.0}) == [5, 12.0]
    names = tf.get_default_graph()._inner_operations
    assert {"while/Less", "while/Less/y", "while/add", "while/Cast", "while/mul", "while/add_1"} <= set(names)


def test_structures():
    Pair = collections.namedtuple("Pair", "j k")
    loop = tf.while_loop(lambda i, p: i < 3, lambda i, p: (i + 1, Pair(p.j + p.k, p.k)),
                         (tf.constant(0), Pair(tf.constant(1), tf.constant(2))))
    assert isinstance(loop[1], Pair)
    assert run(loop) == (3, Pair(7, 2))
    single = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])
    assert run(single) == 3
    kept = tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0], return_same_structure=True)
    assert run(kept) == [3]


def test_maximum_iterations():
    assert run(tf.while_loop(lambda i: i < 100, lambda i: i + 1, [0], maximum_iterations=4)) == 4
    n = tf.placeholder(tf.int32, [])
    pair = tf.while_loop(lambda i, j: i < 100, lambda i, j: [i + 1, j + 2], [0, 0], maximum_iterations=n)
    assert run(pair, {n: 7}) == [7, 14]
    assert run(pair, {n: 0}) == [0, 0]


def test_nested_loops():
    outer = tf.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, tf.while_loop(
        lambda j, s: j < i, lambda j, s: (j + 1, s + i * j), [0, t])[1]), [0, 0])[1]
    assert run(outer) == sum(i * j for i in range(4) for j in range(i))


def test_no_iteration():
    assert run(tf.while_loop(lambda x: x < 0.0, lambda x: x + 1.0, [3.0])) == 3.0


def test_varying_shapes():
    x = tf.ones([1, 2])
    _, m = tf.while_loop(lambda i, m: i < 3, lambda i, m: (i + 1, tf.concat([m, m], 0)), [0, x],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 2])])
    assert m.shape.as_list() == [None, 2]
    assert run(m).shape == (8, 2)


def test_composites_as_loop_variables():
    sparse = tf.SparseTensor([[0]], [1.0], [3])
    _, s = tf.while_loop(lambda i, s: i < 3,
                         lambda i, s: (i + 1, tf.SparseTensor(s.indices, s.values * 2, s.dense_shape)),
                         [0, sparse], shape_invariants=[tf.TensorShape([]), tf.TensorShape([1])])
    assert run(s).values == 8.0


@pytest.mark.parametrize("use_resource", [False, True])
def test_assignments_in_the_body(use_resource):
    v = tf.Variable(1.0, use_resource=use_resource)

    def body(i):
        with tf.control_dependencies([v.assign(v.read_value() * 2.0)]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 5, body, [0])
    with tf.control_dependencies([loop]):
        after = v.read_value()
    with tf.Session() as sess:
        for _ in range(3):
            sess.run(v.initializer)
            assert sess.run(after) == 32.0
            assert sess.run(v) == 32.0


def test_side_effects_in_order():
    seen = []

    def body(i):
        return tf.reshape(tf.py_func(lambda n: seen.append(int(n)) or np.int32(n + 1), [i], tf.int32), [])

    loop = tf.while_loop(lambda i: i < 4, body, [0])
    assert run(loop) == 4
    assert seen == [0, 1, 2, 3]


def test_loop_variables_that_nobody_reads_do_not_run():
    calls = []

    def body(i, x):
        return i + 1, tf.reshape(tf.py_func(lambda x: calls.append(1) or x, [x], tf.float32), [])

    i, x = tf.while_loop(lambda i, x: i < 3, body, [0, 1.0])
    assert run(i) == 3 and not calls
    assert run(x) == 1.0 and len(calls) == 3


def test_random_ops_draw_anew_in_every_iteration():
    _, values = tf.while_loop(lambda i, a: i < 4,
                              lambda i, a: (i + 1, tf.concat([a, tf.random_uniform([1], seed=3)], 0)),
                              [0, tf.zeros([0])], shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])
    assert len(set(run(values))) == 4


def test_variables_made_in_the_body_belong_to_the_graph():
    def body(i, x):
        w = tf.get_variable("w", [2, 2], initializer=tf.ones_initializer())
        return i + 1, tf.matmul(x, w)

    _, x = tf.while_loop(lambda i, x: i < 2, body, [0, tf.ones([1, 2])])
    np.testing.assert_array_equal(run(x), [[4.0, 4.0]])
    assert [v.name for v in tf.trainable_variables()] == ["w:0"]


def test_closing_the_session_ends_a_loop():
    begun = threading.Event()
    first = tf.py_func(lambda: begun.set() or np.int32(0), [], tf.int32)
    first.set_shape([])
    loop = tf.while_loop(lambda i: i >= 0, lambda i: tf.minimum(i + 1, 5), [first])
    sess = tf.Session()
    caught = []

    def target():
        try:
            sess.run(loop)
        except tf.errors.CancelledError as error:
            caught.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    assert begun.wait(60)
    time.sleep(0.2)
    sess.close()
    thread.join(10)
    assert not thread.is_alive()
    assert "while" in caught[0].message


def test_traced_runs_show_the_bodies():
    loop = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])
    metadata = tf.RunMetadata()
    with tf.Session() as sess:
        sess.run(loop, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), run_metadata=metadata)
    names = [node.node_name for node in metadata.step_stats.dev_stats[0].node_stats]
    assert names.count("while/add") == 3


def test_bodies_are_specialised_with_their_loop():
    x = tf.placeholder(tf.float32, [None, 3])
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y) * x), [0, x])
    with tf.Session() as sess:
        text = sess.explain(y + 1.0, {x: np.ones((2, 3))})
    lines = {line.split()[-1]: line.split() for line in text.splitlines()}
    assert lines["while/while_context"][0] == "bodies"
    assert "float32[2,3]" in lines["while/mul"]
    assert "float32[2,3]" in lines["add"]


def _one(i):
    return i


@pytest.mark.parametrize(("cond", "body", "variables", "kwargs", "error", "message"), [
    (1, _one, [1], {}, TypeError, "cond must be callable"),
    (_one, 1, [1], {}, TypeError, "body must be callable"),
    (_one, _one, [], {}, ValueError, "No loop variables provided"),
    (_one, _one, [1], {"parallel_iterations": 0}, TypeError, "must be a positive integer"),
    (lambda i: True, _one, [1], {"maximum_iterations": [1, 2]}, ValueError, "must be a scalar, saw shape: \\(2,\\)"),
    (lambda i: i + 3, _one, [1.0], {}, TypeError, "'LoopCond' Op has type float32"),
    (lambda i: [True, False], _one, [1.0], {}, ValueError, "must be rank 0 but is rank 1"),
    (lambda i: True, lambda i: (i, i), [1.0], {}, ValueError, "same nested structure"),
    (lambda i: True, lambda i: tf.cast(i, tf.int32), [1.0], {}, ValueError, "passed int32 .* expected float32"),
    (lambda i: True, lambda i: tf.concat([i, i], 0), [np.ones(1, np.float32)], {}, ValueError,
     "enters the loop with shape \\(1,\\), but has shape \\(2,\\) after one iteration"),
    (lambda i: True, _one, [np.ones(1, np.float32)], {"shape_invariants": [tf.TensorShape([3])]}, ValueError,
     "the specified shape invariant is \\(3,\\)"),
])
def test_refused(cond, body, variables, kwargs, error, message):
    with pytest.raises(error, match=message):
        tf.while_loop(cond, body, variables, **kwargs)


def test_tensors_inside_cannot_be_used_outside():
    leaked = []
    tf.while_loop(lambda i: i < 3, lambda i: leaked.append(i + 1) or leaked[0], [0])
    with pytest.raises(ValueError, match="is in a while loop"):
        leaked[0] + 1


def test_a_sparse_loop_variable_may_gain_values():
    with tf.Graph().as_default(), tf.Session() as session:
        def body(i, x):
            place = tf.cast(tf.fill([1, 1], i), tf.int64)
            return i + 1, tf.sparse_add(x, tf.SparseTensor(place, tf.fill([1], 1.0), x.dense_shape))

        start = tf.SparseTensor([[0], [3]], [2.0, 4.0], [10])
        _, result = tf.while_loop(lambda i, _: i < 3, body, [0, start])
        assert result.indices.shape.as_list() == [None, 1] and result.values.shape.as_list() == [None]
        found = session.run(result)
    assert found.indices.ravel().tolist() == [0, 1, 2, 3] and found.values.tolist() == [3, 1, 1, 4]
