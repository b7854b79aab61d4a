"""Waiting: how an op of a run waits for another run without holding a lock or the worker pool.

A kernel that may have to wait starts an attempt on a resource and is told of its end by a Ticket; who
ends it is whatever run changes the resource. `Wait` is one run's view: the tickets it has outstanding,
and all that can end its waiting: a ticket, the closing of the session, a deadline, Ctrl-C.

State: per session (`Waits`), the runs that are on their way and those that wait.
"""

import queue
import threading
import time

from graphflow.framework import errors
from graphflow.platform import tf_logging
from graphflow.runtime import deadlines

# A wait for something that nobody in the session is about to bring is worth a warning after so long.
GRACE_SECONDS = 10.0


class Ticket:
    """One attempt of an op that may have to wait.

    Attributes: op: the Operation, or None. resource: what it waits for, set by the kernel if it has to; it
    has `abandon(ticket)` and `describe(ticket)`. result, error: how it ended. stage: the caller's.
    """

    __slots__ = ("op", "resource", "result", "error", "stage", "_done")

    def __init__(self, op, done, stage=None):
        self.op = op
        self.stage = stage
        self.resource = self.result = self.error = None
        self._done = done

    def complete(self, result=()):
        """Ends the attempt with the op's results."""
        self.result = result
        self._done.put(self)

    def fail(self, error):
        """Ends the attempt with an exception."""
        self.error = error
        self._done.put(self)


class Waits:
    """The runs of a session that may wait. Attribute: running: a set of all Waits that are open."""

    def __init__(self):
        self.running = set()
        self.waiting = set()
        self._closed = False

    def close(self):
        """Wakes all, and lets nobody wait any more."""
        self._closed = True
        for wait in list(self.running):
            wait.cancel()

    def cancel(self, ops):
        """Ends the runs that wait for one of `ops` now, with CancelledError."""
        for wait in list(self.waiting):
            if any(ticket.op in ops for ticket in list(wait.outstanding)):
                wait.cancel()

    def check_open(self):
        """Raises CancelledError once the session is closed."""
        if self._closed:
            raise errors.CancelledError(None, None, "the session was closed")

    def all_wait(self):
        """Whether no run is on its way that could end somebody's waiting."""
        return len(self.waiting) >= len(self.running)


class Wait:
    """The waiting of one run; a context manager that gives up what is outstanding at its end."""

    def __init__(self, waits):
        self._waits = waits
        self._done = queue.SimpleQueue()
        self.outstanding = set()

    def __enter__(self):
        self._waits.running.add(self)
        return self

    def __exit__(self, *error):
        self._waits.running.discard(self)
        for ticket in self.outstanding:
            if ticket.resource is not None:
                ticket.resource.abandon(ticket)

    def start(self, op, begin, inputs, stage=None):
        """Starts an attempt by calling `begin(ticket, *inputs)`; raises what it raises."""
        ticket = Ticket(op, self._done, stage)
        begin(ticket, *inputs)
        self.outstanding.add(ticket)

    def cancel(self):
        """Wakes the run: its session is closed, or whoever started it wants it to end."""
        self._done.put(None)

    def next(self, turn):
        """The next ticket that has ended, waiting for it; meanwhile others have their turn.

        Raises CancelledError if the session is closed, DeadlineExceededError when the run's time is up.
        """
        try:
            ticket = self._done.get_nowait()
        except queue.Empty:
            turn.leave()
            try:
                ticket = self._blocked()
            finally:
                turn.take()
        if ticket is None:
            raise self._cancelled()
        self.outstanding.discard(ticket)
        return ticket

    def _blocked(self):
        deadline = deadlines.current()
        warned = False
        self._waits.waiting.add(self)
        try:
            self._waits.check_open()
            while True:
                now = time.monotonic()
                timeout = GRACE_SECONDS if deadline is None else max(0.0, min(GRACE_SECONDS, deadline.expires - now))
                try:
                    return self._done.get(timeout=timeout)
                except queue.Empty:
                    if deadline is not None and deadline.passed():
                        raise self._late(deadline) from None
                warned = warned or self._warn()
        finally:
            self._waits.waiting.discard(self)

    def _first(self):
        return next(iter(self.outstanding))

    def _cancelled(self):
        op = self._first().op if self.outstanding else None
        what = "Op" if op is None else f"{_kind(op)} operation"
        why = "its session was closed" if self._waits._closed else "its thread was asked to stop"
        return errors.CancelledError(None if op is None else op.node_def, op, f"{what} was cancelled: {why}")

    def _late(self, deadline):
        ticket = self._first()
        return deadline.error(ticket.op, f", waiting for {ticket.resource.describe(ticket)}")

    def _warn(self):
        """Warns if nobody is left who could end this waiting; whether it did."""
        if not self._waits.all_wait():
            return False
        main = threading.current_thread() is threading.main_thread()
        texts = [f"'{t.op.name if t.op is not None else '?'}' for {t.resource.describe(t)}"
                 for t in self.outstanding if t.resource is not None and (main or t.resource.is_starving(t))]
        if texts:
            tf_logging.warning("Waiting for %g s, with nobody running who could end it: %s", GRACE_SECONDS,
                               "; ".join(texts))
        return bool(texts)


def _kind(op):
    """The word that TensorFlow's messages have for what an op does."""
    for word in ("Enqueue", "Dequeue", "TakeGrad", "Stage", "Unstage"):
        if word in op.type:
            return word
    return f"'{op.name}'"
