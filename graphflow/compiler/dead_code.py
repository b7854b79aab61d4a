"""Dead code: nodes that nobody would miss.

A pure op whose results nobody reads, and that was not asked for, need not run, even if something
waits for it by a control dependency (the unused half of a gradient does). Holds no state.
"""


def mark_dead(plan):
    """`plan` with `dead` set to the nodes that need not run."""
    read, dead = set(plan.fetches), set()
    for node in reversed(plan.nodes):
        wanted = node.has_effects or node.op in plan.targets or any(v in read for v in node.outputs)
        if not wanted or node.type == "NoOp":
            dead.add(node)
        else:
            read.update(node.inputs)
    plan.dead = frozenset(dead)
    return plan
