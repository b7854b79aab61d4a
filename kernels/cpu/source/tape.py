"""The loop that runs a plan's native steps. Holds no state."""

from numba import types

from ..native import CANCELLED
from .memory import call_kernel, load, poll

_WORD = types.int64


def run():
    """Runs rows [start, stop) of a table; a row is (function, block).

    Words: 0 row that failed or -1; 1 its error code; 2 table; 3 start; 4 stop; 5 cancel flag.
    The three addresses point to int64 arrays.
    """
    cancelled = types.int32(CANCELLED)

    def kernel(block):
        table = block[2]
        flag = block[5]
        block[0] = -1
        for row in range(block[3], block[4]):
            code = call_kernel(load(table, 2 * row, _WORD), load(table, 2 * row + 1, _WORD))
            if code == 0 and poll(flag) != 0:
                code = cancelled
            if code != 0:
                block[0] = row
                block[1] = code
                return code
        return types.int32(0)

    return kernel
