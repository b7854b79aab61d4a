"""Stages: a plan divided where only a run can tell shapes, so that all the rest can still run as compiled plans.

An op that may wait (a dequeue, a user's function) is a stage by itself. The nodes around it are gathered
into plans of their own, one for each set of waiting ops that they come after; what such a plan needs from
other stages is fed to it, so that it is specialised to the shapes that a dequeue gave. So is what comes after
ops whose shapes depend on values (a mask, a slice from a position that is computed): these end a stage.
Constants and the handles of resources belong to no stage: they are repeated in each that uses them.

Holds no state and runs nothing; `runtime/staged.py` does.
"""

from graphflow.compiler.bodies import taken
from graphflow.compiler.plan import Plan

# Running one stage more takes 20 us, about as long as this many nodes by their reference kernels.
_WORTH_DIVIDING = 2
# What moves no data is no reason.
_VIEWS = {"Identity", "Reshape", "ExpandDims", "Squeeze", "Shape", "Size", "Rank", "StopGradient"}


class Stage:
    """One op that may wait, or a plan of nodes that run together.

    Attributes: number; node: the op, or None. plan: the Plan, or None. inputs, outputs: Values taken from
    and given to others. before: the stages that must have run.
    """

    __slots__ = ("number", "node", "plan", "inputs", "outputs", "before")

    def __init__(self, number, node, before):
        self.number = number
        self.node = node
        self.plan = None
        self.inputs = [] if node is None else taken(node)
        self.outputs = [] if node is None else [*(w.value for w in node.writes), *node.outputs]
        self.before = before


def divide(plan):
    """(stages, ahead) for `plan`: the list of stages in an order in which they can start, and the nodes
    whose values never change, to be computed before the first run."""
    links = _Links(plan)
    try:
        return _Division(links).stages, links.ahead
    except _NoStages:
        return _single(links), links.behind([v for node in links.nodes for v in node.inputs] + plan.fetches)


def divide_by_shapes(shaped):
    """`divide` for a plan in which nothing waits, after the nodes whose shapes depend on values.

    `shaped`: its ShapedPlan. None if few nodes follow them, or variables change in between.
    """
    live = {node.source for node in shaped.nodes}
    unknown = [node for node in shaped.plan.nodes if node in live and _depends_on_values(shaped, node.outputs)]
    ends = {node for node in unknown if not _depends_on_values(shaped, node.inputs)}
    follow = sum(node not in ends and node.type not in _VIEWS for node in unknown)
    if follow < _WORTH_DIVIDING or not all(map(_can_end, ends)):
        return None
    links = _Links(shaped.plan)
    try:
        stages = _Division(links, ends).stages
    except _NoStages:
        return None
    return (stages, links.ahead) if len(stages) > 1 else None       # one: constants alone have such shapes


def _depends_on_values(shaped, values):
    return any(shaped.shape.get(v, ()) is None and _is_array(v) for v in values)


def _can_end(node):
    """Whether what a node makes can be fed to another plan."""
    return not node.writes and all(map(_is_array, node.outputs))


def _is_array(value):
    """Whether a value is more to another plan than a handle, or a tape, of which that knows nothing."""
    return value.dtype.name not in ("variant", "resource")


def makes_handle(node):
    """Whether a node only makes the handle of a resource of the session (a queue, a reader)."""
    outputs = node.op.outputs
    return (not node.inputs and len(outputs) == 1 and node.op_def.is_stateful and not node.blocking
            and (outputs[0].dtype._is_ref_dtype or outputs[0].dtype.name == "resource"))


def _can_move(node):
    """Whether nobody can tell when it runs, other than by what it makes.

    So it is with TensorArrays' ops: their order is in what flows from one to the next.
    """
    return not node.has_effects or node.type.startswith("TensorArray")


class _NoStages(Exception):
    """A variable would change between the stages that use it, stages would wait for each other, or one would be fed
    with what it knows nothing of."""


