"""Loops that run natively: the same as the reference executor gives, whatever the loop variables do."""

import gc
import os
import threading
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import inner_loops, native_loop
from tests.runtime.loop_checks import are_native, by_python, check, seeded, without_calls  # noqa: F401  (fixtures)


def test_variables_change_places():
    x, y, z = (tf.placeholder_with_default(v, [3]) for v in ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [0.5, 0.5, 0.5]))
    check(tf.while_loop(lambda i, *_: i < 7, lambda i, a, b, c: (i + 1, b, c, a), [0, x, y, z]))
    check(tf.while_loop(lambda i, *_: i < 7, lambda i, a, b, c: (i + 1, b, tf.tanh(a), a), [0, x, y, z]))
    check(tf.while_loop(lambda i, *_: i < 7, lambda i, a, b, c: (i + 1, a, a, a + b), [0, x, y, z]))


def test_variables_that_stay_or_become_constants():
    x, w = tf.placeholder_with_default([1.0, 2.0], [2]), tf.placeholder_with_default([3.0, 4.0], [2])
    check(tf.while_loop(lambda i, *_: i < 5, lambda i, a, b: (i + 1, a, w), [0, x, x]))
    check(tf.while_loop(lambda i, *_: i < 5, lambda i, a, b: (i + 1, tf.constant([9.0, 9.0]), a * w), [0, x, x]))


def test_no_iteration():
    x = tf.placeholder_with_default([1.0, 2.0], [2])
    n = tf.placeholder(tf.int32, [])
    _, y = tf.while_loop(lambda i, _: i < n, lambda i, a: (i + 1, tf.sin(a)), [0, x])
    check([y, *tf.gradients(y, x)], {n: 0})


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_recorded_values_find_room(count):
    x = tf.placeholder_with_default([0.5, 1.5], [2])
    _, y = tf.while_loop(lambda i, _: i < count, lambda i, a: (i + 1, tf.sin(a) * x), [0, x])
    first = tf.gradients(y, x)[0]
    check([y, first, *tf.gradients(first, x)])


def test_large_values():
    x = tf.placeholder_with_default(np.linspace(-1, 1, 20000, dtype=np.float32).reshape(100, 200), [100, 200])
    w = tf.placeholder_with_default(np.eye(200, dtype=np.float32), [200, 200])
    _, y = tf.while_loop(lambda i, _: i < 40, lambda i, a: (i + 1, tf.tanh(tf.matmul(a, w)) + x), [0, x])
    check([y, *tf.gradients(y, [x, w])], tolerance=1e-3)


def test_recorded_under_another_shape():
    x = tf.placeholder_with_default(np.ones((2, 3), np.float32), [2, 3])

    def body(i, a):
        flat = tf.reshape(a, [6])
        return i + 1, tf.reshape(flat * flat * 0.5, [2, 3]) + a

    _, y = tf.while_loop(lambda i, _: i < 4, body, [0, x])
    check([y, *tf.gradients(y, x)])


@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_of_the_session(use_resource):
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=use_resource)
    x = tf.placeholder_with_default([1.0, 1.0], [2])

    def body(i, a):
        with tf.control_dependencies([v.assign_add(a)]):
            return i + 1, v.read_value() * 0.5

    _, y = tf.while_loop(lambda i, _: i < 6, body, [0, x])
    _, z = tf.while_loop(lambda i, _: i < 6, lambda i, a: (i + 1, a * v.read_value()), [0, x])
    check([y])
    check([z, *tf.gradients(z, [x])])
    with tf.Session() as sess:
        sess.run(v.initializer)
        sess.run(y)
        first = sess.run(v)
        sess.run(v.initializer)
        sess.run(y)
        np.testing.assert_array_equal(sess.run(v), first)


def test_gradients_of_loops_that_run_in_python():
    x = tf.placeholder_with_default([0.5, 0.7], [2])
    ones = tf.placeholder_with_default(np.ones((5, 2), np.float32), [5, 2])
    rows = tf.TensorArray(tf.float32, 6, infer_shape=False).scatter(tf.range(5), ones).write(5, [1.0])
    _, y = tf.while_loop(lambda i, _: i < 5, lambda i, a: (i + 1, tf.sin(a) * tf.reshape(rows.read(i), [2])), [0, x])
    gradient = tf.gradients(y, x)[0]
    with without_calls(), tf.Session() as sess:
        found = sess.run(gradient)
        assert are_native(sess) == [False, True]
    value, slope = np.array([0.5, 0.7]), 1.0
    for _ in range(5):
        slope, value = slope * np.cos(value), np.sin(value)
    np.testing.assert_allclose(found, slope, rtol=1e-5)


