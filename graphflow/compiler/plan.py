"""The plan: what one `Session.run` executes, as nodes in execution order over single-assignment values.

A plan is a pruned copy of a graph. Variables appear as *versions*: every write makes a new Value, so
passes see plain dataflow. Holds no kernels and no memory; executors bind those.
"""

# Pure ops that are there to fail.
CHECKS = {"CheckNumerics", "EnsureShape"}


class Value:
    """One value of a run: made by one node (or fed), never changed.

    Attributes:
      dtype: DType (never a ref). shape: static shape tuple or None. node: the Node that makes it, or
      None if fed. index: which output of the node. name: for people. variable: the Variable whose
      version this is, or None.
    """

    __slots__ = ("dtype", "shape", "node", "index", "name", "variable")

    def __init__(self, dtype, shape, name, node=None, index=0, variable=None):
        self.dtype = dtype
        self.shape = shape
        self.name = name
        self.node = node
        self.index = index
        self.variable = variable

    def __repr__(self):
        return f"<Value {self.name} {self.dtype.name} {self.shape}>"


class Variable:
    """A variable that the plan touches.

    Attributes:
      key: identity of its storage in the session. op: the operation that declares it. start: its
      value when the step starts. last: its value when the step ends. must_exist: whether the step
      reads `start`, so that it must have been initialised.
    """

    __slots__ = ("key", "op", "start", "last", "must_exist")

    def __init__(self, key, op, start):
        self.key = key
        self.op = op
        self.start = start
        self.last = start
        self.must_exist = False

    @property
    def numpy_dtype(self):
        """dtype of the arrays in its storage."""
        return self.start.dtype.as_numpy_dtype


class Write:
    """One variable written by a node.

    Attributes: variable; value: the version made; in_place: whether every reader of the version
    before has run by then, so that its memory may be reused.
    """

    __slots__ = ("variable", "value", "in_place")

    def __init__(self, variable, value, in_place):
        self.variable = variable
        self.value = value
        self.in_place = in_place


class Node:
    """One operation of the plan.

    Attributes: op (the graph's Operation, for names, lines and devices), op_def, attrs, inputs and
    outputs (Values), writes (list of Write, in the order of the op's written inputs), controls (Nodes
    that the user had run before it), source (the Node that it stands for, mostly itself), bodies (list of
    BodyPlan), need (what `compiler/bodies.py` found out about an operation with bodies, else None).
    """

    __slots__ = ("op", "op_def", "attrs", "inputs", "outputs", "writes", "controls", "source", "bodies", "need")

    def __init__(self, op, inputs):
        self.op = op
        self.op_def = op.op_def
        self.attrs = op.attrs
        self.inputs = inputs
        self.outputs = []
        self.writes = []
        self.controls = ()
        self.source = self
        self.bodies = ()
        self.need = None

    def rewritten(self, inputs, op_def=None, attrs=None):
        """A node that makes the same values from other inputs, or as another op; this one stays as it is."""
        node = Node(self.op, inputs)
        node.op_def = op_def or self.op_def
        node.attrs = self.attrs if attrs is None else attrs
        node.outputs, node.writes, node.controls, node.source = self.outputs, self.writes, self.controls, self.source
        node.bodies, node.need = self.bodies, self.need
        return node

    @property
    def type(self):
        """Op type."""
        return self.op_def.name

    @property
    def name(self):
        """Name of the operation."""
        return self.op.name

    @property
    def blocking(self):
        """Whether it may wait for other runs, or runs code of the user."""
        return self.op_def.blocking if self.need is None else self.need.blocking

    @property
    def first_loop_variable(self):
        """Of a loop: the position of its first variable among its operation's inputs."""
        return self.op.attrs["N"] if self.type == "WhileGrad" else 0

    @property
    def has_effects(self):
        """Whether anybody can tell that, and when, it ran, other than by its outputs."""
        op_def = self.op_def
        if self.need is not None:
            return self.need.has_effects
        return bool(self.writes) or op_def.is_stateful or self.blocking or op_def.name in CHECKS

    def __repr__(self):
        return f"<Node {self.name} {self.type}>"


class BodyPlan:
    """A body of a node, and where its plan's feeds come from.

    Attributes: graph: the FuncGraph. plan. arguments: per feed, ("input", i, None): the node's input i;
    ("loop", i, None): the loop's variable i of those that take part; ("tape", i, (tensor, last)): what
    was recorded for `tensor` on the tape that is the node's input i, `last` if nobody reads it again;
    ("hollow", 0, (dtype, shape)): anything of this shape. recorded: (tensor, whether more than its shape is
    read, or of a TensorArray more than its size and arrays of gradients) for what goes to the node's own tape: the
    plan's last fetches. is_branch: whether it is one of a conditional.
    """

    __slots__ = ("graph", "plan", "arguments", "recorded", "is_branch")

    def __init__(self, graph, plan, arguments, recorded, is_branch):
        self.graph = graph
        self.is_branch = is_branch
        self.plan = plan
        self.arguments = arguments
        self.recorded = recorded


class Plan:
    """What to run.

    Attributes: nodes in execution order; feeds: Values given by the caller; fetches: Values
    returned; variables: list of Variable; targets: Operations that the caller asked for; dead: nodes
    that need not run (they stay, because what waits for them waits for what they wait for).
    """

    __slots__ = ("nodes", "feeds", "fetches", "variables", "targets", "dead")

    def __init__(self, nodes, feeds, fetches, variables, targets=()):
        self.nodes = nodes
        self.feeds = feeds
        self.fetches = fetches
        self.variables = variables
        self.targets = frozenset(targets)
        self.dead = frozenset()

    def is_specializable(self, own):
        """Whether shapes can be found before it runs; `own`: the variables that its own nodes use."""
        for node in self.nodes:
            if any(not w.in_place for w in node.writes) or node.blocking and node not in self.dead:
                return False
            if node.type == "Assign" and not node.attrs["validate_shape"]:
                return False  # may give its variable another shape
        if not self._reshaped_by_bodies().isdisjoint(v.key for v in own):
            return False
        return all(v.must_exist for v in self.variables if v in own)

    def _reshaped_by_bodies(self):
        """The keys of variables to which bodies, at any depth, may give another shape."""
        found, waiting = set(), [body.plan for node in self.nodes for body in node.bodies]
        while waiting:
            for node in waiting.pop().nodes:
                waiting += [body.plan for body in node.bodies]
                if node.type == "Assign" and not node.attrs["validate_shape"]:
                    found.update(w.variable.key for w in node.writes)
        return found

    def __str__(self):
        lines = [f"feed   {value.name}" for value in self.feeds]
        for node in self.nodes:
            made = ", ".join(v.name for v in node.outputs) or "-"
            read = ", ".join(v.name for v in node.inputs)
            wrote = "".join(
                f"  writes {w.variable.op.name}{' in place' if w.in_place else ''}" for w in node.writes
            )
            lines.append(f"{made} = {node.type}({read}){wrote}")
        lines += [f"fetch  {value.name}" for value in self.fetches]
        return "\n".join(lines)