class _Links:
    """Who makes a plan's values and what its nodes wait for.

    Attributes: plan; floating: nodes that are constant or handles; nodes: the others that run, in order;
    ahead: the floating nodes that waiting ops need, or the caller; maker: Value -> its node.
    """

    def __init__(self, plan):
        self.plan = plan
        running = [node for node in plan.nodes if node not in plan.dead]
        self.maker = {v: node for node in running for v in (*node.outputs, *(w.value for w in node.writes))}
        self._members = set(plan.nodes)     # a plan may itself be a stage, fed with what others make
        self._fed = set(plan.feeds)
        self.floating = {}
        for node in running:
            if makes_handle(node) or self._is_constant(node):
                self.floating[node] = None
        self.nodes = [node for node in running if node not in self.floating]
        waiting = [v for node in self.nodes if node.blocking for v in taken(node)]
        self.ahead = self.behind([*waiting, *plan.fetches])
        self._sources = {}

    def _is_constant(self, node):
        """Whether what it makes serves all runs. Bodies do not: readers use up the tapes that they make."""
        if node.bodies or node.has_effects or node.op in self.plan.targets or not (node.inputs or node.type == "Const"):
            return False
        return all(self.maker.get(v) in self.floating for v in node.inputs)

    def behind(self, values):
        """The floating nodes that `values` need, in plan order."""
        needed, stack = set(), list(values)
        while stack:
            node = self.maker.get(stack.pop())
            if node in self.floating and node not in needed:
                needed.add(node)
                stack.extend(node.inputs)
        return [node for node in self.floating if node in needed]

    def sources(self, node):
        """The nodes that `node` waits for; instead of dead and floating ones, what these wait for."""
        found = self._sources.get(node)
        if found is None:
            found, stack, seen = [], [node], set()
            while stack:
                at = stack.pop()
                made_here = [self.maker.get(v, v.node) for v in at.inputs if v not in self._fed]
                for source in (*made_here, *at.controls):
                    if source in seen or source not in self._members:
                        continue
                    seen.add(source)
                    if source in self.plan.dead or source in self.floating:
                        stack.append(source)
                    else:
                        found.append(source)
            self._sources[node] = found
        return found


def _single(links):
    """Every node as a stage of its own: always possible, and slow."""
    stages = {}
    for node in links.nodes:
        stages[node] = Stage(len(stages), node, [stages[source] for source in links.sources(node)])
    return list(stages.values())


