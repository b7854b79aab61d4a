"""Random numbers of a seed that is an input: the kernels of other files, at the position that the seed gives. Hold no
state."""

from numba import types
from numba.extending import register_jitable

from . import categorical, random
from .memory import TYPES, load
from .random import words

_SCRAMBLER = 0x3EC8F720 | 0x02461E29 << 32
_KERNELS = {"uniform": random.uniform, "standard_normal": random.standard_normal,
            "truncated_normal": random.truncated_normal, "uniform_int": random.uniform_int, "classes": categorical.draw}


def seeded(name, seed_word, seed_type, *arguments):
    """The kernel `name` of these arguments. Words as it has them; number `seed_word` is the address of the seed.

    Both halves of a seed are mixed first, so that none is a weak one.
    """
    inner, kind, place = register_jitable(_KERNELS[name](*arguments)), TYPES[seed_type], int(seed_word)

    def kernel(block):
        block[2] = _SCRAMBLER
        block[3] = types.int64(load(block[place], 0, kind))
        block[4] = types.int64(load(block[place], 1, kind))
        w = words(block, 0)
        block[2] = types.int64(w[0] | w[1] << types.uint64(32))
        block[3] = 0
        block[4] = types.int64(w[2] | w[3] << types.uint64(32))
        return inner(block)

    return kernel
