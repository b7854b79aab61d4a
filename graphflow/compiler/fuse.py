"""Fuse: groups elementwise nodes of one shape, so that one loop computes them all.

Works on positions in execution order and knows nothing of kernels: the caller says which nodes may be
fused and which must come before which. A group never depends on itself through nodes outside of it.
Holds no state.
"""

# Groups are looked for among this many consecutive nodes, which bounds the cost of keeping track of
# what depends on what; groups larger than this many nodes gain nothing and compile slowly.
_WINDOW = 256
MAX_GROUP = 24
# Groups that read the same are joined if so many nodes at most stand between them: else values would live long.
_NEAR = 32


def group(count, before, key, reads=lambda position: None):
    """Lists of positions, in an order that may be executed.

    Args:
      count: number of nodes. before: position -> positions that must come earlier. key: position ->
      what nodes of a group must have in common (their shape), or None if not fusable. reads: position -> list of what
      the node reads, or None: its group is not joined with one that reads the same.
    """
    result = []
    for start in range(0, count, _WINDOW):
        result.extend(_Window(start, min(count, start + _WINDOW), before, key, reads).groups())
    return result


class _Window:
    """Grouping of the nodes [start, stop); everything before `start` has run."""

    def __init__(self, start, stop, before, key, reads):
        self._start = start
        self._stop = stop
        self._before = before
        self._key = key
        self._reads = reads
        self._members = {}  # group number -> positions
        self._group = {}  # position -> group number
        self._needs = {}  # group number -> bit set of the groups it depends on, itself included
        self._count = 0

    def groups(self):
        for position in range(self._start, self._stop):
            inside = [p for p in self._before(position) if p >= self._start]
            chosen = self._join(position, inside)
            if chosen is None:
                chosen = self._count
                self._count += 1
                self._members[chosen] = []
                self._needs[chosen] = 1 << chosen
            self._add(position, chosen, inside)
        self._join_siblings()
        return self._ordered()

    def _join(self, position, inside):
        """The number of the group that `position` may join, or None. Joins what it can of several."""
        key = self._key(position)
        if key is None:
            return None
        groups = {self._group[p] for p in inside}
        chosen = None
        for candidate in sorted(groups, reverse=True):
            if self._key(self._members[candidate][0]) != key:
                continue
            if chosen is None and self._may_join(candidate, groups):
                chosen = candidate
            elif chosen is not None and self._independent(chosen, candidate) and not self._is_needed(
                    candidate, {self._group[p] for p in inside} - {chosen, candidate}):
                self._merge(chosen, candidate)
        return chosen

    def _is_needed(self, group, others):
        return any(self._needs[other] >> group & 1 for other in others)

    def _may_join(self, candidate, groups):
        """Whether a node that reads `groups` may be part of `candidate`."""
        small = len(self._members[candidate]) < MAX_GROUP
        return small and not self._is_needed(candidate, groups - {candidate})

    def _independent(self, a, b):
        small = len(self._members[a]) + len(self._members[b]) < MAX_GROUP
        return small and not self._needs[a] >> b & 1 and not self._needs[b] >> a & 1

    def _merge(self, a, b):
        """Makes group `b` part of `a`."""
        for p in self._members.pop(b):
            self._members[a].append(p)
            self._group[p] = a
        self._members[a].sort()
        self._needs[a] |= self._needs.pop(b)
        needs, old, new = self._needs[a] & ~(1 << b), 1 << b, 1 << a
        for number, known in self._needs.items():
            if known & (old | new):
                self._needs[number] = (known & ~old) | needs

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

    def _join_siblings(self):
        """Joins groups that need nothing of each other, if most of what one reads the other reads, too."""
        reads, last = {}, {}    # group -> what its nodes read; what is read -> the last group that does
        for number, members in self._members.items():
            found = [self._reads(p) for p in members]
            if self._key(members[0]) is not None and None not in found:
                reads[number] = dict.fromkeys(value for values in found for value in values)
        for number in list(reads):
            for other in dict.fromkeys(last.get(value) for value in reads[number]):
                if other is not None and self._are_siblings(other, number, reads):
                    self._merge(number, other)
                    reads[number].update(reads.pop(other))
            last.update(dict.fromkeys(reads[number], number))

    def _are_siblings(self, a, b, reads):
        shared = len(reads[a].keys() & reads[b].keys())
        return (self._key(self._members[a][0]) == self._key(self._members[b][0]) and self._independent(a, b)
                and 2 * shared >= min(len(reads[a]), len(reads[b]))
                and abs(self._members[a][-1] - self._members[b][-1]) <= _NEAR)

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
            if len(rest) == len(pending):
                raise AssertionError("groups of nodes depend on each other in a circle")
            pending = rest
        return result
