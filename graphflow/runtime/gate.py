"""RunGate: which runs of a session may touch its variables at the same time.

Runs that only read share the gate; a run that writes variables in place has it alone. Taking it once
a run costs less than a lock a variable, and a step is never torn. Runs that may wait for others
(queues, Python functions) stay outside: they take copies of what they read (see `Slot.shared`).
"""

import threading


class RunGate:
    """A readers-writer lock; waiting writers are let in before readers that come later."""

    __slots__ = ("_lock", "_changed", "_readers", "_writer", "_waiting", "_waiting_writers")

    def __init__(self):
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._readers = 0
        self._writer = False
        self._waiting = 0
        self._waiting_writers = 0

    def enter(self, writes):
        """Waits until a run that `writes` (or only reads) may start."""
        with self._lock:
            if self._writer or (self._readers if writes else self._waiting_writers):
                self._wait(writes)
            if writes:
                self._writer = True
            else:
                self._readers += 1

    def _wait(self, writes):
        self._waiting += 1
        self._waiting_writers += writes
        try:
            while self._writer or (self._readers if writes else self._waiting_writers):
                self._changed.wait()
        finally:
            self._waiting -= 1
            self._waiting_writers -= writes

    def leave(self, writes):
        """Ends what `enter` began."""
        with self._lock:
            if writes:
                self._writer = False
            else:
                self._readers -= 1
            if self._waiting:
                self._changed.notify_all()
