"""Classes drawn from rows of logits: the draws of `reference/philox_rejection.py`. Holds no state."""

import numpy as np
from numba import types
from numba.extending import register_jitable

from .memory import TYPES, float_of_bits, load, peek, store
from .numba_math import exp
from .random import unit_pair, words
from .values import BYTES

_AT_ONCE = 64       # powers that are computed before they are added up, while the sum before them goes on


def _keys(dtype):
    """(largest, number): what finds the largest finite number of a row, and reads what was found.

    As integers in the order of the numbers: their maximum vectorises, that of numbers which may be NaN does not.
    """
    whole = TYPES[dtype.replace("float", "int")]
    kind, bits = TYPES[dtype], 8 * BYTES[dtype]
    sign, magnitude = bits - 1, whole((1 << bits - 1) - 1)
    infinite, none = whole({32: 0x7F800000, 64: 0x7FF << 52}[bits]), whole(-1 << bits - 1)

    @register_jitable
    def largest(row, count):
        best = none
        for i in range(count):
            number = load(row, i, whole)
            key = whole(number ^ (number >> sign & magnitude))
            best = max(best, none if number & magnitude >= infinite else key)
        return best

    @register_jitable
    def number(key):
        """0 where no number was finite."""
        return kind(0) if key == none else float_of_bits(whole(key ^ (key >> sign & magnitude)))

    return largest, number


@register_jitable
def _first_above(numbers, count, target):
    """How many of the rising numbers are not above the target."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if peek(numbers, middle, types.float64) <= target:
            low = middle + 1
        else:
            high = middle
    return low


def draw(dtype, index_type):
    """Classes of rows of logits, of which those that are not finite are never drawn.

    Words: out, draws per row, key and counter of what the run has reserved, logits, rows, classes, scratch for a
    double per class.
    """
    kind, to, size = TYPES[dtype], TYPES[index_type], BYTES[dtype]
    largest, number = _keys(dtype)

    def kernel(block):
        out, draws, logits, rows, classes, sums = block[0], block[1], block[5], block[6], block[7], block[8]
        for row in range(rows):
            x = logits + row * classes * size
            top = types.float64(number(largest(x, classes)))
            total = 0.0
            for first in range(0, classes, _AT_ONCE):
                last = min(first + _AT_ONCE, classes)
                for i in range(first, last):
                    value = load(x, i, kind)
                    store(sums, i, exp(types.float64(value) - top if value - value == 0 else -np.inf))
                for i in range(first, last):
                    total += peek(sums, i, types.float64)
                    store(sums, i, total)
            place = row * draws
            for i in range(place, place + draws):
                if i == place or not i & 1:
                    w = words(block, i >> 1)
                unit = unit_pair(w[2], w[3]) if i & 1 else unit_pair(w[0], w[1])
                store(out, i, to(_first_above(sums, classes, unit * total)))
        return types.int32(0)

    return kernel
