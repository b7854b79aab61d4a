"""Conditionals as single rows of a tape: a row that runs the rows of one of several branches.

The values that a branch reads, and the places where it leaves its results, stand as words in the conditional's own
block, where whoever runs the tape puts them as for any kernel. Holds no state beyond the tables.
"""

import numpy as np

from ..registry import In, Native, Out
from . import native

# As in `source/tape.py`.
_CHOSEN, _TABLE, _FIXED_WORDS = 2, 6, 7


def function():
    """The native function of all conditionals."""
    return native.function("tape.choose")


def step(is_bool, branches, inputs, outputs):
    """The Native of a conditional of `branches` branches, whose first input chooses: a bool or an int32.

    Args: inputs, outputs: how many it has, the numbers of the outputs following those of what it writes.
    """
    return Native(function(), [0, 0, 0, In(0), int(is_bool), branches, 0, *map(In, range(inputs)), *map(Out, outputs)])


def input_word(number):
    """Which word of the block says where input `number` is."""
    return _FIXED_WORDS + number


class Table:
    """What a conditional's block says about its branches.

    Args: block: int64 array. branches: per branch (its tape or None, list of (address of a word, number of the word
    of the block that is put there), list of (number of the word with the target, of that with the source or -1,
    source if it is -1, bytes) that are copied afterwards).
    """

    def __init__(self, block, branches):
        self._block = block
        self._keep, rows = [], []
        for tape, places, copies in branches:
            places = np.array(places, np.int64).reshape(-1, 2)
            copies = np.array(copies, np.int64).reshape(-1, 4)
            self._keep.append((tape, places, copies))
            rows.append((0 if tape is None else tape.table.ctypes.data, 0 if tape is None else tape.length,
                         places.ctypes.data, len(places), copies.ctypes.data, len(copies)))
        self._rows = np.array(rows, np.int64)
        block[_TABLE] = self._rows.ctypes.data

    @property
    def failed(self):
        """(the branch that ran last, the row of it that failed)."""
        return self._block.item(_CHOSEN), self._block.item(0)
