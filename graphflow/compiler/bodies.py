"""Bodies: which parts of conditionals and loops a run needs, and the plans of their bodies.

A body runs only what the outputs that somebody reads need, and records on its tape only what gradients
in the same run read from there. `prune` asks `analyse` about each operation that has bodies, the last
first, so that by then everybody who reads its outputs, or its tape, is known; `lower_bodies` then makes
the plans. Recursion goes as deep as bodies are nested, no deeper.

Holds no state beyond one lowering (`Context`).
"""

from graphflow.compiler.plan import CHECKS, BodyPlan
from graphflow.framework import shapes
from graphflow.framework.func_graph import INPUTS, bodies_of, sources

# Operations that look at nothing but the shape of their input.
_SHAPE_ONLY = frozenset(("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"))
# Those that look at nothing of a TensorArray but its size, or find the array of gradients beside it.
_BESIDE_ARRAYS = frozenset(("TensorArrayGradV3", "TensorArrayGradWithShape", "TensorArraySizeV3"))
LOOPS = frozenset(("While", "WhileGrad"))

class Context:
    """What all bodies of one lowering share.

    Attributes: fed: Tensors fed by the caller. requests: {body: {its tensor: [how many read it, whether
    anybody wants more than its shape]}}, the intermediate values that gradients in this run read. found: {operation
    with bodies: its Need}, for as long as what is around it is not settled: a loop is gone through more than once.
    """

    def __init__(self, feeds):
        self.fed = frozenset(feeds)
        self.requests = {}
        self.found = {}

    def request(self, tensor, whole):
        """Notes that somebody reads `tensor`, of some body, from a tape: all of it, or its shape.

        Of a TensorArray's handle `whole` is false where only the size is asked for, and arrays of gradients.
        """
        entry = self.requests.setdefault(tensor.op.graph, {}).setdefault(tensor, [0, False])
        entry[0] += 1
        entry[1] |= whole

    def recorded(self, graph):
        """[(tensor of a body that is to be recorded, whether more than its shape is)]."""
        return [(tensor, whole) for tensor, (_, whole) in self.requests.get(graph, {}).items()]

    def constant(self, tensor):
        """The Const operation that a captured `tensor` stands for, unless it is fed."""
        for source in sources(tensor):
            if source in self.fed:
                return None
        return source.op if source.op.type == "Const" else None


class BodyNeed:
    """What one body has to do.

    Attributes: graph; fetches: its tensors, outputs first, then what is recorded; recorded: the latter, and
    whether more than the shape is; operations: set; needs: {operation with bodies: Need}; constants:
    {captured tensor: Const operation}.
    """

    __slots__ = ("graph", "fetches", "recorded", "operations", "needs", "constants")

    def __init__(self, graph, outputs, context, needed_operations):
        self.graph = graph
        self.recorded = context.recorded(graph)
        self.fetches = [*outputs, *(tensor for tensor, _ in self.recorded)]
        self.operations, self.needs = needed_operations(self.fetches, (), (), context)
        inputs = [op for op in self.operations if op.type == "Captured"]
        found = {op.outputs[0]: context.constant(op.outputs[0]) for op in inputs}
        self.constants = {tensor: op for tensor, op in found.items() if op is not None}

    def reads_shape_only(self, tensor):
        """Whether nothing but the shape of `tensor`, an input, matters."""
        return tensor not in self.fetches and all(
            user.type in _SHAPE_ONLY for user in tensor._consumers if user in self.operations)

    def is_only_beside(self, handle):
        """Whether nobody, here or in bodies within, reads or writes the TensorArray of `handle`, an input.

        What is asked for is its size, and the arrays of gradients beside it.
        """
        outputs = len(self.fetches) - len(self.recorded)
        if handle in self.fetches[:outputs] or dict(self.recorded).get(handle, False):
            return False
        return all(user.type in _BESIDE_ARRAYS or user in self.needs and self.needs[user].is_only_beside(handle)
                   for user in handle._consumers if user in self.operations)

    def inputs(self):
        """The tensors here whose values come from outside, in the order of their making."""
        found = [op.outputs[0] for op in self.operations if op.type in INPUTS]
        return sorted((t for t in found if t not in self.constants), key=lambda t: t.op._id)


