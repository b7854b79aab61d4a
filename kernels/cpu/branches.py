"""Conditionals and loops as single rows of a tape: rows that run the rows of other tapes.

The values that a body reads, and the places where it leaves its results, stand as words in the row's own block,
where whoever runs the tape puts them as for any kernel. Holds no state beyond the tables.
"""

import numpy as np

from ..registry import In, Native, Out
from . import native
from . import tape as tapes

# As in `source/tape.py`.
_CHOSEN, _BRANCH_TABLE, _BRANCH_WORDS = 2, 6, 8
_LOOP, _LOOP_WORDS = 3, 23
RECORD_WORDS = USED, ROOM, NEED, KEPT, START = range(5)


def chooser():
    """The native function of all conditionals."""
    return native.function("tape.choose", str(native.PAUSED))


def drawer():
    """The native function behind `drawing`."""
    return native.function("tape.draw")


def drawing(function, block, draw):
    """The block of a row that runs a kernel of a body, which may run often or not at all; `draw`: its `before_run`."""
    address = block.ctypes.data
    return np.array([function.address, address, address + 8 * draw.word, draw.step], np.int64)


def caller():
    """The native function of all steps that Python does, see `runtime/calls.py`."""
    return native.function("tape.called", str(native.CALL_FAILED))


def repeater():
    """The native function of all loops that are rows."""
    return native.function("tape.repeat", str(native.PAUSED))


def conditional(is_bool, branches, inputs, outputs):
    """The Native of a conditional of `branches` branches, whose first input chooses: a bool or an int32.

    Args: inputs, outputs: how many it has, the numbers of the outputs following those of what it writes.
    """
    fixed = [0, 0, 0, In(0), int(is_bool), branches, 0, 0]
    return Native(chooser(), [*fixed, *map(In, range(inputs)), *map(Out, outputs)])


def loop(inputs, outputs):
    """The Native of a loop, likewise."""
    return Native(repeater(), [0] * _LOOP_WORDS + [*map(In, range(inputs)), *map(Out, outputs)])


def _table(rows, columns):
    return np.array(rows, np.int64).reshape(-1, columns)


class Branches:
    """What a conditional's block says about its branches.

    Args: block: int64 array. branches: per branch (its tape or None, list of (address of a word, number of the word
    of the block that is put there), list of (number of the word with the target, of that with the source or -1,
    source if it is -1, bytes) that are copied afterwards).
    """

    first_word = _BRANCH_WORDS

    def __init__(self, block, branches):
        self._block = block
        self._keep, rows = [], []
        for tape, places, copies in branches:
            places, copies = _table(places, 2), _table(copies, 4)
            self._keep.append((tape, places, copies))
            rows.append((0 if tape is None else tape.table.ctypes.data, 0 if tape is None else tape.length,
                         places.ctypes.data, len(places), copies.ctypes.data, len(copies)))
        self._rows = np.array(rows, np.int64)
        block[_BRANCH_TABLE] = self._rows.ctypes.data

    @property
    def failed(self):
        """(number of the branch that ran last, the row of it that failed)."""
        return self._block.item(_CHOSEN), self._block.item(0)


class Repetition:
    """What a loop's block says about it.

    Args: block: int64 array. inner: its `tape.Loop`. budget: address of the number of iterations that it may run.
    places: as for `Branches`. begin: list of (address of a loop variable, number of the word with its initial value,
    bytes). end: list of (number of the word with a result, its address, bytes). counted: number of the word with the
    number of iterations, or 0; count_made: of that with where their number goes. reads, columns, rows, resets: tables
    as in `source/tape.py`; records: int64 array.
    """

    first_word = _LOOP_WORDS

    def __init__(self, block, inner, budget, places, begin, end, counted=0, count_made=0, reads=(), records=None,
                 columns=(), rows=(), resets=()):
        self._loop = inner
        tables = [_table(places, 2), _table(begin, 3), _table(end, 3), _table(reads, 2), _table(columns, 3),
                  _table(rows, 3), _table(resets, 1)]
        self._keep = tables, records
        first, later = ([word for table in some for word in (table.ctypes.data, len(table))]
                        for some in (tables[:3], tables[4:]))
        block[_LOOP:_LOOP_WORDS] = [
            inner.address, tapes.iterator().address, budget, *first, counted, count_made, tables[3].ctypes.data,
            len(tables[3]), 0 if records is None else records.ctypes.data, *later]

    @property
    def at(self):
        """The iteration under way."""
        return self._loop.at

    @property
    def failed(self):
        """(0 for the test or 1 for the body, the row of it that failed)."""
        which, row = self._loop.failed
        return int(which == "body"), row
