"""Critical sections: one run at a time, released whatever happens."""

import threading
import time

import pytest

import graphflow as tf
from graphflow.framework import raw_ops

TIMEOUT = 10


def _sum_in_threads(sess, fetch, threads, times):
    def work():
        for _ in range(times):
            sess.run(fetch)

    running = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(TIMEOUT)
    assert not any(t.is_alive() for t in running)


def test_nothing_is_lost():
    """Read, think, write: without the lock, runs would overwrite each other's results."""
    v = tf.Variable(0.0, use_resource=True)
    inside = []

    def step():
        value = v.read_value()
        slow = tf.py_func(lambda x: inside.append(1) or time.sleep(0.001) or inside.pop() and x, [value], tf.float32)
        most = tf.py_func(lambda x: x, [slow], tf.float32)
        most.set_shape(())
        return v.assign(most + 1.0)

    count = tf.CriticalSection().execute(step)
    with tf.Session() as sess:
        sess.run(v.initializer)
        _sum_in_threads(sess, count, 4, 10)
        assert sess.run(v) == 40


def test_results_of_any_structure():
    section = tf.CriticalSection(name="cs")
    with tf.Session() as sess:
        assert sess.run(section.execute(lambda: {"a": tf.constant(1), "b": [tf.constant(2)]})) == {"a": 1, "b": [2]}
        assert section.name == "cs"


def test_a_failure_releases_the_lock():
    x = tf.placeholder(tf.float32, [])
    checked = tf.CriticalSection(name="cs").execute(lambda: tf.check_numerics(x, "bad"))
    config = tf.ConfigProto(operation_timeout_in_ms=TIMEOUT * 1000)
    with tf.Session(config=config) as sess:
        for _ in range(3):
            with pytest.raises(tf.errors.InvalidArgumentError, match="bad"):
                sess.run(checked, {x: float("nan")})
        assert sess.run(checked, {x: 2.0}) == 2


def test_waiting_for_the_lock_ends_with_its_name():
    handle = raw_ops.MutexV2(shared_name="m", name="m")
    lock = raw_ops.MutexLock(handle)
    release = tf.group(raw_ops.ConsumeMutexLock(lock))
    entered, go_on = threading.Event(), threading.Event()
    with tf.control_dependencies([lock]):
        held = tf.py_func(lambda: entered.set() or go_on.wait(TIMEOUT) and None, [], [])
    with tf.control_dependencies([held]):
        done = raw_ops.ConsumeMutexLock(lock)
    with tf.Session() as sess:
        thread = threading.Thread(target=sess.run, args=(done,), daemon=True)
        thread.start()
        assert entered.wait(TIMEOUT)
        with pytest.raises(tf.errors.DeadlineExceededError, match="the lock of mutex 'm'"):
            sess.run(release, options=tf.RunOptions(timeout_in_ms=30))
        go_on.set()
        thread.join(TIMEOUT)
        sess.run(release, options=tf.RunOptions(timeout_in_ms=TIMEOUT * 1000))


def test_what_would_deadlock_is_refused():
    v = tf.Variable(0.0, use_resource=True)
    first, second = tf.CriticalSection(name="a"), tf.CriticalSection(name="b")
    with pytest.raises(ValueError, match="attempts to directly access the CriticalSection"):
        first.execute(lambda: first.execute(lambda: v.assign_add(1.0)))
    first.execute(lambda: v.assign_add(1.0))
    with pytest.raises(ValueError, match="requested exclusive resource access of this resource"):
        second.execute(lambda: v.assign_add(1.0))
