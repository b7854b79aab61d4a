"""Work of a pipeline that threads do ahead: prefetching, and calls in parallel.

A thread holds what it works on and a shared state, never the iterator that the consumer has: when that
is dropped, or its pass closed, the threads end. Errors wait in the buffer for their turn, and leave
where the consumer meets them. Nobody waits for a thread that is gone (after `fork`).

State: per iterator a buffer and its threads.
"""

import collections
import os
import threading
import time
import weakref

from graphflow.framework import errors

# A buffer that sizes itself doubles up to here, and then grows by as much.
_AUTO_STEP = 2048
# More threads than this per iterator cost more than they bring.
_MAX_THREADS = max(16, 2 * (os.cpu_count() or 1))
# Handing a result from thread to thread takes 30 us: calls that don't take a few times as long are made at once.
_WORTH_A_THREAD = 1e-4


class _Failure:
    """An error in place of an item."""

    __slots__ = ("error",)

    def __init__(self, error):
        self.error = error


class _Slot:
    """The place of one call's result in the order of the items."""

    __slots__ = ("value", "done")

    def __init__(self):
        self.value = None
        self.done = False


class _Shared:
    """What the consumer and the threads of one iterator share, guarded by the lock of both conditions."""

    def __init__(self, run, limit):
        self.run = run
        lock = threading.Lock()
        self.ready = run.condition(lock)
        self.room = run.condition(lock)
        self.slots = collections.deque()
        self.limit = limit
        self.reading = False
        self.ended = False
        self.dropped = False
        self.threads = []

    @property
    def over(self):
        """Whether nobody wants results any more."""
        return self.dropped or self.run.closed

    def wait_for_room(self):
        """Waits until another item may be read; False if none is wanted."""
        while not (self.over or self.ended) and (self.reading or len(self.slots) >= self.limit):
            self.room.wait()
        return not (self.over or self.ended)


def _drop(shared):
    with shared.ready:
        shared.dropped = True
        shared.slots.clear()
        shared.room.notify_all()


def _work(shared, source, function):
    """What a thread does: read an item (one thread at a time), call, put the result in the item's place."""
    while True:
        slot = _Slot()
        with shared.ready:
            if not shared.wait_for_room():
                return
            shared.reading = True
        failure = None
        try:
            item = next(source)
        except StopIteration:
            with shared.ready:
                shared.ended = True
                shared.reading = False
                shared.ready.notify_all()
                shared.room.notify_all()
            return
        except Exception as error:  # noqa: BLE001 - it leaves where the consumer meets it
            failure = _Failure(error)
        with shared.ready:
            shared.reading = False
            shared.slots.append(slot)
            shared.room.notify()
        result = failure or _call(function, item)
        with shared.ready:
            slot.value = result
            slot.done = True
            shared.ready.notify_all()


def _call(function, item):
    if function is None:
        return item
    try:
        return function(item)
    except Exception as error:  # noqa: BLE001 - it leaves where the consumer meets it
        return _Failure(error)


class Background:
    """An iterator over what `function` makes of the items of `source`, worked out ahead by threads.

    Args:
      run: the Pass. source: an iterator, used by one thread at a time. function: of one item, or None.
      limit: how many results may wait or be worked on. threads: how many to work on at once.
      ordered: whether results come in the order of the items, or as they are ready.
    """

    def __init__(self, run, source, function=None, limit=1, threads=1, ordered=True):
        self._shared = shared = _Shared(run, limit)
        self._ordered = ordered
        # As in TensorFlow, nothing is worked out before the first element is asked for.
        self._waiting = [threading.Thread(target=_work, args=(shared, source, function), daemon=True,
                                          name="graphflow dataset") for _ in range(min(threads, _MAX_THREADS))]
        self._finalizer = weakref.finalize(self, _drop, shared)
        self._finalizer.atexit = False

    def __iter__(self):
        return self

    def start(self):
        """Starts the threads, if they are not running."""
        waiting, self._waiting = self._waiting, ()
        for thread in waiting:
            self._shared.threads.append(thread)
            thread.start()

    def __next__(self):
        shared = self._shared
        if self._waiting:
            self.start()
        with shared.ready:
            slot = self._take()
            while slot is None:
                shared.run.check_open()
                if shared.ended and not shared.slots:
                    raise StopIteration
                if not any(thread.is_alive() for thread in shared.threads):
                    raise errors.UnavailableError(None, None, "The threads of this dataset are gone: it was started "
                                                  "before the process was forked")
                shared.ready.wait()
                slot = self._take()
            shared.room.notify()
        if type(slot.value) is _Failure:
            raise slot.value.error
        return slot.value

    def _take(self):
        slots = self._shared.slots
        if self._ordered:
            return slots.popleft() if slots and slots[0].done else None
        for position, slot in enumerate(slots):
            if slot.done:
                del slots[position]
                return slot
        return None

    @property
    def is_ready(self):
        """Whether the next call returns at once."""
        with self._shared.ready:
            return (bool(self._shared.slots) and self._shared.slots[0].done) or self._shared.ended

    def close(self):
        """Ends the threads."""
        self._finalizer()


class Calls:
    """An iterator over what `function` makes of the items of `source`: by threads, as a Background, once calls turn
    out to take long, and before by who asks.

    Args: as of Background. blocking: whether a call may wait for another; then threads make them all.
    """

    _LOOK_AT = 4    # calls: the first of them also compiles

    def __init__(self, run, source, function, limit, threads, ordered=True, blocking=False):
        self._source, self._function = source, function
        self._threads = lambda: Background(run, source, function, limit, threads, ordered)
        self._background = self._threads() if blocking else None
        self._calls, self._fewest_seconds = 0, float("inf")

    def __iter__(self):
        return self

    def __next__(self):
        if self._background is not None:
            return next(self._background)
        item, start = next(self._source), time.perf_counter()
        try:
            return self._function(item)
        finally:
            self._calls += 1
            self._fewest_seconds = min(self._fewest_seconds, time.perf_counter() - start)
            if self._calls == self._LOOK_AT:
                if self._fewest_seconds > _WORTH_A_THREAD:
                    self._background = self._threads()
                self._calls, self._fewest_seconds = 0, float("inf")


class AutomaticPrefetch(Background):
    """A prefetching iterator whose buffer grows while the consumer finds it empty again and again."""

    def __init__(self, run, source):
        super().__init__(run, source)
        self._was_full = False

    def __next__(self):
        shared = self._shared
        with shared.ready:
            waiting = len(shared.slots)
            if waiting >= shared.limit:
                self._was_full = True
            elif not waiting and self._was_full:
                shared.limit = shared.limit * 2 if shared.limit < _AUTO_STEP else shared.limit + _AUTO_STEP
                self._was_full = False
        return super().__next__()
