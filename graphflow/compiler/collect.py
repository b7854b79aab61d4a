"""Collect: what a loop only appends to, piece by piece, is joined once, when it is over.

`ConcatV2(before, piece)` as the next value of a loop variable that nobody else looks at copies all pieces in every
iteration, and has another shape in each. So do sparse gradients of what a loop looks up. Instead an iteration
records its piece (`Need.collected`), as it records what gradients read. Holds no state.
"""

import numpy as np

from graphflow.compiler.bodies import LOOPS


class Collected:
    """A loop variable that is collected. Attributes: initial: position of its initial value among the node's inputs.
    node: what would append a piece. Stands for the pieces among what the loop records.
    """

    __slots__ = ("initial", "node")

    def __init__(self, initial, node):
        self.initial = initial
        self.node = node


def collect_pieces(plan):
    """`plan`, whose loops collect such variables."""
    for node in plan.nodes:
        if node.type in LOOPS:
            _collect(node)
    return plan


def _collect(node):
    need, body, tests = node.need, node.bodies[-1], node.bodies[:-1]
    index = {position: i for i, position in enumerate(need.inputs)}
    kept = []
    for number, k in enumerate(need.carried):
        append = _appended(body, tests, number)
        if append is None:
            kept.append(number)
        else:
            need.collected[k] = Collected(index[node.first_loop_variable + k], append)
    if not need.collected:
        return
    collected, fetches, outputs = list(need.collected.values()), body.plan.fetches, len(need.carried)
    appending = {found.node for found in collected}
    body.plan.nodes = [other for other in body.plan.nodes if other not in appending]
    pieces = [_source(found.node.inputs[1]) for found in collected]
    body.plan.fetches = [*(fetches[i] for i in kept), *fetches[outputs:], *pieces]
    body.recorded = [*body.recorded, *((found, True) for found in collected)]
    need.carried = tuple(need.carried[i] for i in kept)
    for one in (body, *tests):
        _renumber(one, kept)


def _source(value):
    """What `value` is another name for: conditionals name their results."""
    while value.node is not None and value.node.type == "Identity" and value.node.inputs[0].variable is None:
        value = value.node.inputs[0]
    return value


def _appended(body, tests, number):
    """The node that appends a piece to loop variable `number`, if it only ever grows so; else None."""
    plan, value = body.plan, body.plan.fetches[number]
    node, feed = value.node, _feed(body, number)
    if node is None or feed is None or node.type != "ConcatV2" or len(node.inputs) != 3 or node.inputs[0] is not feed:
        return None
    axis = node.inputs[2].node
    if axis is None or axis.type != "Const" or np.any(axis.attrs["value"] != 0):
        return None
    users = [other for other in plan.nodes if feed in other.inputs or value in other.inputs or node in other.controls]
    alone = users == [node] and node.inputs[1] is not feed and feed not in plan.fetches
    return node if alone and plan.fetches.count(value) == 1 and all(_feed(t, number) is None for t in tests) else None


def pieces(shaped, body):
    """The values of a loop's body, a ShapedPlan, that are collected and nothing else; those of a branch that are its
    results, and nothing else: they may be collected around it. body: its BodyPlan, or None."""
    if body is None:
        return set()
    fetches = list(map(shaped.root, shaped.plan.fetches))
    read = {shaped.root(value) for node in shaped.nodes for value in node.inputs}
    outputs = len(fetches) - len(body.recorded)
    recorded = zip(shaped.plan.fetches[outputs:], body.recorded, strict=True)
    found = {value for value, (tensor, _) in recorded if isinstance(tensor, Collected)}
    if body.is_branch:
        found.update(shaped.plan.fetches[:outputs])
    return {value for value in found if fetches.count(value) == 1 and value not in read}


def _feed(body, number):
    """The feed of a body's plan that is loop variable `number`, or None."""
    return next((feed for feed, (kind, i, _) in zip(body.plan.feeds, body.arguments) if (kind, i) == ("loop", number)),
                None)


def _renumber(body, kept):
    """Leaves the loop variables `kept` to a body."""
    new = {number: i for i, number in enumerate(kept)}
    pairs = [(feed, (kind, new.get(i) if kind == "loop" else i, reading))
             for feed, (kind, i, reading) in zip(body.plan.feeds, body.arguments, strict=True)]
    pairs = [pair for pair in pairs if pair[1][1] is not None]
    body.plan.feeds = [feed for feed, _ in pairs]
    body.arguments = [argument for _, argument in pairs]
