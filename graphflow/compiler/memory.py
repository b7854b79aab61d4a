"""Memory: offsets in one arena for values whose sizes and lifetimes are known.

Plays the run through: at each step values that die give their bytes back, and values that are born
take the smallest gap that holds them. Neighbouring gaps merge. Takes n log n. Holds no state.
"""

import bisect

ALIGNMENT = 64


def assign_offsets(lifetimes, heirs=()):
    """Offsets for `[(nbytes, first step, last step)]`, and the size of the arena.

    Steps are inclusive. Empty values get offset 0. `heirs`: {position of a value: position of one as large
    that dies at the step at which it is born}: it is made in place, where the other was.
    """
    offsets = [0] * len(lifetimes)
    if heirs:
        lifetimes, origin = _inherited(lifetimes, heirs)
        offsets, size = assign_offsets(lifetimes)
        return [offsets[origin.get(i, i)] for i in range(len(offsets))], size
    arena = _Arena()
    # At one step, births come before deaths: an op's inputs and outputs must not overlap.
    births = sorted((first, -nbytes, i) for i, (nbytes, first, _) in enumerate(lifetimes) if nbytes)
    deaths = sorted((last, i) for i, (nbytes, _, last) in enumerate(lifetimes) if nbytes)
    dead = 0
    for first, negative, i in births:
        while dead < len(deaths) and deaths[dead][0] < first:
            gone = deaths[dead][1]
            arena.release(offsets[gone], _aligned(lifetimes[gone][0]))
            dead += 1
        offsets[i] = arena.take(_aligned(-negative))
    return offsets, arena.size


def _inherited(lifetimes, heirs):
    """(lifetimes in which each value lives as long as its last heir, and the heirs take no memory;
    heir -> the value whose memory it is)."""
    lifetimes, origin = list(lifetimes), {}
    for heir in sorted(heirs, key=lambda i: lifetimes[i][1]):
        before = origin[heir] = origin.get(heirs[heir], heirs[heir])
        nbytes, first, _ = lifetimes[before]
        lifetimes[before] = nbytes, first, lifetimes[heir][2]
        lifetimes[heir] = 0, *lifetimes[heir][1:]
    return lifetimes, origin


def _aligned(nbytes):
    return (nbytes + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


class _Arena:
    """Gaps of a growing arena, by size and by both ends."""

    def __init__(self):
        self.size = 0
        self._by_size = []  # sorted (size, offset)
        self._starts = {}  # offset -> size
        self._ends = {}  # end -> offset

    def take(self, size):
        """The offset of `size` bytes in the smallest gap that holds them, else at the end."""
        found = bisect.bisect_left(self._by_size, (size, 0))
        if found < len(self._by_size):
            gap, offset = self._by_size[found]
            self._remove(offset, gap)
            if gap > size:
                self._add(offset + size, gap - size)
            return offset
        offset = self._ends.get(self.size)
        if offset is not None:
            # The last gap reaches the end: the arena grows by what it lacks.
            self._remove(offset, self.size - offset)
            self.size = offset + size
            return offset
        offset = self.size
        self.size += size
        return offset

    def release(self, offset, size):
        """Gives bytes back, merged with the gaps on both sides."""
        after = self._starts.get(offset + size)
        if after is not None:
            self._remove(offset + size, after)
            size += after
        before = self._ends.get(offset)
        if before is not None:
            self._remove(before, offset - before)
            size += offset - before
            offset = before
        self._add(offset, size)

    def _add(self, offset, size):
        bisect.insort(self._by_size, (size, offset))
        self._starts[offset] = size
        self._ends[offset + size] = offset

    def _remove(self, offset, size):
        del self._by_size[bisect.bisect_left(self._by_size, (size, offset))]
        del self._starts[offset]
        del self._ends[offset + size]
