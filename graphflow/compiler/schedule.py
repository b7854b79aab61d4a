"""Schedule: variables are updated as soon as their new values can be computed.

Gradients are made layer by layer, but programs apply them all at the end: until then all must be kept.
An update moves up to behind the last thing it waits for: its inputs, its control dependencies, the readers
of the version it overwrites, and any other effect (a check, a random number, a function of the user),
which stay in order. Holds no state.
"""


def update_early(shaped):
    """`shaped` with updates moved up."""
    position = {}
    for i, node in enumerate(shaped.nodes):
        position[node.source] = i
    waits, made = _waits(shaped.plan, position), {}
    touched, barrier, after = {}, -1, [[] for _ in shaped.nodes]
    place = list(range(len(shaped.nodes)))  # position -> where the node went: behind that position
    first = []
    for i, node in enumerate(shaped.nodes):
        target = i
        if _is_update(node):
            target = max([barrier, waits[node.source], *(made.get(shaped.root(v), -1) for v in node.inputs),
                          *(place[t] for write in node.writes for t in touched.get(write.variable, ()))])
        elif node.has_effects or node.bodies:
            barrier = i
        for value in (*node.inputs, *(w.value for w in node.writes)):
            variable = shaped.root(value).variable
            if variable is not None:
                touched.setdefault(variable, []).append(i)
        made.update(dict.fromkeys((*node.outputs, *(w.value for w in node.writes)), i))
        place[i] = target
        if target < i:
            (after[target] if target >= 0 else first).append(node)
    moved = {node for nodes in (first, *after) for node in nodes}
    shaped.nodes = first + [n for i, node in enumerate(shaped.nodes)
                            for n in ([] if node in moved else [node]) + after[i]]
    return shaped


def _is_update(node):
    """Whether all that anybody can tell of it is what it writes."""
    return bool(node.writes) and not node.outputs and not node.bodies and not node.blocking


def _waits(plan, position):
    """Node -> the last position among those it comes after, also through nodes that do not run; -1 if none."""
    result = {}
    for node in plan.nodes:
        sources = (*node.controls, *(v.node for v in node.inputs if v.node is not None))
        result[node] = max([position[s] if s in position else result.get(s, -1) for s in sources], default=-1)
    return result
