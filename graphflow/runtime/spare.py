"""Memory of arrays that nobody has any more, for arrays of the next run.

Fresh memory costs a page fault for every 4 kB, which for what a loop records takes as long as computing it: an LSTM
over 28 rows took 8 ms forward instead of 4.5. State: the memory taken in the last runs, used or not.
"""

import math
import sys

import numpy as np

from graphflow.compiler.memory import ALIGNMENT
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime.blocks import address_of


class _Piece:
    """Memory, and the one array that it is lent as. Attributes: run: the last one that took it."""

    __slots__ = ("array", "memory", "run")

    def __init__(self, memory, array):
        self.memory = memory
        self.array = array
        self.run = 0

    def users(self):
        """How many have the array, and how many have views of it: NumPy has these refer to the memory."""
        return sys.getrefcount(self.array), sys.getrefcount(self.memory)


def _free():
    memory = np.empty(64, np.uint8)
    piece = _Piece(memory, memory[:8].view(np.int64))
    del memory
    return piece.users()


# What `users` says of a piece whose array nobody has.
_FREE = _free()


class Spare:
    """For one thread at a time."""

    def __init__(self):
        self._pieces = {}       # (shape, dtype) -> list of _Piece
        self._run = 0

    def renew(self):
        """A run begins: what the one before did not take and nobody has goes."""
        last, self._run = self._run, self._run + 1
        for key, pieces in list(self._pieces.items()):
            kept = [piece for piece in pieces if piece.run == last or piece.users() != _FREE]
            if kept:
                self._pieces[key] = kept
            else:
                del self._pieces[key]

    def empty(self, shape, dtype):
        """An array of whatever numbers, that begins where a cache line does: vector loads that cross lines take
        twice as long. Raises ResourceExhaustedError where there is not so much memory."""
        pieces = self._pieces.setdefault((shape, np.dtype(dtype)), [])
        for piece in pieces:
            if piece.users() == _FREE:
                break
        else:
            piece = _new_piece(shape, np.dtype(dtype))
            pieces.append(piece)
        piece.run = self._run
        return piece.array

    def copy(self, array):
        """A dense copy of an array."""
        array = np.asarray(array)
        copied = self.empty(array.shape, array.dtype)
        copied[...] = array
        return copied


def _new_piece(shape, dtype):
    nbytes = math.prod(shape) * dtype.itemsize
    kernels("reference.array_checks").check_size(shape, dtype)
    memory = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = -address_of(memory) % ALIGNMENT
    return _Piece(memory, memory[start:start + nbytes].view(dtype).reshape(shape))
