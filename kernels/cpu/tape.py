"""The native tape: many kernels run by one call, with Python's lock released.

A `Tape` owns its table of (function, block) rows and keeps the blocks alive; the buffers that the
blocks point to are the caller's. One run at a time per tape: concurrent runs make their own.

Stretches that turn out to take less than giving Python's lock away and getting it back do keep it: threads
that fill a queue gave it to each other ten times an image, and took 450 us in place of 230 for each. So do those that
call Python often: a thread that computes gives the lock away after 5 ms only.
"""

import ctypes
import time

import numpy as np

from ..registry import F64, Head, In, Out, Scratch, Table
from . import native

_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)
_HOLDING = ctypes.PYFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)      # with Python's lock
SHORT_SECONDS = 2e-5
SHORT_SECONDS_WITH_CALLS = 5e-3     # of runs whose steps call Python, and want the lock each time
_SHORT_ITERATION_SECONDS = 2e-4     # of such loops
_TIMED_RUNS = 16
_NEVER = np.zeros(1, np.int64)
_runners = None


def runner():
    """The native function behind `Tape.run`."""
    return native.function("tape.run", str(native.CANCELLED))


def _run_functions():
    """The runner without Python's lock, and with it."""
    global _runners
    if _runners is None:
        address = runner().address
        _runners = _PROTOTYPE(address), _HOLDING(address)
    return _runners


def make_block(words, inputs, outputs, scratch=0):
    """The argument block for `words`: an int64 array.

    `inputs` and `outputs` are base addresses; `scratch` is the address of as many bytes as all
    Scratch words ask for (see `scratch_bytes`).
    """
    block, places = np.empty(max(1, len(words)), np.int64), {}
    for position, word in enumerate(words):
        if isinstance(word, In):
            block[position] = inputs[word.index]
        elif isinstance(word, Out):
            block[position] = outputs[word.index]
        elif isinstance(word, Head):
            block[position] = 0     # known once a run has the array
        elif isinstance(word, F64):
            block[position:position + 1].view(np.float64)[0] = word.value
        elif isinstance(word, native.Code):
            block[position] = word.function.address
        elif isinstance(word, Table):
            block[position] = word.array.ctypes.data
        elif isinstance(word, Scratch):
            if word not in places:
                places[word] = scratch
                scratch += _aligned(word.nbytes)
            block[position] = places[word]
        else:
            block[position] = word
    return block


def _aligned(nbytes):
    return (nbytes + 63) & ~63


def scratch_bytes(words):
    """Bytes that the Scratch words of a block need together, aligned to 64 each.

    A Scratch that stands in several words is one piece of memory.
    """
    return sum(_aligned(word.nbytes) for word in {w for w in words if isinstance(w, Scratch)})


class Tape:
    """Rows of (address of a compiled function, block), run in order.

        tape = Tape([(kernel.function.address, block), ...])
        failed = tape.run()        # -1, or the row whose kernel returned `tape.code`

    short: seconds below which runs keep Python's lock; 0 if they never do, since they take different time each, or
    more than one thread. cancel: int64 array: once its element is set, the run ends before its next kernel.
    """

    __slots__ = ("blocks", "table", "cancel", "_words", "_address", "_call", "_holding", "_short", "_timed", "length")

    def __init__(self, rows, short=0.0, cancel=None):
        self.blocks = [block for _, block in rows]
        self.length = len(rows)
        self.table = np.array([(function, block.ctypes.data) for function, block in rows],
                              np.int64).reshape(-1, 2)
        self.cancel = np.zeros(1, np.int64) if cancel is None else cancel
        self._words = np.array(
            [-1, 0, self.table.ctypes.data, 0, self.length, self.cancel.ctypes.data], np.int64)
        self._address = self._words.ctypes.data
        self._call, self._holding = _run_functions()
        self._short = short
        self._timed = [] if short else None         # (first row, seconds) of the first runs

    def run(self):
        """Runs all rows; returns -1, or the index of the row that failed."""
        if self._timed is not None:
            return self._run_and_time()
        return self._words.item(0) if self._call(self._address) else -1

    def _run_and_time(self):
        start = time.perf_counter()
        failed = self._call(self._address)
        self._timed.append((self._words.item(3), time.perf_counter() - start))
        if len(self._timed) == _TIMED_RUNS:
            fewest = {}
            for row, seconds in self._timed:
                fewest[row] = min(seconds, fewest.get(row, seconds))
            if max(fewest.values()) < self._short:
                self._call = self._holding
            self._timed = None
        return self._words.item(0) if failed else -1

    def run_range(self, start, stop):
        """Runs rows [start, stop), like `run`."""
        words = self._words
        words[3] = start
        words[4] = stop
        try:
            return self.run()
        finally:
            words[3] = 0
            words[4] = self.length

    @property
    def paused(self):
        """Whether the row that failed last only wants to be called again."""
        return self.code == native.PAUSED

    @property
    def code(self):
        """Error code of the row that failed last."""
        return self._words.item(1)