def test_results_are_the_callers():
    x = tf.placeholder(tf.float32, [4])
    _, y = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a + 1.0), [0, x])
    with tf.Session() as sess:
        first = sess.run(y, {x: np.zeros(4)})
        sess.run(y, {x: np.full(4, 100.0)})
        np.testing.assert_array_equal(first, [3.0] * 4)


def test_what_cannot_run_natively_does_not(by_python):  # noqa: F811
    x = tf.placeholder_with_default([[2.0]], [1, 1])
    loop = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, tf.matrix_inverse(a) * 3.0), [0, x])
    with without_calls():
        check(loop, native=False)
    check(loop)


def test_errors_name_the_op_and_the_iteration_counts():
    x = tf.placeholder_with_default([1, 2, 3], [3])
    _, y = tf.while_loop(lambda i, _: i < 5, lambda i, a: (i + 1, tf.gather(x, [i, i, i], name="lookup")), [0, x])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=r"\[0\] = 3 .*while/lookup"):
        sess.run(y)


def test_assertions_in_loops():
    x, top = tf.placeholder_with_default([1.0, 2.0], [2]), tf.placeholder(tf.int32, [])

    def body(i, a):
        with tf.control_dependencies([tf.Assert(i < top, ["too many:", i, a], name="enough"),
                                      tf.debugging.assert_non_negative(a, message="below zero")]):
            return i + 1, a * 0.5

    loop = tf.while_loop(lambda i, _: i < 5, body, [0, x])
    check([*loop, *tf.gradients(loop[1], x)], {top: 5})
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"too many:\] \[3\] \[0.125 0.25\].*enough") as info:
            sess.run(loop, {top: 3})
        assert "test_native_loop.py" in str(info.value)
        with pytest.raises(tf.errors.InvalidArgumentError, match="below zero"):
            sess.run(loop, {top: 5, x: [1.0, -2.0]})
        np.testing.assert_array_equal(sess.run(loop, {top: 9})[1], [1 / 32, 1 / 16])


def test_assertions_that_tell_texts_of_the_run():
    x = tf.placeholder(tf.int32, [2])
    with tf.control_dependencies([tf.Assert(tf.reduce_all(x > 0), [tf.as_string(x), "of", x])]):
        y = x * 2
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(y, {x: [1, 2]}), [2, 4])
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[-1 2\] \[of\] \[-1 2\]"):
            sess.run(y, {x: [-1, 2]})


def test_threads_have_buffers_of_their_own():
    x = tf.placeholder(tf.float32, [8])
    _, y = tf.while_loop(lambda i, _: i < 2000, lambda i, a: (i + 1, a * 0.999 + x), [0, x])
    results = {}
    with tf.Session() as sess:
        expected = {k: sess.run(y, {x: np.full(8, k)}) for k in range(4)}

        def work(k):
            results[k] = [sess.run(y, {x: np.full(8, k)}) for _ in range(10)]

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for k, found in results.items():
        for value in found:
            np.testing.assert_array_equal(value, expected[k])


def test_endless_loops_end_with_their_session_or_deadline():
    loop = tf.while_loop(lambda i: i < 5, lambda i: tf.minimum(i + 1, 3), [tf.placeholder_with_default(0, [])])
    impatient = tf.ConfigProto(operation_timeout_in_ms=300)
    with tf.Session(config=impatient) as sess, pytest.raises(tf.errors.DeadlineExceededError, match="while"):
        sess.run(loop)
    sess = tf.Session()
    caught = []

    def target():
        with pytest.raises(tf.errors.CancelledError) as info:
            sess.run(loop)
        caught.append(info.value)

    thread = threading.Thread(target=target)
    thread.start()
    threading.Event().wait(0.3)
    sess.close()
    thread.join(10)
    assert caught


