"""One kernel out of several that run in turn, each of them on one thread or on all.

What they hand to each other lies in Scratch memory: one Scratch in the words of several is one
piece of memory. Holds no state.
"""

from ..registry import Native
from . import native


def sequence(*kernels):
    """The Native that runs `kernels` (Natives) one after another."""
    return kernels[0] if len(kernels) == 1 else row(*kernels)


def row(*kernels):
    """`sequence`, of one too: always the same function."""
    header = [len(kernels)]
    distance = 1 + 2 * len(kernels)
    for kernel in kernels:
        header += [native.Code(kernel.function), 8 * distance]
        distance += len(kernel.words)
    run = native.function("sequence.run")
    parts = [part for kernel in kernels for part in kernel.function.components()]
    words = header + [word for kernel in kernels for word in kernel.words]
    return Native(native.Composite((run, *dict.fromkeys(parts)), lambda: None), words)