class Loop:
    """A loop over the rows of two tapes: those of a test (or None) and of a body.

    Args: holds: address of the test's result (one byte). moves: array [n, 3] of words that point to what belongs
    to an iteration: address of the word, address for iteration 0, bytes per iteration (0: the address is that of a
    table of addresses). copies: array [n, 4] of what is
    copied after each iteration, in order: target for iteration 0, bytes per iteration, source, bytes. once: how many
    rows of test and body, the first ones, run in the first iteration only. calls_python: whether rows do.
    Attribute: at: the iteration that comes next. The flag `cancel` of the body's tape makes it fail with CANCELLED.
    """

    __slots__ = ("_words", "_keep", "_call", "_holding")

    def __init__(self, test, body, holds, moves, copies, by, once, calls_python=False):
        def rows(tape):
            return (0, 0) if tape is None else (tape.table.ctypes.data, tape.length)

        self._keep = (test, body, moves, copies)
        cancel = _NEVER if body is None else body.cancel
        self._words = np.array([-1, 0, *rows(test), *rows(body), holds, 0, 0, by, moves.ctypes.data, len(moves),
                                copies.ctypes.data, len(copies), 0, *once, 1, 0, cancel.ctypes.data], np.int64)
        self._call = _PROTOTYPE(iterator().address)
        self._holding = _HOLDING(iterator().address) if calls_python else None

    @property
    def at(self):
        """The iteration that comes next."""
        return self._words.item(7)

    @property
    def is_within(self):
        """Whether that has begun, and waits to go on."""
        return self._words.item(18) != 0

    @property
    def address(self):
        """Address of the block that the native function takes."""
        return self._words.ctypes.data

    @property
    def holds(self):
        """Address of the word that says where the test's result is."""
        return self.address + 8 * 6

    @property
    def failed(self):
        """("test" or "body", row that failed)."""
        return ("test", "body")[self._words.item(14) - 2], self._words.item(0)

    def begin(self, at, fresh):
        """Goes on with the iteration `at`; `fresh`: it is the first."""
        self._words[7] = at
        self._words[17] = fresh

    def run(self, limit):
        """Runs up to the iteration `limit`: "ended", "stopped" there, or ("test" or "body", row that failed, code)."""
        words = self._words
        words[8] = limit
        if self._holding is not None:
            self._call_and_time(words)
        else:
            self._call(words.ctypes.data)
        status = words.item(14)
        if status < 2:
            return ("ended", "stopped")[status]
        return ("test", "body")[status - 2], words.item(0), words.item(1)

    def _call_and_time(self, words):
        """Steps that call Python want its lock: short iterations keep it, for others take it from them each time."""
        begun, start = self.at, time.perf_counter()
        self._call(words.ctypes.data)
        iterations = abs(self.at - begun)
        if iterations and (time.perf_counter() - start) / iterations < _SHORT_ITERATION_SECONDS:
            self._call = self._holding


def iterator():
    """The native function behind `Loop`."""
    return native.function("tape.iterate", str(native.PAUSED), str(native.CANCELLED))
