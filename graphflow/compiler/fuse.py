"""Fuse: groups elementwise nodes of one shape, so that one loop computes them all.

Works on positions in execution order and knows nothing of kernels: the caller says which nodes may be
fused and which must come before which. A group never depends on itself through nodes outside of it.
Holds no state.
"""

# Groups are looked for among this many consecutive nodes, which bounds the cost of keeping track of
# what depends on what; groups larger than this many nodes gain nothing and compile slowly.
_WINDOW = 256
MAX_GROUP = 24


def group(count, before, key):
    """Lists of positions, in an order that may be executed.

    Args:
      count: number of nodes. before: position -> positions that must come earlier. key: position ->
      what nodes of a group must have in common (their shape), or None if not fusable.
    """
    result = []
    for start in range(0, count, _WINDOW):
        result.extend(_Window(start, min(count, start + _WINDOW), before, key).groups())
    return result


class _Window:
    """Grouping of the nodes [start, stop); everything before `start` has run."""

    def __init__(self, start, stop, before, key):
        self._start = start
        self._stop = stop
        self._before = before
        self._key = key
        self._members = {}  # group number -> positions
        self._group = {}  # position -> group number
        self._needs = {}  # group number -> bit set of the groups it depends on, itself included

    def groups(self):
        for position in range(self._start, self._stop):
            inside = [p for p in self._before(position) if p >= self._start]
            chosen = self._join(position, inside)
            if chosen is None:
                chosen = len(self._members)
                self._members[chosen] = []
                self._needs[chosen] = 1 << chosen
            self._add(position, chosen, inside)
        return self._ordered()

    def _join(self, position, inside):
        """The number of the group that `position` may join, or None."""
        key = self._key(position)
        if key is None:
            return None
        groups = {self._group[p] for p in inside}
        for candidate in sorted(groups, reverse=True):
            members = self._members[candidate]
            if self._key(members[0]) != key or len(members) >= MAX_GROUP:
                continue
            others = 0
            for other in groups - {candidate}:
                others |= self._needs[other]
            if not others >> candidate & 1:
                return candidate
        return None

    def _add(self, position, chosen, inside):
        self._members[chosen].append(position)
        self._group[position] = chosen
        needs = self._needs[chosen]
        for p in inside:
            needs |= self._needs[self._group[p]]
        if needs == self._needs[chosen]:
            return
        # Whatever depends on this group depends on what it now depends on.
        bit = 1 << chosen
        for number, known in self._needs.items():
            if known & bit:
                self._needs[number] = known | needs

    def _ordered(self):
        """Groups in an order that respects all dependencies, close to that of their last nodes."""
        waiting = {number: self._needs[number] & ~(1 << number) for number in self._members}
        done, result = 0, []
        pending = sorted(waiting, key=lambda number: self._members[number][-1])
        while pending:
            rest = []
            for number in pending:
                if waiting[number] & ~done:
                    rest.append(number)
                else:
                    done |= 1 << number
                    result.append(self._members[number])
            pending = rest
        return result