class Need:
    """What one operation with bodies has to do.

    Attributes: op; outputs: sorted indices of the outputs that are read; carried: for loops, the loop
    variables that take part; bodies: list of BodyNeed; inputs: sorted positions of inputs that are read;
    writes: those that are variables it writes; by_reference: those whose variable its bodies get, not its
    value (`order_effects` finds them); blocking: whether a body may wait for other runs; has_effects:
    whether anybody can tell that it ran, other than by its outputs; collected: {loop variable that is not carried
    from one iteration to the next, but joined at the end: Collected} (`collect` finds them).
    """

    __slots__ = ("op", "outputs", "carried", "bodies", "inputs", "writes", "by_reference", "blocking", "has_effects",
                 "collected")

    def __init__(self, op, outputs, carried, bodies):
        self.op = op
        self.outputs = outputs
        self.carried = carried
        self.bodies = bodies
        position = {}
        for i, tensor in enumerate(op.inputs):
            position.setdefault(tensor, i)
        # The first input chooses the branch, or is the tape that counts the iterations.
        read = set() if op.type == "While" else {0}
        first = op.attrs["N"] if op.type == "WhileGrad" else 0
        read.update(first + k for k in carried)
        written = set()
        for body in bodies:
            for tensor in body.inputs():
                outside = outside_of(tensor)
                if outside is not None:
                    read.add(position[outside])
            written.update(position[outside_of(t)] for t in _written(body))
        self.inputs = sorted(read)
        self.writes = sorted(written)
        self.by_reference = frozenset()
        self.collected = {}
        inner = [need for body in bodies for need in body.needs.values()]
        defs = [op.op_def for body in bodies for op in body.operations if op not in body.needs]
        self.blocking = any(need.blocking for need in inner) or any(op_def.blocking for op_def in defs)
        self.has_effects = self.blocking or bool(written) or any(need.has_effects for need in inner) or any(
            op_def.is_stateful or op_def.name in CHECKS for op_def in defs)

    def is_current(self, context):
        """Whether its bodies, at any depth, record what is asked for by now."""
        return all(body.recorded == context.recorded(body.graph)
                   and all(inner.is_current(context) for inner in body.needs.values()) for body in self.bodies)

    def is_only_beside(self, handle):
        """Whether bodies do no more with a handle that is an input than `BodyNeed.is_only_beside` says."""
        first = self.op.attrs["N"] if self.op.type == "WhileGrad" else 0
        if self.op.type in LOOPS and handle in self.op.inputs[first:first + len(self.bodies[-1].graph.inputs)]:
            return False
        captured = [(body, body.graph.captures[handle]) for body in self.bodies if handle in body.graph.captures]
        return all(body.is_only_beside(inner) for body, inner in captured)

    def hands_on(self, position):
        """Whether bodies get the variable that an input is, and nobody its value: a branch is chosen by a value."""
        return position in self.by_reference and (position > 0 or self.op.type == "While")


def outside_of(tensor):
    """The tensor around the body that its input `tensor` is made of; None for a loop variable."""
    op = tensor.op
    if op.type == "TapeRead":
        return op.graph.reads[tensor][0]
    return op.inputs[0] if op.inputs else None


def _written(body):
    """The captured references and handles of `body` that it writes."""
    for op in body.operations:
        writes = body.needs[op].writes if op in body.needs else op.op_def.writes
        for i in writes:
            yield captured_reference(op.inputs[i])


def captured_reference(tensor):
    """The body's input that a reference or handle in it comes from."""
    while tensor.op.type not in INPUTS:
        op = tensor.op
        tensor = op.inputs[op.op_def.writes[0] if op.op_def.writes else 0]
    return tensor