class _Division:
    """The stages of one plan; a stage's key is its waiting op, or the bit set of those it comes after.

    The nodes `ends` have one bit together.
    """

    def __init__(self, links, ends=()):
        self.links = links
        self.ends = ends
        self.key = self._sink(self._masks())
        self.members = {}  # key -> nodes in plan order
        for node in links.nodes:
            self.members.setdefault(self.key[node], []).append(node)
        self.before = {key: {self.key[s] for node in nodes for s in links.sources(node)} - {key}
                       for key, nodes in self.members.items()}
        self.loose = self._loose_variables()
        self._order_writes()
        self._check_versions()
        self.asked = self._asked()
        if ends and not all(map(_is_array, self.asked)):
            raise _NoStages
        stages = {}
        for key in self._sorted():
            stage = stages[key] = Stage(len(stages), None if isinstance(key, int) else key,
                                        [stages[k] for k in self.before[key]])
            if stage.node is None:
                self._gather(stage, key)
        self.stages = list(stages.values())

    def _masks(self):
        """Node -> the waiting ops that it comes after, as a bit set."""
        masks, bits = {}, dict.fromkeys(self.ends, 1)
        for node in self.links.nodes:
            mask = 0
            for source in self.links.sources(node):
                mask |= masks[source] | bits.get(source, 0)
            masks[node] = mask
            if node.blocking:
                bits[node] = 1 << len(bits)
        return masks

    def _sink(self, masks):
        """Node -> key of its stage: a node that can moves to the stage that alone uses it.

        Nobody waits for it elsewhere, and what it makes need not be copied from stage to stage.
        """
        keys, users = {}, {}
        fixed = set(self.links.plan.fetches)
        for node in reversed(self.links.nodes):
            key = node if node.blocking else masks[node]
            used_by = users.get(node, ())
            if (len(used_by) == 1 and _can_move(node) and node.op not in self.links.plan.targets
                    and node not in self.ends and fixed.isdisjoint(node.outputs)):
                (user,) = used_by
                key = user if isinstance(user, int) else key
            keys[node] = key
            for source in self.links.sources(node):
                users.setdefault(source, set()).add(key)
        return keys

    def _loose_variables(self):
        """Variables' values that a waiting op or the caller gets as they are: the first stage gives them."""
        wanted = [v for node in self.links.nodes if node.blocking for v in taken(node)]
        loose = [v for v in dict.fromkeys([*wanted, *self.links.plan.fetches])
                 if v.variable is not None and v not in self.links.maker]
        if loose:
            self.members.setdefault(0, [])
            self.before.setdefault(0, set())
            for key in self.members:
                if not isinstance(key, int) and not set(loose).isdisjoint(taken(key)):
                    self.before[key].add(0)
        return loose

    def _order_writes(self):
        """A stage that overwrites a variable waits for those that read it."""
        readers = {}
        for node in self.links.nodes:
            for value in node.inputs:
                if value.variable is not None:
                    readers.setdefault(value, []).append(node)
        for node in self.links.nodes:
            for write in node.writes:
                for value in node.inputs:
                    if value.variable is not write.variable:
                        continue
                    keys = {0 if value in self.loose and r.blocking else self.key[r] for r in readers[value]}
                    if value in self.loose and self.key[node] == 0:
                        raise _NoStages
                    self.before[self.key[node]] |= keys - {self.key[node]}

    def _check_versions(self):
        """Each stage must find in the variables' storage the versions that it reads."""
        for key, nodes in self.members.items():
            written = {w.value for node in nodes for w in node.writes}
            for value in {v for node in nodes for v in (taken(node) if node.blocking else node.inputs)}:
                if value.variable is not None and value is not value.variable.start and (
                        value not in written or not isinstance(key, int)):
                    raise _NoStages

    def _asked(self):
        """Values that leave the stage that makes them."""
        asked = set(self.links.plan.fetches)
        for node, key in self.key.items():
            for value in taken(node):
                maker = self.links.maker.get(value)
                if maker in self.key and self.key[maker] != key:
                    asked.add(value)
        return asked

    def _sorted(self):
        """The keys, each after those in `before`."""
        order, done, waiting = [], set(), list(self.members)
        while waiting:
            ready = [key for key in waiting if self.before[key] <= done]
            if not ready:
                raise _NoStages
            order += ready
            done.update(ready)
            waiting = [key for key in waiting if key not in done]
        return order

    def _gather(self, stage, key):
        """Fills in the plan, the inputs and the outputs of a stage of several nodes."""
        links, own = self.links, self.members[key]
        nodes = links.behind([v for node in own for v in node.inputs]) + own
        made = {v for node in nodes for v in (*node.outputs, *(w.value for w in node.writes))}
        read = dict.fromkeys(v for node in own for v in node.inputs)
        stage.inputs = [v for v in read if v not in made and v.variable is None]
        stage.outputs = [v for node in own for v in (*node.outputs, *(w.value for w in node.writes))
                         if v in self.asked]
        if key == 0:
            stage.outputs += self.loose
        touched = {v.variable for v in (*read, *stage.outputs)} | {w.variable for node in own for w in node.writes}
        if links.plan.dead:  # through them nodes wait for others
            members = links.plan.dead.union(nodes)
            nodes = [node for node in links.plan.nodes if node in members]
        stage.plan = Plan(nodes, stage.inputs, stage.outputs, [v for v in links.plan.variables if v in touched],
                          links.plan.targets)
        stage.plan.dead = links.plan.dead
