"""Which conditionals and loops of a plan become native steps (`branches.py`, `inner_loops.py`).

What others of them share a tape with stays with `control.py` if these do. Holds no state.
"""

from graphflow.compiler.bodies import LOOPS
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import branches, inner_loops
from graphflow.runtime.inner_bodies import Refused


def lower(spec, bound, wait):
    """`bound`, steps of a Specialization in the making, with native ones for the nodes with bodies that allow it."""
    candidates = {b.node for b in bound if _is_candidate(spec, b.node, wait)}
    if not candidates:
        return bound
    found, refused = _attempt(spec, bound, candidates)
    while refused:
        candidates -= refused
        found, refused = _attempt(spec, bound, candidates)
    for step in found.values():
        step.commit()
    return [found[b.node].bound(type(b)) if b.node in found else b for b in bound]


def _is_candidate(spec, node, wait):
    specs = spec.bodies.get(node.op)
    if not node.bodies or specs is None or not all(one.is_native(may_draw=True) for one in specs):
        return False
    kind = inner_loops if node.type in LOOPS else branches
    if not kind.is_candidate(spec, node):
        return False
    functions = kind.functions()
    if not all(one.is_native() for one in specs):
        functions.append(kernels("cpu.branches").drawer())
    missing = [] if wait else [function for function in functions if not function.ready()]
    spec.pending.extend(missing)
    return not missing


def _attempt(spec, bound, candidates):
    """({node: Lowered} of those that can be native if all are, the nodes that can't)."""
    found, parts = {}, {}
    readers = {}
    for step in bound:
        for value in step.inputs:
            readers.setdefault(spec.root(value), set()).add(step.node)
    for step in bound:
        node = step.node
        if node not in candidates:
            continue
        kind = inner_loops.LoweredLoop if node.type in LOOPS else branches.LoweredConditional
        try:
            lowered = found[node] = kind(spec, node, parts)
        except Refused:
            return found, {node}
        for tape, made in lowered.tapes.items():
            if not readers.get(tape, set()) <= candidates:
                return found, {node}
            parts[tape] = made
    return found, set()
