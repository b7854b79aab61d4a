"""Memory: offsets in one arena for values whose sizes and lifetimes are known.

Values whose lifetimes do not overlap share bytes. Greedy by size: the largest first, each at the
lowest offset free during its whole life. Holds no state.
"""

import bisect

ALIGNMENT = 64


def assign_offsets(lifetimes):
    """Offsets for `[(nbytes, first step, last step)]`, and the size of the arena.

    Steps are inclusive. Empty values get offset 0.
    """
    order = sorted(range(len(lifetimes)), key=lambda i: (-lifetimes[i][0], lifetimes[i][1]))
    offsets = [0] * len(lifetimes)
    placed = []  # (offset, end, first, last), by offset
    total = 0
    for i in order:
        nbytes, first, last = lifetimes[i]
        if not nbytes:
            continue
        size = (nbytes + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        at = 0
        for offset, end, other_first, other_last in placed:
            if other_last < first or last < other_first:
                continue
            if at + size <= offset:
                break
            at = max(at, end)
        offsets[i] = at
        bisect.insort(placed, (at, at + size, first, last))
        total = max(total, at + size)
    return offsets, total
