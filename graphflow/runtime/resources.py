"""What a session keeps between runs: variables, and other resources (random counters, queues).

Storage of a variable is a Slot: one array behind a lock. A run that reads a variable holds a lease;
a write goes in place only if no other run does. Values are committed as writes happen, as in
TensorFlow, so a failing step keeps the writes before its failure.
"""

import threading


class Slot:
    """Storage of one variable.

    Attributes: value: ndarray or None while uninitialised. lock: held while value is read or
    replaced. leases: number of runs that may be reading `value`. version: grows with every
    replacement of the array object.
    """

    __slots__ = ("value", "lock", "leases", "version")

    def __init__(self):
        self.value = None
        self.lock = threading.Lock()
        self.leases = 0
        self.version = 0

    def replace(self, array):
        """Puts another array in place; the caller holds the lock."""
        self.value = array
        self.version += 1


class ResourceManager:
    """Resources of one session, made on first use."""

    def __init__(self):
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
