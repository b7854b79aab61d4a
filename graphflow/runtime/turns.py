"""Turns: threads that run one plan do it one after the other, but for what they wait for.

Between the ops that wait, most of a short run is Python's work, which threads can only do one at a time: four that
filled a queue took 220 us for an image, giving Python's lock to each other all the time, where one took 115. Runs that
take long leave Python's lock alone for most of it, and need no turns.

State: per plan, whose turn it is, and how long runs take.
"""

import threading
import time

_SHORT_SECONDS = 1e-3
# Runs of which the shortest counts: the first ones also compile.
_LOOK_AT = 8


class Turns:
    """Attribute: wanted: whether runs are short enough to take turns."""

    def __init__(self):
        self.lock = threading.Lock()
        self.wanted = True
        self._runs, self._fewest = 0, float("inf")

    def take(self):
        """The Turn of one run, as a context manager."""
        return Turn(self)

    def note(self, seconds):
        """A run was at work for so long."""
        self._fewest = min(self._fewest, seconds)
        self._runs += 1
        if self._runs >= _LOOK_AT:
            self.wanted = self._fewest < _SHORT_SECONDS
            self._runs, self._fewest = 0, float("inf")


class Turn:
    """One run's turn: it has it from `take` to `leave`, and once more if it takes it again."""

    __slots__ = ("_turns", "_is_held", "_began", "_seconds")

    def __init__(self, turns):
        self._turns = turns
        self._seconds = 0.0

    def take(self):
        """Waits until it is this run's turn."""
        self._is_held = self._turns.wanted and self._turns.lock.acquire()
        self._began = time.perf_counter()

    def leave(self):
        """Lets others go on."""
        self._seconds += time.perf_counter() - self._began
        if self._is_held:
            self._is_held = False
            self._turns.lock.release()

    def __enter__(self):
        self.take()
        return self

    def __exit__(self, *error):
        self.leave()
        self._turns.note(self._seconds)
