"""What a session keeps between runs: variables, and other resources (random counters, queues).

Storage of a variable is a Slot: one array. A run that writes variables holds the session's gate from
its first read to its last write; a run that only reads holds it while it takes the arrays, and marks
them as shared, so that a later write copies them instead of writing in place. The gate is a plain lock
of Python's: an interrupt (Ctrl-C) cannot leave it closed.
Values are committed as writes happen, as in TensorFlow, so a failing step keeps the writes before
its failure.
"""

import os
import threading
import weakref

from graphflow.runtime import deadlines
from graphflow.runtime.turns import Turns
from graphflow.runtime.waiting import Wait, Waits


class Slot:
    """Storage of one variable.

    Attributes: value: ndarray, or None while uninitialised. shared: how many runs outside of the
    gate may still be reading the array, so that a write in place must copy it first. (A run that is
    interrupted may leave the number too high; that costs one copy.)
    """

    __slots__ = ("value", "shared")

    def __init__(self):
        self.value = None
        self.shared = 0

    def replace(self, array):
        """Puts another array in place."""
        self.value = array if array.flags.c_contiguous else array.copy(order="C")
        self.shared = 0

    def share(self):
        """The array, for a reader that goes on outside of the gate; the caller holds the gate."""
        self.shared += 1
        return self.value

    def unshare(self, array):
        """Ends `share`; the caller holds the gate."""
        if array is self.value and self.shared:
            self.shared -= 1

    def writable(self):
        """The array for writing in place, copied first if somebody may be reading it."""
        if self.shared:
            self.replace(self.value.copy())
        return self.value


class Shares:
    """The arrays of variables that one run goes on reading after it has left the gate, until `release`."""

    __slots__ = ("gate", "_taken")

    def __init__(self, gate):
        self.gate = gate
        self._taken = []

    def take(self, slot):
        """The slot's array; the caller holds the gate."""
        array = slot.share()
        self._taken.append((slot, array))
        return array

    def release(self):
        """The run is over: what it read may be written in place again."""
        with self.gate:
            while self._taken:
                slot, array = self._taken.pop()
                slot.unshare(array)


class ResourceManager:
    """Resources of one session, made on first use.

    Attributes: gate: the lock that guards the values of variables. waits: the runs that may wait. closed:
    whether the session is over, so that loops must end.
    """

    def __init__(self):
        self.gate = threading.RLock()
        self.closed = False
        self.waits = Waits()
        _managers.add(self)
        self._lock = threading.RLock()
        self._slots = {}
        self._resources = {}

    def slot(self, key):
        """The Slot of the variable with storage key `key`. A closed session has no new ones: its runs are to end."""
        slot = self._slots.get(key)
        if slot is None:
            self.check_open()
            with self._lock:
                slot = self._slots.setdefault(key, Slot())
        return slot

    def get(self, key, factory):
        """The resource `key`, made by `factory()` when first asked for."""
        resource = self._resources.get(key)
        if resource is None:
            with self._lock:
                resource = self._resources.get(key)
                if resource is None:
                    resource = self._resources[key] = factory()
        return resource

    def clear(self, containers=None):
        """Forgets variables and resources (of the given containers, or all)."""
        with self._lock:
            if not containers:
                self._slots.clear()
                self._resources.clear()
                return
            for key in [k for k in self._slots if k[0] in containers]:
                del self._slots[key]

    def wait_for(self, begin, inputs):
        """The results of an op that may have to wait, for callers that wait for nothing else."""
        with Wait(self.waits) as wait, Turns().take() as turn:
            wait.start(None, begin, inputs)
            ticket = wait.next(turn)
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    @staticmethod
    def deadline():
        """The Deadline of this thread's run, for kernels that wait themselves; None if it has none."""
        return deadlines.current() if deadlines.any_open() else None

    def check_open(self):
        """Raises CancelledError once the session is closed, DeadlineExceededError when the run's time is up."""
        deadline = self.deadline()
        if self.closed or (deadline is not None and deadline.passed()):
            deadlines.raise_cancelled()

    def close(self):
        """Lets loops, runs that wait, and resources with threads know that the session is over."""
        self.closed = True
        self.waits.close()
        with self._lock:
            for resource in self._resources.values():
                close = getattr(resource, "close_resource", None)
                if close is not None:
                    close()

    def renew_locks(self):
        """For a forked child: threads that held the locks, or waited, do not exist there."""
        self.gate = threading.RLock()
        self._lock = threading.RLock()
        self.waits = Waits()
        for resource in self._resources.values():
            renew = getattr(resource, "renew_locks", None)
            if renew is not None:
                renew()


_managers = weakref.WeakSet()


def _after_fork():
    for manager in list(_managers):
        manager.renew_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
