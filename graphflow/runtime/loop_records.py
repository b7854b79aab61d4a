"""What loops within native steps record for gradients: rows of columns, whose memory Python makes as it is needed.

A loop may run many times before its tape is read, each time for as many iterations as it likes. Each run takes the
next rows; where there are none left, Python makes a larger piece of memory, to which it brings the rows of the run
under way. What is on the tape is where a run's rows begin, and how many there are. State: the memory.
"""

import numpy as np

from graphflow.framework.kernel_loader import kernels
from graphflow.runtime.blocks import address_of
from graphflow.runtime.spare import Spare

_FIRST_ROOM = 32


class LoopRecords:
    """Those of one loop in a frame.

    Attributes: words: what native code knows of them (`kernels/cpu/source/tape.py`). memory: all columns of this run.
    Args: columns: (NumPy dtype, shape of a row) each. kept: whether the tape goes to that of a loop around; otherwise
    it is read before the loop runs again. counted: whether the number of iterations is known when the loop begins.
    """

    def __init__(self, columns, kept, counted):
        self._columns = columns
        self._kept = kept
        self._counted = counted
        self._layout = kernels("cpu.branches")
        first = len(self._layout.RECORD_WORDS)
        self.words = np.zeros(first + len(columns), np.int64)
        self.words[self._layout.KEPT] = kept
        self._bases = self.words[first:]
        self._spare = Spare()
        self.memory = []
        self._make(_FIRST_ROOM)

    @property
    def nbytes(self):
        """Memory of this run."""
        return sum(array.nbytes for array in self.memory)

    def begin(self):
        """A run begins."""
        used = self.words.item(self._layout.USED)
        self.words[self._layout.USED] = 0
        if self._kept:
            room = self.words.item(self._layout.ROOM)
            self.memory, self._arrays = [], []
            self._spare.renew()
            self._make(max(_FIRST_ROOM, min(room, 1 << max(0, used - 1).bit_length())))

    def renew(self):
        """Makes room, if a run wants it."""
        layout = self._layout
        need = self.words.item(layout.NEED)
        if not need:
            return
        start, done = self.words.item(layout.START), 0 if self._counted else need - 1
        before = self._arrays
        self._make(max(2 * self.words.item(layout.ROOM), need))
        for old, new in zip(before, self._arrays, strict=True):
            new[:done] = old[start:start + done]
        self.words[layout.START] = self.words[layout.NEED] = 0

    def _make(self, room):
        self._arrays = [self._spare.empty((room, *shape), dtype) for dtype, shape in self._columns]
        self.memory = [*self.memory, *self._arrays] if self._kept else self._arrays
        self._bases[:] = [address_of(array) for array in self._arrays]
        self.words[self._layout.ROOM] = room