def analyse(op, outputs, context, needed_operations):
    """The Need of `op`, of which `outputs` (indices) are read.

    `needed_operations(fetches, targets, feeds, context)` is `prune`'s.
    """
    bodies, count = bodies_of(op), len(op.outputs) - 1
    outputs = sorted(outputs)
    before = context.found.get(op)
    if before is not None and before.outputs == outputs and before.is_current(context):
        return before
    wanted = [i for i in outputs if i < count]
    if op.type not in LOOPS:
        needs = [BodyNeed(b, [b.outputs[i] for i in wanted], context, needed_operations) for b in bodies]
        need = Need(op, outputs, (), needs)
    else:
        need = _loop_need(op, bodies, outputs, wanted, context, needed_operations)
    for body in need.bodies:
        for tensor in body.inputs():
            if tensor.op.type == "TapeRead" and not _is_hollow(body, tensor):
                is_handle = tensor.dtype.name == "resource"
                little = body.is_only_beside(tensor) if is_handle else body.reads_shape_only(tensor)
                context.request(tensor.op.graph.reads[tensor][1], not little)
        for inner in body.needs:
            context.found.pop(inner, None)
    context.found[op] = need
    return need


def _is_hollow(body, tensor):
    """Whether nothing need be recorded for `tensor`: only its shape matters, and that is known."""
    return shapes.is_full(tensor._shape) and body.reads_shape_only(tensor)


def _loop_need(op, bodies, outputs, wanted, context, needed_operations):
    """Loop variables that are read, or that others of them, or the condition, are computed from."""
    carried = set(wanted)
    *conditions, body = bodies
    first = [BodyNeed(cond, cond.outputs, context, needed_operations) for cond in conditions]
    while True:
        needs = [*first, BodyNeed(body, [body.outputs[i] for i in sorted(carried)], context, needed_operations)]
        used = {t for need in needs for t in need.inputs()}
        more = {i for graph in bodies for i, t in enumerate(graph.inputs) if t in used} - carried
        if not more:
            return Need(op, outputs, tuple(sorted(carried)), needs)
        carried |= more


# ---------------------------------------------------------------- plans

def lower_bodies(node, need, roots, context, build):
    """The BodyPlans of `node`, whose operation has bodies.

    `roots`: {position of an input: operation that declares the variable it refers to}. `build(body need,
    feeds, fetches, roots)` makes a plan of a body.
    """
    index = {position: i for i, position in enumerate(need.inputs)}
    places = {}
    for position, tensor in enumerate(node.op.inputs):
        places.setdefault(tensor, position)
    plans = []
    for body in need.bodies:
        feeds, arguments, inner_roots = [], [], {}
        loop_variables = {tensor: i for i, tensor in enumerate(body.graph.inputs)}
        for tensor in body.inputs():
            outside = outside_of(tensor)
            position = None if outside is None else places[outside]
            if position in need.by_reference:
                inner_roots[tensor] = roots[position]
                continue
            feeds.append(tensor)
            if outside is None:
                arguments.append(("loop", need.carried.index(loop_variables[tensor]), None))
            elif _is_hollow(body, tensor):
                arguments.append(("hollow", 0, (tensor.dtype, tensor._shape)))
            elif tensor.op.type == "TapeRead":
                arguments.append(("tape", index[position], _reading(body.graph, tensor, context)))
            else:
                arguments.append(("input", index[position], None))
        plan = build(body, feeds, body.fetches, inner_roots)
        plans.append(BodyPlan(body.graph, plan, arguments, body.recorded, node.type not in LOOPS))
    return plans


def is_reference(tensor):
    """Whether `tensor` names a variable, or another resource, and is not a value."""
    return tensor.dtype._is_ref_dtype or tensor.dtype.name == "resource"


def taken(node):
    """The Values that a node takes as such: not the variables that its bodies get by reference."""
    if not node.bodies:
        return list(node.inputs)
    return [v for v, position in zip(node.inputs, node.need.inputs, strict=True)
            if not node.need.hands_on(position)]


def own_variables(plan):
    """The variables that nodes of the plan itself use, or that are fetched: not only bodies do."""
    values = list(plan.fetches)
    for node in plan.nodes:
        values += taken(node)
        if not node.bodies:
            values += [w.value for w in node.writes]
    return {value.variable for value in values if value.variable is not None}


def _reading(graph, tensor, context):
    """(tensor recorded, whether nobody will read it again)."""
    tape, source = graph.reads[tensor]
    alone = context.requests[source.op.graph][source][0] == 1 and tape.op.type not in ("Captured", "LoopVariable")
    return source, alone
