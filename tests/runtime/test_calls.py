"""Steps without native kernels in native loops and conditionals: the same as the reference executor gives."""

import gc
import signal
import threading
import time
import warnings
import weakref
from unittest import mock

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import calls
from tests.runtime.loop_checks import by_python, check, seeded, without_calls  # noqa: F401  (fixtures)
from tests.runtime.test_native_branches import looped, placeholder, with_gradients

pytestmark = pytest.mark.usefixtures("by_python")


def test_one_step_of_a_body():
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])
    y = looped(lambda i, a: (tf.matrix_inverse(a) * 0.5 + tf.cast(i, tf.float32),), x)
    check([*y, *tf.gradients(y, x)])
    with tf.Session() as sess:
        for _ in range(2):
            sess.run(y)
        table = str(sess.explain(y))
    assert [line.split()[0] for line in table.splitlines() if " MatrixInverse " in line] == ["reference"]


def test_values_of_unknown_shape_and_strings_stay_with_python():
    x = placeholder(np.random.RandomState(0).randint(0, 5, [6, 10]), np.int32)
    words = tf.constant(["3", "11", "2"])

    def body(i, count, total):
        different = tf.unique(x[i])[0]
        text = tf.string_join([words[i % 3], tf.as_string(i)])
        return count + tf.size(different), total + tf.string_to_number(text, tf.int32) + tf.reduce_max(different)

    check(looped(body, tf.constant(0), tf.constant(0), trips=6))


def test_recorded_values_of_unknown_shape_are_pythons():
    x = placeholder(np.random.RandomState(0).randn(6, 10))
    y = looped(lambda i, a: (a + tf.reduce_sum(tf.square(tf.boolean_mask(x[i], x[i] > 0.1))),), tf.constant(0.0),
               trips=6)
    check([*y, *tf.gradients(y, x)], native=False)
    check(y)


def test_branches_and_inner_loops():
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])

    def inner(j, b):
        return (tf.cond(j > 0, lambda: tf.matrix_inverse(b + 2.0 * tf.eye(2)), lambda: tf.sin(b) * x),)

    y = looped(lambda i, a: looped(inner, a * 0.5, trips=i), x, trips=4)
    check(with_gradients(y, [x]))
    z = tf.cond(x[0, 0] > 1.0, lambda: looped(inner, x, trips=3)[0], lambda: x)
    fetches = [z, *tf.gradients(z, x)]
    with tf.Session() as sess:
        for value in (1.5, 0.5):
            feed = {x: [[value, 0.5], [0.25, 1.5]]}
            with without_calls(), tf.Session() as other:
                expected = other.run(fetches, feed)
            for _ in range(3):
                for a, b in zip(sess.run(fetches, feed), expected, strict=True):
                    np.testing.assert_allclose(a, b, rtol=1e-5)


def test_variables_are_read_and_written():
    v = tf.get_variable("v", initializer=np.eye(3, dtype=np.float32))
    rows = tf.get_variable("rows", [4, 2], initializer=tf.zeros_initializer())

    def body(i, a):
        update = tf.scatter_nd_update(rows, [[i % 4, 1]], [a[0, 0]])
        with tf.control_dependencies([update, tf.assign_add(v, tf.matrix_inverse(v + 1.0))]):
            return (a + v.read_value() + rows.read_value()[i % 4, 1],)

    check(looped(body, tf.zeros([3, 3]), trips=5))


def test_what_a_hoisted_call_makes_serves_all_iterations():
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])
    ids = placeholder([3, 1, 3, 2], np.int32)
    step = lambda i, a: a * 0.5 + tf.matrix_inverse(x) + tf.to_float(tf.reduce_sum(tf.unique(ids)[0]) + i)  # noqa: E731
    check(looped(lambda i, a: (step(i, a),), tf.zeros([2, 2])))


def test_random_numbers_that_python_draws():
    y = looped(lambda i, a: (a + tf.random_gamma([2], 1.5 + tf.cast(i, tf.float32), seed=5),), tf.zeros([2]))
    check(y)


@pytest.mark.parametrize("deep", [False, True])
def test_errors_name_the_op_and_the_line(deep):
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])

    def body(i, a):
        return (tf.matrix_inverse(a * tf.cast(3 - i, tf.float32), name="turned"),)

    y = looped(lambda i, a: looped(body, a, trips=i), x) if deep else looped(body, x)
    with tf.Session() as sess:
        for _ in range(3):
            with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible.*turned") as info:
                sess.run(y)
            assert "test_calls.py" in str(info.value)
        assert np.isfinite(sess.run(looped(body, x, trips=2))).all()