def test_new_values_are_made_where_the_old_ones_were():
    x = tf.placeholder_with_default(np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8), [8, 8])

    def reads_late(i, a, b):
        new = tf.tanh(a)
        return i + 1, new, tf.matmul(a, new) + b        # `a` is read after `new` is made

    check(tf.while_loop(lambda i, *_: i < 5, reads_late, [0, x, x]))
    check(tf.while_loop(lambda i, *_: i < 5, lambda i, a, b: (i + 1, a * 2.0 + b, tf.transpose(b)), [0, x, x]))
    check(tf.while_loop(lambda i, *_: i < 5, lambda i, a: (i + 1, tf.matmul(a, a)), [0, x * .2]))
    check(tf.while_loop(lambda i, a: tf.reduce_sum(a) < 50.0, lambda i, a: (i + 1, a + 0.5), [0, x]))


@pytest.mark.parametrize("count", [0, 1, 32, 40, 65])
def test_variables_move_along_what_is_recorded_of_them(count):
    x = tf.placeholder_with_default(np.linspace(.1, 1, 6, dtype=np.float32), [6])
    _, a, b = tf.while_loop(lambda i, *_: i < count, lambda i, a, b: (i + 1, a * tf.sin(b), b * .9 + a), [0, x, x])
    slopes = tf.gradients([a, b], x)
    check([a, b, *slopes, *tf.gradients(slopes, x)], tolerance=1e-4)
    # The test reads a variable that is recorded.
    _, c = tf.while_loop(lambda i, c: (i < count) & (tf.reduce_sum(c) < 1e6), lambda i, c: (i + 1, c * c), [0, x])
    check([c, *tf.gradients(c, x)], tolerance=1e-4)


def test_results_of_earlier_runs_stay():
    """What a loop made is not written again while somebody has it, however often the loop runs."""
    x = tf.placeholder(tf.float32, [64])
    _, y = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * a), [0, x])
    slope = tf.gradients(y, x)[0]
    with tf.Session() as sess:
        kept = [sess.run([y, slope], {x: np.full(64, value, np.float32)}) for value in (1.0, 1.1, 1.2, 1.3)]
    for value, (power, derivative) in zip((1.0, 1.1, 1.2, 1.3), kept):
        np.testing.assert_allclose(power, value ** 8, rtol=1e-5)
        np.testing.assert_allclose(derivative, 8 * value ** 7, rtol=1e-5)


def test_inner_loops_leave_what_outer_ones_recorded_of_them():
    x = tf.placeholder_with_default(np.linspace(.5, 1, 6, dtype=np.float32), [6])

    def outer(i, a):
        _, b = tf.while_loop(lambda j, _: j < i + 2, lambda j, b: (j + 1, tf.sin(b) * x), [0, a])
        return i + 1, a + b

    _, y = tf.while_loop(lambda i, _: i < 4, outer, [0, x])
    with tf.Session() as sess:
        native = [sess.run([y, *tf.gradients(y, x)]) for _ in range(3)]
    with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": "reference"}), tf.Session() as sess:
        expected = sess.run([y, *tf.gradients(y, x)])
    for found in native:
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("trips", [0, 1, 5, 40])
def test_random_numbers_are_those_of_the_reference_executor(trips):
    x = tf.placeholder_with_default([1.0, 2.0], [2])
    n = tf.placeholder(tf.int32, [])

    def body(i, a, b):
        return i + 1, a * 0.5 + tf.random_normal([2]), tf.nn.dropout(b + a, rate=0.5) + tf.random_uniform([2])

    loop = tf.while_loop(lambda i, *_: i < n, body, [0, x, x])
    after = tf.random_uniform([3])
    check([*loop, after, *tf.gradients(loop[2], x)], {n: trips})    # three runs, each with numbers of its own
    found = []
    for executor in ("", "reference"):
        with mock.patch.dict(os.environ, {"GRAPHFLOW_EXECUTOR": executor}), tf.Session() as sess:
            found.append([sess.run(loop, {n: k}) for k in (trips, 3, 0, 70, 2)])
    for one, other in zip(*found):
        for a, b in zip(one, other):
            np.testing.assert_allclose(a, b, rtol=1e-5)


def test_steps_keep_no_objects():
    x, w = tf.placeholder_with_default([0.5, 1.5], [2]), tf.get_variable("w", initializer=[1.0, 2.0])
    _, y = tf.while_loop(
        lambda i, _: i < 5, lambda i, a: (i + 1, tf.cond(i > 2, lambda: tf.sin(a * w), lambda: a)), [0, x])
    train = tf.train.GradientDescentOptimizer(0.01).minimize(tf.reduce_sum(y))
    with tf.Session() as sess:
        sess.run(w.initializer)
        counts = []
        for _ in range(3):
            for _ in range(100):
                sess.run(train)
            gc.collect()
            counts.append(len(gc.get_objects()))
    assert counts[2] <= counts[1]


