"""Body shapes: what conditionals and loops make, and the plans of their bodies with shapes.

A body is *settled* if all that goes in has a known shape, in every iteration: then it is shaped like any
plan, once, and runs without looking at shapes again. Otherwise its executor finds shapes at run time.
Failures found on the way count for nothing here: the body may never run. Holds no state.
"""

from graphflow.compiler import array_shapes, counters, derived_shapes, linear
from graphflow.compiler.bodies import LOOPS, own_variables
from graphflow.framework import errors


class Info:
    """What is known about a value that goes into a body: shape, constant, tape, array and bounds, or None each.

    A tape is a dictionary {tensor recorded: Info}; `array` is for handles of TensorArrays (see `array_shapes.py`),
    `bounds` for integers (see `linear.py`).
    """

    __slots__ = ("shape", "constant", "tape", "array", "bounds")

    def __init__(self, shape=None, constant=None, tape=None, array=None, bounds=None):
        self.array = array
        self.bounds = bounds
        self.shape = shape
        self.constant = constant
        self.tape = tape


def settle(shaped, node):
    """Notes the shapes of `node`'s outputs, and its bodies' ShapedPlans where they are settled."""
    found = (_settle_loop if node.type in LOOPS else _settle_branches)(shaped, node)
    if found is None:
        array_shapes.unseen(shaped, node)
        return
    plans, outputs, tape = found
    last = len(node.op.outputs) - 1
    for value in node.outputs:
        info = Info((), tape=tape) if value.index == last else outputs[node.need.outputs.index(value.index)]
        if shaped.shape[value] is None:
            shaped.shape[value] = info.shape
        if info.tape is not None:
            shaped.tapes[value] = info.tape
    if plans is not None:
        shaped.bodies[node.op] = plans


def info_of(shaped, value):
    """The Info of a value of a plan."""
    return Info(shaped.shape.get(value), shaped.constants.get(value), shaped.tapes.get(value),
                shaped.arrays.get(value), _bounds_of(shaped, value))


def _bounds_of(shaped, value):
    """The bounds of an integer, None where one of them is not known."""
    form = linear.forms(shaped, value) if shaped.shape.get(value) == () else None
    if form is None or not form.item().terms:
        return None
    ends = linear.bounds(shaped, form.item())
    return None if None in ends else ends


def _feeds(shaped, node, body, state):
    """An Info per feed of a body's plan."""
    result = []
    for kind, index, reading in body.arguments:
        if kind == "input":
            info = info_of(shaped, node.inputs[index])
            info.array = info.array and info.array.handed_on()
            result.append(info)
        elif kind == "loop":
            result.append(state[index])
        elif kind == "hollow":
            result.append(Info(reading[1]))
        else:
            tape = shaped.tapes.get(node.inputs[index])
            result.append(Info() if tape is None else tape.get(reading[0], Info()))
    return result


def _shape(shaped, node, body, state):
    """(ShapedPlan of a body, whether it is settled), or None if it cannot be had now."""
    feeds = _feeds(shaped, node, body, state)
    if node.type not in LOOPS:
        feeds = [Info(feed.shape, feed.constant, feed.tape, feed.array and feed.array.in_branch(), feed.bounds)
                 for feed in feeds]
    own = own_variables(body.plan)
    shapes = {v: shaped.evaluate.variable_shape(v.key) for v in own}
    try:
        plan = shaped.again(body.plan, feeds, shapes, shaped.evaluate, _varying(node, body))
    except (errors.OpError, ValueError, TypeError):
        return None
    known = not (None in [feed.shape for feed in feeds] or None in shapes.values())
    return plan, known and body.plan.is_specializable(own)


def _varying(node, body):
    """What may change from one iteration of a loop to the next; None for a conditional."""
    if node.type not in LOOPS:
        return None
    written = {w.variable.key for w in node.writes}
    feeds = [feed for feed, (kind, _, _) in zip(body.plan.feeds, body.arguments) if kind in ("loop", "tape")]
    return {*feeds, *(v.start for v in body.plan.variables if v.key in written)}


