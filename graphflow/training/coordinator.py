"""Threads that stop together: `tf.train.Coordinator`, and threads that loop until it says so.

State of a Coordinator: whether a stop was asked for, the first exception reported, and the threads to
join. It starts no threads itself.
"""

import contextlib
import sys
import threading
import time

from graphflow.framework import errors
from graphflow.framework.api import tf_export
from graphflow.platform import tf_logging

_LONGEST_PAUSE = 0.05  # seconds between looks at whether all threads have ended by themselves


@tf_export("train.Coordinator")
class Coordinator:
    """Lets any of several threads stop all of them, and hands its exception to the one that joins.

    Args:
      clean_stop_exception_types: exceptions that mean "stop" and no more when they are reported;
        `(tf.errors.OutOfRangeError,)` by default, the end of the input.

    Example:
      >>> import threading
      >>> coord = tf.train.Coordinator()
      >>> def work():
      ...     with coord.stop_on_exception():
      ...         while not coord.should_stop():
      ...             raise ValueError("no more work")
      >>> thread = threading.Thread(target=work)
      >>> thread.start()
      >>> coord.join([thread])
      Traceback (most recent call last):
      ValueError: no more work
    """

    def __init__(self, clean_stop_exception_types=None):
        if clean_stop_exception_types is None:
            clean_stop_exception_types = (errors.OutOfRangeError,)
        self._clean_stop_exception_types = tuple(clean_stop_exception_types)
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._error = None  # the first exception reported, raised when threads are joined
        self._joined = False
        self._registered_threads = set()

    def request_stop(self, ex=None):
        """Asks all threads to stop; the first exception given is raised by `join`.

        Args: ex: an exception, or what `sys.exc_info()` gives. Types of `clean_stop_exception_types`
          count as None.
        Raises `ex` at once if the threads have been joined already: nobody else would see it.
        """
        error = self._reportable(ex)
        with self._lock:
            if self._joined and error is not None:
                raise error
            if self._stop_event.is_set():
                return
            if error is not None:
                tf_logging.info("Error reported to Coordinator: %s, %s", type(error), error)
                self._error = error
            self._stop_event.set()

    def _reportable(self, ex):
        """The exception to report for `ex`, or None."""
        error = ex[1] if isinstance(ex, tuple) and len(ex) == 3 else ex
        if ex is None or isinstance(error, self._clean_stop_exception_types):
            return None
        if isinstance(error, BaseException):
            return error
        return ValueError(f"ex must be a tuple or sys.exc_info must return the current exception: {ex!r}")

    def clear_stop(self):
        """Forgets the request to stop and the exception, so that new threads can be run."""
        with self._lock:
            self._joined = False
            self._error = None
            self._stop_event.clear()

    def should_stop(self):
        """Whether a stop was asked for."""
        return self._stop_event.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self):
        """Context in which any exception becomes a request to stop with it."""
        try:
            yield
        except BaseException:  # noqa: BLE001 - whatever ends a thread ends them all
            self.request_stop(sys.exc_info())

    def wait_for_stop(self, timeout=None):
        """Waits until a stop is asked for, `timeout` seconds at most; returns whether it was."""
        return self._stop_event.wait(timeout)

    def register_thread(self, thread):
        """Adds a thread that `join` waits for."""
        with self._lock:
            self._registered_threads.add(thread)

    def join(self, threads=None, stop_grace_period_secs=120, ignore_live_threads=False):
        """Waits for `threads` and the registered ones to end, then raises what was reported.

        Args:
          stop_grace_period_secs: how long the threads may take to end once a stop is asked for.
          ignore_live_threads: whether threads that take longer are logged, not an error.
        Raises RuntimeError naming the threads that are still running after the grace period.
        """
        with self._lock:
            threads = list(self._registered_threads.union(threads or ()))
        pause = 0.001
        while any(t.is_alive() for t in threads) and not self.wait_for_stop(pause):
            pause = min(2 * pause, _LONGEST_PAUSE)
        deadline = time.monotonic() + stop_grace_period_secs
        for thread in threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))
        stragglers = [t.name for t in threads if t.is_alive()]
        with self._lock:
            self._joined = True
            self._registered_threads = set()
        self.raise_requested_exception()
        if stragglers:
            message = "Coordinator stopped with threads still running: " + " ".join(stragglers)
            if not ignore_live_threads:
                raise RuntimeError(message)
            tf_logging.info("%s", message)

    @property
    def joined(self):
        """Whether `join` has ended."""
        return self._joined

    def raise_requested_exception(self):
        """Raises the exception given to `request_stop`, if there was one."""
        with self._lock:
            if self._error is not None:
                raise self._error


@tf_export("train.LooperThread")
class LooperThread(threading.Thread):
    """A daemon thread that calls `target` (or its own `run_loop`) until a Coordinator asks for a stop.

    Args:
      coord: the Coordinator, which gets the thread to join and any exception that ends it.
      timer_interval_secs: seconds from call to call; None calls back to back.
      target, args, kwargs: what to call.
    Raises ValueError for a `coord` that is none, or arguments without a target.
    """

    def __init__(self, coord, timer_interval_secs, target=None, args=None, kwargs=None):
        if not isinstance(coord, Coordinator):
            raise ValueError(f"'coord' argument must be a Coordinator: {coord}")
        if not target and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        super().__init__(target=target, args=args or (), kwargs=kwargs or {}, daemon=True)
        self._coord = coord
        self._timer_interval_secs = timer_interval_secs
        coord.register_thread(self)

    @staticmethod
    def loop(coord, timer_interval_secs, target, args=None, kwargs=None):
        """Makes a LooperThread and starts it; returns it."""
        looper = LooperThread(coord, timer_interval_secs, target=target, args=args, kwargs=kwargs)
        looper.start()
        return looper

    def run(self):
        """The thread's code: `start_loop`, `run_loop` time and again, `stop_loop`."""
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._timer_interval_secs is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                due = time.monotonic()
                while not self._coord.wait_for_stop(max(0.0, due - time.monotonic())):
                    due += self._timer_interval_secs
                    self.run_loop()
            self.stop_loop()

    def start_loop(self):
        """Called when the thread starts; does nothing here."""

    def stop_loop(self):
        """Called when the thread stops without an exception; does nothing here."""

    def run_loop(self):
        """Called each time round: calls the target."""
        if self._target:
            self._target(*self._args, **self._kwargs)