def test_recorded_values_that_are_the_same_in_every_iteration():
    """Large ones, whose place might be another in each run."""
    x, c = (tf.placeholder(tf.float32, [130, 130]) for _ in range(2))
    _, y = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * (c + 0.5)), [0, x])
    slope, rng = tf.gradients(y, x)[0], np.random.default_rng(0)
    with tf.Session() as sess:
        for _ in range(4):
            first, second = [rng.normal(size=(130, 130)).astype(np.float32) for _ in range(2)]
            value, found = sess.run([y, slope], {x: first, c: second})
            np.testing.assert_allclose(value, first * (second + 0.5) ** 3, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(found, (second + 0.5) ** 3, rtol=1e-4, atol=1e-4)
        assert all(are_native(sess))


def test_recorded_values_without_elements():
    """NumPy has strides for them: nothing is copied to rows of no bytes."""
    x, steps = tf.placeholder(tf.float32, [0, 0]), tf.placeholder(tf.int32, [])
    y = tf.while_loop(lambda i, a: (i < steps) & (tf.reduce_sum(a) < 1.), lambda i, a: (i + 1, a * a), [0, x])[1]
    gradient, = tf.gradients(y * y, x)
    copied = []
    table = kernels("cpu.tape").Loop

    def loop(*args):
        copied.extend(args[4][:, 1])      # bytes per iteration
        return table(*args)

    with mock.patch.object(kernels("cpu.tape"), "Loop", loop):
        check([y, gradient], {x: np.zeros((0, 0)), steps: 40})
    assert not any(copied)


def test_loops_of_no_iterations_return_no_memory_that_is_used_again():
    """In Python, their gradient gives on what it is given: a value of the plan around it."""
    x, steps = tf.placeholder(tf.float32, [64]), tf.placeholder(tf.int32, [])

    def body(i, a):
        array = tf.TensorArray(tf.float32, 2, infer_shape=False)
        array = tf.cond(a[0] > 0., lambda: array.write(1, tf.tanh(a)), lambda: array.write(1, a * .5))
        return i + 1, tf.reshape(array.read(1), [64])

    y = tf.while_loop(lambda i, a: i < steps, body, [0, x])[1]
    gradient, = tf.gradients(tf.reduce_sum(tf.sin(y) + y * y), x)
    after = tf.tanh(tf.cumsum(gradient)) + tf.cumsum(tf.cos(x))
    with tf.Session() as sess:
        for _ in range(3):
            found, _ = sess.run([gradient, after], {x: np.full(64, .3), steps: 0})
            np.testing.assert_allclose(found, np.full(64, np.cos(.3) + .6), rtol=1e-5)


def test_short_loops_run_without_a_look_in(monkeypatch):
    """As long as they take less time than Python may wait, and do not grow."""
    count = tf.placeholder(tf.int32, [])
    fetch = tf.while_loop(lambda i, _: i < count, lambda i, h: (i + 1, h * 0.5 + 1.0), [0, tf.ones([4])])[1]
    loop, calls = kernels("cpu.tape").Loop, []
    run = loop.run
    monkeypatch.setattr(inner_loops, "_MOST_COPIED", -1)
    monkeypatch.setattr(loop, "run", lambda self, limit: calls.append(limit) or run(self, limit))
    monkeypatch.setattr(native_loop, "_PATIENCE_SECONDS", 600)      # however busy the machine is
    monkeypatch.setattr(native_loop, "_MOST_AT_ONCE", 256)

    def looks_in(sess, trips):
        calls.clear()
        sess.run(fetch, {count: trips})
        return len(calls)

    with tf.Session() as sess:
        assert [looks_in(sess, trips) for trips in (20, 20, 20)] == [5, 1, 1]   # at first after 1, 3, 7, 15 iterations
        assert [looks_in(sess, trips) for trips in (30, 30, 15, 15)] == [2, 1, 1, 1]
        assert [looks_in(sess, trips) for trips in (1000, 1000)] == [6, 10]     # many iterations are not kept in mind
        monkeypatch.setattr(native_loop, "_PATIENCE_SECONDS", 0)
        assert [looks_in(sess, trips) for trips in (20, 20)] == [21, 21]        # slow ones: a look in after each
