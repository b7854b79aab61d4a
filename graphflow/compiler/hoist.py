"""Hoist: what a loop computes anew in each iteration, though it is always the same, it computes in the first only.

That is what depends on nothing but constants, captured values and variables that the loop does not write. It stays
a part of the loop: one of no iterations never computes it, so that it cannot fail there. What has effects, is
random, or comes after an effect (an assertion guards it, say) stays in every iteration. Holds no state.
"""

import numpy as np

from graphflow.framework import shapes

# Results are kept for as long as the loop runs: larger ones are computed anew.
_MAX_BYTES = 1 << 26


def hoist(shaped):
    """`shaped`, if it is a loop's body, with the nodes first that run once; `shaped.once` counts them."""
    if shaped.varying is None:
        return shaped
    guarded = _after_effects(shaped)
    varying, first, rest = set(shaped.varying), [], []
    for node in shaped.nodes:
        if node.source in guarded or not _is_constant(shaped, node, varying):
            rest.append(node)
            varying.update((*node.outputs, *(w.value for w in node.writes)))
        else:
            first.append(node)
    shaped.nodes = first + rest
    shaped.once = len(first)
    return shaped


def _is_constant(shaped, node, varying):
    """Whether a node makes the same in every iteration, and something that can be kept."""
    if node.has_effects or node.bodies or not node.outputs or node in shaped.refusals:
        return False
    for value in node.outputs:
        size, kind = shapes.size(shaped.shape[value]), np.dtype(value.dtype.as_numpy_dtype)
        if size is None or kind.hasobject or size * kind.itemsize > _MAX_BYTES:
            return False
    return all(v in shaped.constants or stays(shaped, shaped.root(v), varying) for v in node.inputs)


def stays(shaped, root, varying):
    """Whether the value `root` is the same in every iteration, where those `varying` are not."""
    if root.variable is not None:
        return root.variable.start not in varying and shaped.is_stable(root)
    return root not in varying


def _after_effects(shaped):
    """The nodes that come after an effect by data or control, also through nodes that do not run."""
    effects = {node.source for node in shaped.nodes if node.has_effects}
    found = set()
    for node in shaped.plan.nodes:
        sources = (*node.controls, *(v.node for v in node.inputs if v.node is not None))
        if any(source in effects or source in found for source in sources):
            found.add(node)
    return found
