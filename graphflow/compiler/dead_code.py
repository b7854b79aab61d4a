"""Dead code: nodes that nobody would miss.

A pure op whose results nobody reads, and that was not asked for, need not run, even if something
waits for it by a control dependency (the unused half of a gradient does). Holds no state.
"""


def mark_dead(plan):
    """`plan` with `dead` set to the nodes that need not run."""
    read, dead = set(plan.fetches), set()
    for node in reversed(plan.nodes):
        if node.type == "NoOp" or not _is_wanted(plan, node, read):
            dead.add(node)
        else:
            read.update(node.inputs)
    plan.dead = frozenset(dead)
    return plan


def drop_dead(shaped):
    """`shaped` without the nodes that only fed what is now constant or known under another name."""
    read, kept = {shaped.root(value) for value in shaped.plan.fetches}, []
    for node in reversed(shaped.nodes):
        if _is_wanted(shaped.plan, node, read):
            kept.append(node)
            read.update(shaped.root(v) for v in node.inputs if v not in shaped.constants)
    shaped.nodes = kept[::-1]
    return shaped


def _is_wanted(plan, node, read):
    return node.has_effects or node.op in plan.targets or any(v in read for v in node.outputs)
