"""Monitor: a session resource whose ops wait until they can go on.

State: the attempts in line, behind a lock. Whoever changes the resource tries all of them again, in order,
as long as one can go on.
"""

import threading


class Monitor:
    """The base of staging areas, accumulators, barriers and mutexes. Attribute: name."""

    noun = "resource"

    def __init__(self, name):
        self.name = name
        self._line = []  # (ticket, go, what it waits for)
        self._lock = threading.Lock()
        self._failure = None

    def when(self, ticket, go, waits_for):
        """Ends the ticket with what `go()` returns, as soon as that is not None; it runs behind the lock.

        Args: waits_for: what is missing, as messages say it.
        """
        with self._lock:
            ticket.resource = self
            self._line.append((ticket, go, waits_for))
            self._move_on()

    def change(self, function):
        """The result of `function()`, run behind the lock; it may let others go on."""
        with self._lock:
            result = function()
            self._move_on()
        return result

    def _move_on(self):
        moved = True
        while moved:
            moved = False
            for entry in list(self._line):
                ticket, go, _ = entry
                try:
                    result = go()
                except Exception as error:  # noqa: BLE001 - is raised where the op was run
                    ticket.fail(error)
                else:
                    if result is None:
                        continue
                    ticket.complete(result)
                self._line.remove(entry)
                moved = True

    # ---- what waiting needs

    def abandon(self, ticket):
        """Takes an attempt out of the line."""
        with self._lock:
            self._line = [entry for entry in self._line if entry[0] is not ticket]
            self._move_on()

    def describe(self, ticket):
        """What the ticket waits for."""
        found = next((text for t, _, text in list(self._line) if t is ticket), "it")
        why = "" if self._failure is None else f"; the last run that was to supply it failed: {self._failure}"
        return f"{found} of {self.noun} '{self.name}'{why}"

    def is_starving(self, ticket):
        """Whether the ticket waits for what another run should bring: all do."""
        return True

    def note_failure(self, error):
        """Remembers why a run that was to supply something did not."""
        self._failure = error

    def renew_locks(self):
        """For a forked child, where nobody stands in line."""
        self._lock = threading.Lock()
        self._line = []
