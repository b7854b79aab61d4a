"""Body shapes: what conditionals and loops make, and the plans of their bodies with shapes.

A body is *settled* if all that goes in has a known shape, in every iteration: then it is shaped like any
plan, once, and runs without looking at shapes again. Otherwise its executor finds shapes at run time.
Failures found on the way count for nothing here: the body may never run. Holds no state.
"""

from graphflow.compiler import array_shapes
from graphflow.compiler.bodies import LOOPS, own_variables
from graphflow.framework import errors


class Info:
    """What is known about a value that goes into a body: shape, constant, tape and array, or None each.

    A tape is a dictionary {tensor recorded: Info}; `array` is for handles of TensorArrays (see `array_shapes.py`).
    """

    __slots__ = ("shape", "constant", "tape", "array")

    def __init__(self, shape=None, constant=None, tape=None, array=None):
        self.array = array
        self.shape = shape
        self.constant = constant
        self.tape = tape


def settle(shaped, node):
    """Notes the shapes of `node`'s outputs, and its bodies' ShapedPlans where they are settled."""
    found = (_settle_loop if node.type in LOOPS else _settle_branches)(shaped, node)
    if found is None:
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
                shaped.arrays.get(value))


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
        feeds = [Info(feed.shape, feed.constant, feed.tape, feed.array and feed.array.in_branch()) for feed in feeds]
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


def _results(body, plan):
    """Infos of a body's outputs, and what it records: {tensor: Info}."""
    infos = [Info(plan.shape.get(v), plan.constants.get(v), plan.tapes.get(v),
                  array_shapes.on_tape(plan, v, body.plan.fetches)) for v in body.plan.fetches]
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
        made, recorded = _results(body, found[0])
        tape.update(recorded)
        outputs = made if outputs is None else [_common(a, b) for a, b in zip(outputs, made)]
    return plans if settled else None, outputs, tape


def _common(first, second):
    tape = None if first.tape is None or second.tape is None else {**first.tape, **second.tape}
    return Info(first.shape if first.shape == second.shape else None, tape=tape)


def _settle_loop(shaped, node):
    """Shapes of loop variables that stay the same; others are unknown, until no more of them change."""
    need = node.need
    index = {position: i for i, position in enumerate(need.inputs)}
    state = [Info(info_of(shaped, node.inputs[index[node.first_loop_variable + k]]).shape) for k in need.carried]
    *conditions, body = node.bodies
    while True:
        found = _shape(shaped, node, body, state)
        if found is None:
            return None
        made, tape = _results(body, found[0])
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
    outputs = [Info() if i in need.collected else state[need.carried.index(i)]
               for i in need.outputs if i < len(node.op.outputs) - 1]
    return plans if settled else None, outputs, tape
