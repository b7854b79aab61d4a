"""The gradient of padding with mirror images. Holds no state."""

from numba import types

from .memory import TYPES, load, peek, store


def add_pieces(dtype):
    """out = the first piece of x, then the others added to it.

    Words: out, x, number of pieces; for each its offsets in out and in x, its rows, the number of its dimensions, and
    of each the size and the steps in out and in x, outermost first.
    """
    kind = TYPES[dtype]

    def kernel(block):
        out, x, place = block[0], block[1], 3
        for number in range(block[2]):
            last = place + 4 + 3 * (block[place + 3] - 1)
            for row in range(block[place + 2]):
                target, source, rest = block[place], block[place + 1], row
                at = last - 3
                while at > place + 3:
                    digit = rest % block[at]
                    rest = rest // block[at]
                    target += digit * block[at + 1]
                    source += digit * block[at + 2]
                    at -= 3
                length, step, other = block[last], block[last + 1], block[last + 2]
                if not number:
                    for i in range(length):
                        store(out, target + i * step, load(x, source + i * other, kind))
                elif step == 1 and other == 1:
                    for i in range(length):
                        total = peek(out, target + i, kind) + load(x, source + i, kind)
                        store(out, target + i, total)
                else:
                    for i in range(length):
                        total = peek(out, target + i * step, kind) + load(x, source + i * other, kind)
                        store(out, target + i * step, total)
            place = last + 3
        return types.int32(0)

    return kernel
