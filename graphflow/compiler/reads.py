"""Reads: `ReadVariableOp` hands out the variable's memory where nobody can tell it from a copy.

That is where whoever uses the value runs before the next write of the variable, as in a training step,
and the value itself is not asked for. Holds no state.
"""


def share_reads(shaped):
    """`shaped` with such reads as aliases of the version they read."""
    last_use, writes = _positions(shaped)
    fetched = {shaped.root(v) for v in shaped.plan.fetches}
    kept = []
    for i, node in enumerate(shaped.nodes):
        if node.type == "ReadVariableOp":
            value, version = node.outputs[0], node.inputs[0]
            written = [at for at in writes.get(version.variable, ()) if at > i]
            if value not in fetched and last_use.get(value, i) < min(written, default=len(shaped.nodes)):
                shaped.share(value, version)
                continue
        kept.append(node)
    shaped.nodes = kept
    return shaped


def _positions(shaped):
    """(root -> position of its last use, variable -> positions of its writes)."""
    last_use, writes = {}, {}
    for i, node in enumerate(shaped.nodes):
        for value in node.inputs:
            last_use[shaped.root(value)] = i
        for write in node.writes:
            writes.setdefault(write.variable, []).append(i)
    return last_use, writes
