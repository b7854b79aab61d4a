"""Runs of one plan by many threads: short ones take turns, and nobody holds his turn while he waits."""

import threading
import time

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import turns
from graphflow.runtime.staged import StagedExecutor


def _work(seconds, at_once, most):
    """A function that notes how many run it at the same time."""
    def work():
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(seconds)
        at_once.pop()

    return work


@pytest.mark.parametrize("seconds", [0.0002, 0.02])
def test_only_short_runs_take_turns(seconds, monkeypatch):
    monkeypatch.setattr(turns, "_SHORT_SECONDS", 0.01)
    shared, at_once, most = turns.Turns(), [], []
    work = _work(seconds, at_once, most)

    def run():
        for _ in range(12):
            with shared.take():
                work()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most[:8]) == 1
    assert (max(most) == 1) == (seconds < 0.01)


def test_a_turn_is_left_and_taken_again():
    shared = turns.Turns()
    with shared.take() as turn:
        assert shared.lock.locked()
        turn.leave()
        assert not shared.lock.locked()
        with shared.take():
            assert shared.lock.locked()
        turn.take()
        assert shared.lock.locked()
    with pytest.raises(ValueError), shared.take():
        raise ValueError
    assert not shared.lock.locked()


def test_threads_that_fill_a_queue_wait_without_their_turn():
    """Eight threads wait for room in a queue, and one for what a function of the user does with the same plan."""
    source = tf.FIFOQueue(100, tf.float32, shapes=[()], name="source")
    target = tf.FIFOQueue(2, tf.float32, shapes=[()], name="target")
    fill = target.enqueue(source.dequeue() * 2.0)
    with tf.Session() as sess:
        sess.run(source.enqueue_many([np.arange(40.0)]))
        threads = [threading.Thread(target=lambda: [sess.run(fill) for _ in range(5)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)        # the queue is full, and all of them wait
        (executor,) = [e for e in sess._bound.values() if isinstance(e, StagedExecutor) and len(e.stages) == 3]
        assert not executor._turns.lock.locked()
        got = sorted(sess.run(target.dequeue()) for _ in range(40))
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
    np.testing.assert_array_equal(got, np.arange(40) * 2.0)


def test_a_function_of_the_user_may_run_the_same_plan():
    q = tf.FIFOQueue(10, tf.int32, shapes=[()])
    depth = []

    def nested(value):
        if len(depth) < 3:
            depth.append(value)
            sess.run(step)
        return value

    step = tf.py_func(nested, [q.dequeue()], tf.int32)
    with tf.Session() as sess:
        sess.run(q.enqueue_many([np.arange(6)]))
        sess.run(step)
        assert len(depth) == 3 and sess.run(q.size()) == 2


def test_a_traced_run_waits():
    q = tf.FIFOQueue(3, tf.float32, shapes=[()])
    element, fill = q.dequeue(), q.enqueue(7.0)
    with tf.Session() as sess:
        later = threading.Timer(0.2, lambda: sess.run(fill))
        later.start()
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        assert sess.run(element, options=options, run_metadata=tf.RunMetadata()) == 7.0
        later.join()
