"""What this machine's vector registers hold, for kernels blocked for registers by hand.

Holds the answer, once asked for.
"""

import functools
import platform

from . import blas

SIZES = {"float32": 4, "float64": 8}
_MOST_VECTORS = 4       # of output channels in a tile


@functools.cache
def _registers():
    """(bytes of a vector register, how many there are)."""
    if platform.machine().lower() in ("x86_64", "amd64"):
        return (64, 32) if blas.has_avx512() else (32, 16)
    return 16, 32


@functools.cache
def zen():
    """Which Zen this is, see `blas.zen`: OpenBLAS has no kernels made for those with AVX-512."""
    return blas.zen()


def lanes_of(dtype):
    """Numbers of `dtype` in a vector."""
    return _registers()[0] // SIZES[dtype]


def tile_of(dtype, columns, rows=None):
    """(vectors, rows) of a tile of sums that registers hold, for a result of `columns` numbers and,
    where that is small, `rows`. Some registers are left for operands.
    """
    count = _registers()[1]
    needed = -(-columns // lanes_of(dtype))
    most = _MOST_VECTORS if count >= 32 else 2
    vectors = -(-needed // -(-needed // most))
    tallest = min((count - vectors - 2) // vectors, 14)
    if rows is None:
        return vectors, tallest
    # The tallest tile that wastes least; half of that would wait for results.
    least = min(tallest, rows)
    fitting = range(least, max(1, (2 * tallest) // 3) - 1, -1) if least == tallest else [least]
    return vectors, min(fitting, key=lambda taps: (-(-rows // taps) * taps, -taps))


def thin_tile_of(dtype, columns, from_memory):
    """(columns, rows or vectors of rows) of a tile of sums for a result of few columns, whose numbers
    take registers of their own or come `from_memory`.
    """
    count = _registers()[1]
    most = (6 if count >= 32 else 3) * (2 if from_memory else 1)
    if from_memory:
        most = min(most, lanes_of(dtype))       # a vector of rows becomes rows of so many
    columns = -(-columns // -(-columns // most))
    return columns, max(1, (count - 6) // columns)