def _slow(seconds, during=lambda: None):
    """Has the reference kernel of MatrixInverse take so long."""
    registry = kernels("registry").reference
    maker = registry.find("MatrixInverse", "linalg_solve", {"T": tf.float32})

    def slow(ctx):
        run = maker(ctx)

        def wait(*inputs):
            during()
            time.sleep(seconds)
            return run(*inputs)

        return wait

    return mock.patch.object(registry, "find", lambda kind, family, attrs: slow if kind == "MatrixInverse"
                             else type(registry).find(registry, kind, family, attrs))


@pytest.mark.parametrize("deep", [False, True])
def test_closing_the_session_and_deadlines_stop_the_loop(deep):
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])
    body = lambda i, a: (tf.matrix_inverse(a),)  # noqa: E731
    y = looped(lambda i, a: looped(body, a, trips=10 ** 6), x) if deep else looped(body, x, trips=10 ** 6)
    short = looped(lambda i, a: looped(body, a, trips=2), x) if deep else looped(body, x, trips=2)
    with _slow(0.002):
        with tf.Session() as sess, pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(short)
            sess.run(y, options=tf.RunOptions(timeout_in_ms=300))
        sess = tf.Session()
        sess.run(short)
        closing = threading.Timer(0.3, sess.close)
        closing.start()
        with pytest.raises(tf.errors.CancelledError):
            sess.run(y)
        closing.join()


def test_interrupts_leave_as_they_are():
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])
    y = looped(lambda i, a: (tf.matrix_inverse(a),), x)
    again = []
    with _slow(0.0, lambda: again and signal.raise_signal(signal.SIGINT)), tf.Session() as sess:
        expected = [sess.run(y)[0] for _ in range(3)]
        again.append(True)
        with pytest.raises(KeyboardInterrupt):
            sess.run(y)
        again.clear()
        np.testing.assert_array_equal(sess.run(y)[0], expected[0])


def test_interrupts_before_the_first_line_are_not_lost():
    """A signal that came while native code ran is looked at as soon as Python does anything."""
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])
    y = looped(lambda i, a: (tf.matrix_inverse(a),), x)
    with tf.Session() as sess:
        expected = [sess.run(y)[0] for _ in range(3)]

        class Interrupted:
            def __call__(self, *args):
                raise KeyboardInterrupt

        with mock.patch.object(calls.Call, "_run", Interrupted()), tf.Session() as other, warnings.catch_warnings():
            warnings.simplefilter("ignore")     # ctypes tells what a callback raises
            with pytest.raises(KeyboardInterrupt):
                other.run(y)
        np.testing.assert_array_equal(sess.run(y)[0], expected[0])


def test_threads_go_on_beside_loops():
    x = placeholder([[2.0, 0.5], [0.25, 1.5]])
    y = looped(lambda i, a: (tf.matrix_inverse(a),), x, trips=2000)
    found, ticks, done = {}, [0], threading.Event()

    def run(k):
        found[k] = sess.run(y, {x: [[2.0 + k, 0.5], [0.25, 1.5]]})[0]

    def tick():
        while not done.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    with tf.Session() as sess:
        expected = {k: sess.run(y, {x: [[2.0 + k, 0.5], [0.25, 1.5]]})[0] for k in range(3)}
        threads = [threading.Thread(target=run, args=(k,)) for k in range(3)]
        ticking = threading.Thread(target=tick)
        ticking.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        ticking.join()
    assert ticks[0] > 3
    for k in range(3):
        np.testing.assert_array_equal(found[k], expected[k])


def test_calls_go_with_their_session():
    gc.collect()
    before = sum(type(o) is calls.Call for o in gc.get_objects())
    with tf.Graph().as_default():
        tf.set_random_seed(1)
        y = looped(lambda i, a: (tf.matrix_inverse(a),), placeholder([[2.0, 0.5], [0.25, 1.5]]))
        with tf.Session() as sess:
            sess.run(y)
            assert sum(type(o) is calls.Call for o in gc.get_objects()) > before
            call = weakref.ref(next(o for o in gc.get_objects() if type(o) is calls.Call))
            gc.disable()
            for executor in sess._bound.values():
                executor._entries.clear()
            assert call() is None       # without a collection
            gc.enable()
    del sess, y, executor
    gc.collect()
    assert sum(type(o) is calls.Call for o in gc.get_objects()) == before
