"""What a session keeps between runs: variables, and other resources (random counters, queues).

Storage of a variable is a Slot: one array, read and written by runs that hold the session's gate.
Values are committed as writes happen, as in TensorFlow, so a failing step keeps the writes before
its failure.
"""

import threading

from graphflow.runtime.gate import RunGate


class Slot:
    """Storage of one variable.

    Attributes: value: ndarray, or None while uninitialised. shared: whether a run outside of the
    gate may still be reading the array, so that a write in place must copy it first.
    """

    __slots__ = ("value", "shared")

    def __init__(self):
        self.value = None
        self.shared = False

    def replace(self, array):
        """Puts another array in place."""
        self.value = array
        self.shared = False


class ResourceManager:
    """Resources of one session, made on first use.

    Attributes: gate: the RunGate that guards the values of variables.
    """

    def __init__(self):
        self.gate = RunGate()
        self._lock = threading.RLock()
        self._slots = {}
        self._resources = {}

    def slot(self, key):
        """The Slot of the variable with storage key `key`."""
        slot = self._slots.get(key)
        if slot is None:
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

    def close(self):
        """Lets resources that wait (queues) know that nobody will come."""
        with self._lock:
            for resource in self._resources.values():
                close = getattr(resource, "close_resource", None)
                if close is not None:
                    close()
