"""Reference kernels of `graphflow/ops/mutex.py`: locks that runs hold, one at a time."""

from graphflow.framework import errors

from ..handles import as_handle, handle_kernel, resource_of
from ..monitor import Monitor
from ..registry import reference
from ..waiting import WaitingKernel


class _Mutex(Monitor):
    """A lock. Attribute: holder: the _Held that has it, or None."""

    noun = "mutex"
    holder = None

    def acquire(self, ticket):
        """Ends the ticket with the lock, once nobody else has it."""
        def go():
            if self.holder is not None:
                return None
            self.holder = _Held(self)
            return as_handle(self.holder)

        self.when(ticket, go, "the lock")

    def renew_locks(self):
        """For a forked child, where nobody holds it."""
        super().renew_locks()
        self.holder = None


class _Held:
    """A mutex while a run holds it."""

    def __init__(self, mutex):
        self._mutex = mutex

    def release(self):
        """Lets the next one have it; once is enough."""
        def free():
            if self._mutex.holder is self:
                self._mutex.holder = None

        self._mutex.change(free)


@reference.kernel("MutexV2")
def mutex(ctx):
    """A lock of the session."""
    return handle_kernel(ctx, _Mutex, {})


@reference.kernel("MutexLock")
def lock(ctx):
    """Takes the lock, for as long as its output is not consumed and the run goes on."""
    return WaitingKernel(ctx, lambda ticket, handle: resource_of(handle, _Mutex, "mutex").acquire(ticket))


def _consume(held):
    item = held[()]
    if not isinstance(item, _Held):
        raise errors.InvalidArgumentError(None, None, f"Expected input to be a mutex lock, got {item!r}")
    item.release()


reference.function("ConsumeMutexLock", _consume)
