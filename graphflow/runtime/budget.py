"""How long native code may run loops within loops before Python looks in, and what Python does then.

State: one number of iterations for a frame and the frames of bodies within it, which the native loops count down, and
a flag that ends them all at once.
"""

import time

import numpy as np

from graphflow.runtime import deadlines

# Python looks in after about this long. How many iterations that is shows as they run: first one, and later runs begin
# with no more than these.
_PATIENCE_SECONDS = 0.02
_FIRST_ITERATIONS = 1 << 10
# Times for which a kernel in a body has random numbers: how often it will run is not known before.
_RESERVED_DRAWS = 1 << 28


class Budget:
    """Attributes: address: where the number of iterations left is. rooms: what native code may want to be larger, each
    with a method `renew`. records: LoopRecords of loops within native steps, likewise. draws: list of (what reserves
    random numbers, block of the kernel) in bodies within native steps. cancel: the flag, an int64 array of one element.
    Args: resources: of the session that runs them.
    """

    __slots__ = ("_amount", "_begun", "_left", "_resources", "_since", "address", "cancel", "draws", "records", "rooms")

    def __init__(self, resources):
        self._resources = resources
        self._amount = 1
        self._left = np.ones(1, np.int64)
        self._since = time.perf_counter()
        self.address = self._left.ctypes.data
        self.cancel = np.zeros(1, np.int64)
        self.rooms, self.records, self.draws, self._begun = [], [], [], []

    def restart(self):
        """A run of the frame begins, which may be of other inputs."""
        self._left[0] = self._amount = min(self._amount, _FIRST_ITERATIONS)
        self._since = time.perf_counter()

    def begin(self):
        """A run of the frame begins, which records, or draws random numbers, within native steps."""
        for records in self.records:
            records.begin()
        self.end()      # the run before may have failed
        for draw, block in self.draws:
            self._begun.append((draw(block, _RESERVED_DRAWS), block[draw.word]))

    def end(self):
        """A run of the frame is over: of the random numbers reserved for it, others may have what it has not drawn."""
        for (draw, block), (position, begun) in zip(self.draws, self._begun):
            draw.give_back(position, (block[draw.word] - begun) // draw.step, _RESERVED_DRAWS)
        self._begun.clear()

    def is_over(self):
        """Whether the run is to stop."""
        return deadlines.is_over(self._resources)

    def renew(self):
        """Allows for more, and makes room."""
        for room in (*self.rooms, *self.records):
            room.renew()
        now = time.perf_counter()
        taken = now - self._since
        if taken > _PATIENCE_SECONDS:
            self._amount = max(1, int(self._amount * _PATIENCE_SECONDS / taken))
        elif self._amount < 1 << 40:
            self._amount *= 2
        self._since = now
        self._left[0] = self._amount
