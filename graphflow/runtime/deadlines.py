"""Deadlines of runs: who is asked to stop when, also inside of native code.

`limit` opens a deadline for the runs of this thread; waiting ops look it up, and tapes that run under it
are told by a watching thread to stop (they poll a flag). State: the deadline of each thread, the open
deadlines, and the watching thread, which exists while there are any.
"""

import contextlib
import os
import threading
import time

from graphflow.framework import errors

_local = threading.local()
_open = set()  # deadlines of runs under way
_pending = set()  # those of them that have not passed
_changed = threading.Condition()
_watcher = None


class Deadline:
    """A moment by which a run must have ended. Attributes: milliseconds, expires (monotonic), stopping."""

    def __init__(self, milliseconds):
        self.milliseconds = milliseconds
        self.expires = time.monotonic() + milliseconds / 1000
        self.stopping = set()

    def will_call(self, stop):
        """Has `stop()` called when it passes while its run is still under way."""
        with _changed:
            self.stopping.add(stop)

    def passed(self):
        """Whether it is over."""
        return time.monotonic() >= self.expires

    def error(self, op=None, waiting_for=""):
        """The DeadlineExceededError of a run that took too long."""
        what = f"Op '{op.name}' ({op.type}) timed out" if op is not None else "The run timed out"
        return errors.DeadlineExceededError(
            None if op is None else op.node_def, op, f"{what} after {self.milliseconds} ms{waiting_for}")


@contextlib.contextmanager
def limit(milliseconds):
    """Runs of this thread inside of the context end after `milliseconds`, with DeadlineExceededError."""
    outer = current()
    deadline = _local.deadline = Deadline(milliseconds)
    _watch(deadline)
    try:
        yield
    finally:
        _local.deadline = outer
        with _changed:
            _open.discard(deadline)
            _pending.discard(deadline)


def current():
    """The deadline of this thread's runs, or None."""
    return getattr(_local, "deadline", None)


def stop_at_deadline(stop):
    """Has `stop()` called when this thread's deadline passes while its run is still under way."""
    deadline = current()
    if deadline is not None:
        deadline.will_call(stop)
        if deadline.passed():
            stop()


def let_go(stop):
    """Undoes `stop_at_deadline`: from now on `stop` is not called, for others may use what it stops."""
    deadline = current()
    if deadline is not None:
        with _changed:
            deadline.stopping.discard(stop)


def raise_cancelled():
    """Raises the error of a run that was told to stop: by this thread's deadline, or by who closed its session."""
    deadline = current()
    if deadline is not None and deadline.passed():
        raise deadline.error()
    raise errors.CancelledError(None, None, "The run was cancelled: its session was closed")


def is_over(resources):
    """Whether runs of this thread are to stop: the session of `resources` is closed, or their time is up."""
    deadline = current() if _open else None
    return resources.closed or deadline is not None and deadline.passed()


def check(resources, op):
    """Raises CancelledError once the session of `resources` is closed, DeadlineExceededError when time is up.

    op: what runs, or None.
    """
    if resources.closed:
        what = "the run was under way" if op is None else f"{op.name} ran"
        raise errors.CancelledError(None if op is None else op.node_def, op, f"The session was closed while {what}")
    if is_over(resources):
        raise current().error(op)


def any_open():
    """Whether any thread has a deadline: a cheap question before the others."""
    return bool(_open)


def _watch(deadline):
    global _watcher
    with _changed:
        _open.add(deadline)
        _pending.add(deadline)
        if _watcher is None or not _watcher.is_alive():
            _watcher = threading.Thread(target=_watch_deadlines, name="graphflow-deadlines", daemon=True)
            _watcher.start()
        _changed.notify()


def _watch_deadlines():
    while True:
        with _changed:
            if not _pending:
                _changed.wait()
                continue
            first = min(_pending, key=lambda deadline: deadline.expires)
            left = first.expires - time.monotonic()
            if left > 0:
                _changed.wait(left)
                continue
            _pending.discard(first)
            for stop in first.stopping:
                stop()


def _after_fork():
    """A child has neither the watching thread nor the runs, and may have got the lock taken."""
    global _changed, _watcher
    _changed, _watcher = threading.Condition(), None
    _open.clear()
    _pending.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
