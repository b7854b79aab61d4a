"""How long native code may run loops within loops before Python looks in, and what Python does then.

State: one number of iterations for a frame and the frames of bodies within it; the native loops count it down.
"""

import time

import numpy as np

from graphflow.runtime import deadlines

# Python looks in after about this long.
_PATIENCE_SECONDS = 0.02
_FIRST_ITERATIONS = 1 << 8
# Times for which a kernel in a body has random numbers: how often it will run is not known before.
_RESERVED_DRAWS = 1 << 28


class Budget:
    """Attributes: address: where the number of iterations left is. rooms: what native code may want to be larger, each
    with a method `renew`. records: LoopRecords of loops within native steps, likewise. draws: list of (what reserves
    random numbers, block of the kernel) in bodies within native steps. Args: resources: of the session that runs them.
    """

    __slots__ = ("_amount", "_begun", "_left", "_resources", "_since", "address", "draws", "records", "rooms")

    def __init__(self, resources):
        self._resources = resources
        self._left = np.array([_FIRST_ITERATIONS], np.int64)
        self._amount = _FIRST_ITERATIONS
        self._since = time.perf_counter()
        self.address = self._left.ctypes.data
        self.rooms, self.records, self.draws, self._begun = [], [], [], []

    def begin(self):
        """A run of the frame begins."""
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
        if now - self._since < _PATIENCE_SECONDS and self._amount < 1 << 40:
            self._amount *= 2
        self._since = now
        self._left[0] = self._amount