def _results(shaped, node, body, plan):
    """Infos of a body's outputs, and what it records: {tensor: Info}."""
    def outside(feed):
        kind, index, _ = body.arguments[body.plan.feeds.index(feed)]
        return array_shapes.key_of(shaped, node.inputs[index]) if kind == "input" else None

    infos = [Info(plan.shape.get(v), plan.constants.get(v), plan.tapes.get(v),
                  array_shapes.on_tape(plan, v, outside)) for v in body.plan.fetches]
    count = len(infos) - len(body.recorded)
    return infos[:count], {tensor: info for (tensor, _), info in zip(body.recorded, infos[count:])}


def _settle_branches(shaped, node):
    plans, settled, outputs, tape = [], True, None, {}
    for body in node.bodies:
        found = _shape(shaped, node, body, ())
        if found is None:
            return None
        plans.append(found[0])
        settled &= found[1]
        made, recorded = _results(shaped, node, body, found[0])
        tape.update(recorded)
        outputs = made if outputs is None else [_common(a, b) for a, b in zip(outputs, made)]
    return plans if settled else None, outputs, tape


def _common(first, second):
    tape = None if first.tape is None or second.tape is None else {**first.tape, **second.tape}
    return Info(first.shape if first.shape == second.shape else None, tape=tape)


def _settle_loop(shaped, node):
    """Shapes of loop variables that stay the same; others are unknown, until no more of them change."""
    found = _steady(shaped, node, {})
    if found is not None and _asks_for_bounds(node.bodies[-1].plan, found[0][-1]):
        bounds = _counters(shaped, node, found[0])
        found = (_steady(shaped, node, bounds) if bounds else None) or found
    if found is None:
        return None
    plans, settled, state, tape = found
    need = node.need
    outputs = [Info() if i in need.collected else state[need.carried.index(i)]
               for i in need.outputs if i < len(node.op.outputs) - 1]
    return plans if settled else None, outputs, tape


def _starts(node):
    """The values that loop variables begin with."""
    index = {position: i for i, position in enumerate(node.need.inputs)}
    return [node.inputs[index[node.first_loop_variable + k]] for k in node.need.carried]


def _steady(shaped, node, bounds):
    """(ShapedPlans of the bodies, whether they are settled, Infos of the loop variables, what is recorded) of what
    holds in all iterations; None if that cannot be had now. bounds: {number of a loop variable: its bounds in the
    body}.
    """
    state = [Info(shaped.shape.get(value)) for value in _starts(node)]
    *conditions, body = node.bodies
    while True:
        within = [Info(info.shape, bounds=bounds.get(i)) for i, info in enumerate(state)]
        found = _shape(shaped, node, body, within)
        if found is None:
            return None
        made, tape = _results(shaped, node, body, found[0])
        changed = [i for i, (before, after) in enumerate(zip(state, made))
                   if before.shape is not None and before.shape != after.shape]
        if not changed:
            break
        for i in changed:
            state[i] = Info()
    plans, settled = [found[0]], found[1]
    for condition in conditions:
        more = _shape(shaped, node, condition, state)
        if more is None:
            return None
        plans.insert(0, more[0])
        settled &= more[1]
    return plans, settled, state, tape


def _asks_for_bounds(plan, shaped):
    """Whether a body, at any depth, may have more shapes where its loop variables have bounds.

    shaped: its ShapedPlan; None for bodies within it, which may have none yet.
    """
    for node in plan.nodes:
        if derived_shapes.depends_on_bounds(node) and (
                shaped is None or any(shaped.shape.get(v, ()) is None for v in node.outputs)):
            return True
        plans = shaped is not None and shaped.bodies.get(node.op) or [None] * len(node.bodies)
        if any(_asks_for_bounds(body.plan, plan) for body, plan in zip(node.bodies, plans, strict=True)):
            return True
    return False


def _counters(shaped, node, plans):
    """{number of a loop variable: its bounds in the body}, by ShapedPlans of what holds in all iterations."""
    if len(node.bodies) != 2:
        return {}       # gradients count the iterations of their loops
    condition, body = zip(node.bodies, plans, strict=True)
    return counters.find(shaped, _starts(node), condition, body)
