"""Time limits of runs, and the closing of a session under runs, also inside of native code."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import deadlines
from graphflow.runtime.executor import wait_for_kernels
from tests.runtime.loop_checks import by_python  # noqa: F401  (a fixture)


def _long_chain():
    """(fed tensor, result, feed) of a run that takes seconds, in native code once that is compiled."""
    x = y = tf.placeholder(tf.float32, [500, 500])
    for _ in range(600):
        y = tf.matmul(y, x)
    return x, tf.reduce_sum(y), np.zeros((500, 500), np.float32)


@pytest.mark.parametrize("executor", ["native", "reference"])
def test_a_run_ends_at_its_time_limit(executor, monkeypatch):
    if executor == "reference":
        monkeypatch.setenv("GRAPHFLOW_EXECUTOR", "reference")
    x, y, value = _long_chain()
    with tf.Session() as sess:
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(y, {x: value}, options=tf.RunOptions(timeout_in_ms=1))
        wait_for_kernels()
        time.sleep(0.06)
        start = time.monotonic()
        with pytest.raises(tf.errors.DeadlineExceededError, match="timed out after 20 ms"):
            sess.run(y, {x: value}, options=tf.RunOptions(timeout_in_ms=20))
        assert time.monotonic() - start < 1
        assert sess.run(tf.constant(3), options=tf.RunOptions(timeout_in_ms=5000)) == 3
    assert not deadlines.any_open()


def test_a_limit_does_not_reach_runs_after_those_it_is_for():
    x = tf.placeholder(tf.float32, [100])
    y, value = tf.sin(x) * 2.0 + x, np.ones(100, np.float32)
    with tf.Session() as sess:
        expected = sess.run(y, {x: value})
        with deadlines.limit(300):
            sess.run(y, {x: value})  # as a first stage does, before its run waits
            time.sleep(0.4)
        for _ in range(2):
            np.testing.assert_array_equal(sess.run(y, {x: value}), expected)


def test_closing_the_session_stops_native_runs():
    x, y, value = _long_chain()
    sess = tf.Session()
    with pytest.raises(tf.errors.DeadlineExceededError):
        sess.run(y, {x: value}, options=tf.RunOptions(timeout_in_ms=1))
    wait_for_kernels()
    timer = threading.Timer(0.1, sess.close)
    timer.start()
    start = time.monotonic()
    with pytest.raises(tf.errors.CancelledError, match="its session was closed"):
        sess.run(y, {x: value})
    assert time.monotonic() - start < 2
    timer.join()


def test_a_limit_of_the_session_holds_unless_the_run_has_its_own():
    q = tf.FIFOQueue(1, tf.int32)
    take = q.dequeue()
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=30)) as sess:
        with pytest.raises(tf.errors.DeadlineExceededError, match="after 30 ms"):
            sess.run(take)
        with pytest.raises(tf.errors.DeadlineExceededError, match="after 60 ms"):
            sess.run(take, options=tf.RunOptions(timeout_in_ms=60))
        with pytest.raises(tf.errors.DeadlineExceededError, match="after 30 ms"):
            sess.make_callable(take)()


def test_limits_belong_to_threads():
    with deadlines.limit(10_000):
        mine = deadlines.current()
        with deadlines.limit(5_000):
            assert deadlines.current().milliseconds == 5_000
        found = []
        thread = threading.Thread(target=lambda: found.append(deadlines.current()))
        thread.start()
        thread.join()
        assert deadlines.current() is mine and found == [None]
    assert deadlines.current() is None and not deadlines.any_open()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_keeps_time_limits():
    queue = tf.FIFOQueue(1, tf.int32, name="nobody_fills_it")
    element = queue.dequeue()
    with tf.Session() as sess:
        with deadlines.limit(60_000), deadlines._changed:  # held by another thread than the child's
            child = os.fork()
            if child == 0:
                ended = threading.Thread(target=_exit_after_limit, args=(sess, element))
                ended.start()
                ended.join(20)
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0


def _exit_after_limit(sess, element):
    try:
        sess.run(element, options=tf.RunOptions(timeout_in_ms=50))
    except tf.errors.DeadlineExceededError:
        os._exit(0)
    os._exit(1)


def test_native_steps_of_a_body_that_runs_in_python_are_told_to_stop(by_python):  # noqa: F811
    x, w = tf.placeholder(tf.float32, [256, 256]), tf.placeholder(tf.float32, [256, 256])

    def long(i, a):
        for _ in range(200):
            a = tf.matmul(a, w)
        return i + 1, a + tf.matrix_inverse(w)

    _, y = tf.while_loop(lambda i, _: i < 1, long, [0, x])
    feed = {x: np.eye(256), w: np.eye(256)}
    shares = []
    with tf.Session() as sess:
        sess.run(y, feed)
        for _ in range(6):      # a busy machine may take its processor away from any of them
            start = time.monotonic()
            sess.run(y, feed)
            whole = time.monotonic() - start
            start = time.monotonic()
            with pytest.raises(tf.errors.DeadlineExceededError, match="timed out after 20 ms"):
                sess.run(y, feed, options=tf.RunOptions(timeout_in_ms=20))
            shares.append((time.monotonic() - start - 0.02) / whole)
        assert min(shares) < 0.5
        np.testing.assert_array_equal(sess.run(y, feed), 2 * np.eye(256))


@pytest.mark.parametrize("stopped_by", ["deadline", "closing", "signal"])
def test_loops_of_long_iterations_stop_within_few_of_them(stopped_by):
    """Loops within the plan's tape: what they may run before Python looks in is found as they run."""
    tf.set_random_seed(1)       # waits for compiled kernels
    begun, n = tf.Variable(0), tf.placeholder(tf.int32, [])
    x = tf.random_normal([400, 400])

    def body(i, total):
        with tf.control_dependencies([tf.assign_add(begun, 1)]):
            y = tf.while_loop(lambda j, y: j < 2, lambda j, y: (j + 1, tf.matmul(y, x) * 1e-3), [0, x + total])[1]
            return i + 1, tf.reduce_sum(y) * 1e-9

    total = tf.while_loop(lambda i, total: i < n, body, [0, 0.0])[1]
    sess = tf.Session()
    sess.run(begun.initializer)
    (slot,) = sess._resources._slots.values()
    for _ in range(3):
        sess.run(total, {n: 2})
    if stopped_by == "deadline":
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(total, {n: 5000}, options=tf.RunOptions(timeout_in_ms=30))
    elif stopped_by == "closing":
        timer = threading.Timer(0.03, sess.close)
        timer.start()
        with pytest.raises(tf.errors.CancelledError):
            sess.run(total, {n: 5000})
        timer.join()
    else:
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.03)
        try:
            with pytest.raises(KeyboardInterrupt):
                sess.run(total, {n: 5000})
        finally:
            signal.signal(signal.SIGALRM, before)
    assert 6 < slot.value < 100
