"""RunGate: which runs of a session may touch its variables at the same time.

Runs that only read share the gate; a run that writes variables in place has it alone. Taking it once
a run costs less than a lock a variable, and a step is never torn. Runs that may wait for others
(queues, Python functions) stay outside: they take copies of what they read (see `Slot.shared`).
"""

import threading


class RunGate:
    """A readers-writer lock, fair enough: writers are let in before readers that came later."""

    __slots__ = ("_condition", "_readers", "_writer", "_waiting")

    def __init__(self):
        self._condition = threading.Condition(threading.Lock())
        self._readers = 0
        self._writer = False
        self._waiting = 0

    def enter(self, writes):
        """Waits until a run that `writes` (or only reads) may start."""
        condition = self._condition
        with condition:
            if writes:
                self._waiting += 1
                while self._writer or self._readers:
                    condition.wait()
                self._waiting -= 1
                self._writer = True
            else:
                while self._writer or self._waiting:
                    condition.wait()
                self._readers += 1

    def leave(self, writes):
        """Ends what `enter` began."""
        condition = self._condition
        with condition:
            if writes:
                self._writer = False
            else:
                self._readers -= 1
            if not self._readers:
                condition.notify_all()
