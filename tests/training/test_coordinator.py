"""Coordinator and LooperThread: threads stop together, and exceptions reach the one that joins them."""

import sys
import threading
import time

import pytest

import graphflow as tf


def _start(*targets):
    threads = [threading.Thread(target=target, daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def test_stop_reaches_all_threads():
    coord = tf.train.Coordinator()
    assert not coord.should_stop() and not coord.wait_for_stop(0.01)
    threads = _start(*[coord.wait_for_stop] * 3)
    coord.request_stop()
    coord.join(threads, stop_grace_period_secs=10)
    assert coord.should_stop() and coord.wait_for_stop(0) and coord.joined
    assert not any(t.is_alive() for t in threads)


def test_join_ends_when_all_threads_have_ended_without_a_stop():
    coord = tf.train.Coordinator()
    for thread in _start(lambda: time.sleep(0.02), lambda: None):
        coord.register_thread(thread)
    coord.join()
    assert not coord.should_stop() and coord.joined


def _raise(error):
    raise error


def _reporting(coord, error, form):
    def work():
        if form == "context":
            with coord.stop_on_exception():
                raise error
        try:
            raise error
        except RuntimeError as caught:
            coord.request_stop(caught if form == "exception" else sys.exc_info())
    return work


@pytest.mark.parametrize("form", ["exception", "exc_info", "context"])
def test_the_first_exception_reaches_who_joins(form):
    coord = tf.train.Coordinator()
    first = RuntimeError("first")
    threads = _start(_reporting(coord, first, form))
    coord.wait_for_stop(10)
    threads += _start(_reporting(coord, RuntimeError("too late"), form))
    with pytest.raises(RuntimeError, match="first") as caught:
        coord.join(threads)
    assert caught.value is first
    with pytest.raises(RuntimeError, match="first"):
        coord.raise_requested_exception()


def test_the_end_of_the_input_is_a_clean_stop():
    coord = tf.train.Coordinator()
    coord.request_stop(tf.errors.OutOfRangeError(None, None, "no more"))
    coord.join([])
    assert coord.should_stop()
    coord = tf.train.Coordinator(clean_stop_exception_types=(StopIteration,))
    with coord.stop_on_exception():
        raise StopIteration
    coord.join([])
    coord = tf.train.Coordinator(clean_stop_exception_types=[StopIteration])
    coord.request_stop(tf.errors.OutOfRangeError(None, None, "no more"))
    with pytest.raises(tf.errors.OutOfRangeError):
        coord.join([])


def test_what_is_no_exception_is_refused_where_threads_are_joined():
    coord = tf.train.Coordinator()
    coord.request_stop("bad")
    with pytest.raises(ValueError, match="ex must be a tuple or sys.exc_info must return the current exception"):
        coord.join([])


def test_threads_that_do_not_stop_are_named():
    coord = tf.train.Coordinator()
    release = threading.Event()
    stubborn = threading.Thread(target=release.wait, name="stubborn", daemon=True)
    stubborn.start()
    coord.register_thread(stubborn)
    coord.request_stop()
    start = time.monotonic()
    with pytest.raises(RuntimeError, match="Coordinator stopped with threads still running: stubborn"):
        coord.join(stop_grace_period_secs=0.1)
    assert 0.05 < time.monotonic() - start < 5
    coord.join([stubborn], stop_grace_period_secs=0.01, ignore_live_threads=True)
    release.set()


def test_after_join_exceptions_are_raised_at_once_until_cleared():
    coord = tf.train.Coordinator()
    coord.join([])
    coord.request_stop()
    with pytest.raises(KeyError, match="late"):
        coord.request_stop(KeyError("late"))
    coord.clear_stop()
    assert not coord.should_stop() and not coord.joined
    coord.request_stop(KeyError("in time"))
    with pytest.raises(KeyError, match="in time"):
        coord.join([])


@pytest.mark.parametrize("interval", [None, 0, 0.001])
def test_looper_thread_calls_until_stopped(interval):
    coord = tf.train.Coordinator()
    calls = []

    def target(limit, step=1):
        calls.append(step)
        if len(calls) == limit:
            coord.request_stop()

    thread = tf.train.LooperThread.loop(coord, interval, target, args=(3,), kwargs={"step": 2})
    coord.join([thread], stop_grace_period_secs=10)
    assert calls == [2, 2, 2] and thread.daemon


def test_looper_thread_of_a_subclass():
    coord = tf.train.Coordinator()
    calls = []

    class Looper(tf.train.LooperThread):
        def start_loop(self):
            calls.append("start")

        def run_loop(self):
            calls.append("run")
            coord.request_stop()

        def stop_loop(self):
            calls.append("stop")

    Looper(coord, None).start()
    coord.join(stop_grace_period_secs=10)
    assert calls == ["start", "run", "stop"]


def test_looper_thread_reports_its_exception():
    coord = tf.train.Coordinator()
    tf.train.LooperThread.loop(coord, 0, _raise, args=(KeyError("failed"),))
    with pytest.raises(KeyError, match="failed"):
        coord.join()


def test_looper_thread_checks_its_arguments():
    coord = tf.train.Coordinator()
    with pytest.raises(ValueError, match="'coord' argument must be a Coordinator: none"):
        tf.train.LooperThread("none", 1)
    with pytest.raises(ValueError, match="require that you also pass 'target'"):
        tf.train.LooperThread(coord, 1, args=(1,))
