"""Launches: how many blocks and threads, and kernels bound to them. Holds no state.

Sizes depend on shapes only, never on the device, so that results don't either.
"""

MAX_THREADS = 256           # per block: enough to hide latency, few enough for any register count
WARP = 32
_MAX_BLOCKS = 1 << 16       # kernels step through what is beyond
MAX_GRID_Y = 65535          # the hardware's limit for the grid's second and third dimension


def threads(count):
    """Threads of a block for `count` items: a power of two, from a warp to MAX_THREADS."""
    size = WARP
    while size < min(count, MAX_THREADS):
        size *= 2
    return size


def flat(count):
    """(grid, block) for a kernel with one thread for each of `count` items."""
    block = threads(count)
    return blocks(-(-count // block)), block


def blocks(count):
    """Grid for a kernel with one block for each of `count` items."""
    return max(1, min(count, _MAX_BLOCKS))


def bind(kernel, stream, grid, block, shared=0):
    """A function of the arguments that launches `kernel` with `shared` bytes of shared memory."""
    from numba import config
    if config.ENABLE_CUDASIM:
        # The simulator keeps one configuration in the kernel itself: it is set for every launch.
        return lambda *arguments: kernel[grid, block, stream, shared](*arguments)
    return kernel[grid, block, stream, shared]


def nothing(*arrays):
    """The kernel of an op whose outputs are empty."""
