"""Order effects: turns variables into versions and fixes the order of execution.

The rule (a promise to users): each consumer of a variable sees the last write among its own data and
control ancestors, else the value at the step's start; unordered writes run in creation order;
fetching a variable gives its value at the step's end. A write may reuse the memory of the version
before when all readers of that version come earlier; the order is chosen so that they do, and where
that is impossible the write goes to fresh memory.

Holds no state beyond one call.
"""

import heapq

from graphflow.compiler import bodies
from graphflow.compiler.plan import Node, Plan, Value, Variable, Write
from graphflow.framework import errors
from graphflow.framework.func_graph import INPUTS

# Ops that declare a variable, and those that hand a variable on under another name.
_DECLARATIONS = ("VariableV2", "Variable", "VarHandleOp")
_ALIASES = ("Identity", "RefIdentity")


def build_plan(operations, feeds, fetches, targets, needs, context, constants=None, roots=None):
    """The Plan that runs `operations` (a set) to get `fetches` from `feeds` (lists of Tensors).

    `targets` are the operations among them that the caller asked for, `needs` the Needs of those that
    have bodies. For a body, `constants` and `roots` say what captured tensors stand for: {tensor: Const
    operation}, {tensor: operation that declares the variable}.
    """
    return _Builder(operations, feeds, needs, context, constants or {}, roots or {}).build(fetches, targets)


def variable_key(op):
    """Identity of a variable's storage in a session: (container, shared name)."""
    shared = op.attrs.get("shared_name", b"").decode() or op.name
    return op.attrs.get("container", b"").decode(), shared


def declaration(tensor):
    """The operation that declares the variable which a reference or handle names, or None."""
    if not bodies.is_reference(tensor):
        return None
    while tensor.op.type not in _DECLARATIONS:
        op = tensor.op
        if not op.inputs:
            return None
        tensor = op.inputs[op.op_def.writes[0] if op.op_def.writes else 0]
    return tensor.op


class _Builder:
    def __init__(self, operations, feeds, needs, context, constants, roots):
        self.needs = needs
        self.context = context
        self.constants = constants
        self.outer_roots = roots
        self.feed_values = {t: Value(t.dtype.base_dtype, t._shape, t.name) for t in feeds}
        self.order = _creation_order(operations)
        self.roots = {}  # Tensor -> declaring Operation, for refs, handles and their aliases
        self.variables = {}  # declaring Operation -> Variable
        self.by_key = {}  # storage key -> Variable
        self.values = {}  # Tensor -> Value
        self.reads = {}  # Operation -> {input position: declaring Operation}
        self.writers = {}  # declaring Operation -> writing Operations, in order

    def build(self, fetches, targets):
        self._find_variables()
        versions = self._versions_read() if self.writers else None
        order, fresh = (self.order, ()) if versions is None else _schedule(self, versions)
        nodes = self._make_nodes(order, versions, fresh)
        results = [self._fetched(tensor) for tensor in fetches]
        return Plan(nodes, list(self.feed_values.values()), results, list(self.by_key.values()), targets)

    def _find_variables(self):
        """Resolves every ref, handle and alias to its variable; collects the writers."""
        for op in self.order:
            if op.type in _DECLARATIONS:
                self._declare(op)
                self.roots[op.outputs[0]] = op
                continue
            if op.type in INPUTS:
                root = self.outer_roots.get(op.outputs[0])
                if root is not None:
                    self._declare(root)
                    self.roots[op.outputs[0]] = root
                continue
            touched = {}
            for i in self._inputs_read(op):
                tensor = op.inputs[i]
                root = None if tensor in self.feed_values else self.roots.get(tensor)
                if root is not None:
                    touched[i] = root
            if not touched:
                continue
            self.reads[op] = touched
            if op.type in _ALIASES and 0 in touched:
                self.roots[op.outputs[0]] = touched[0]
            for i in self._writes(op):
                if i in touched:
                    self.writers.setdefault(touched[i], []).append(op)
            self._bind_ref_outputs(op, touched)
            if op in self.needs:
                self._hand_on(op, touched)

    def _hand_on(self, op, touched):
        """Notes which inputs of `op` are variables for its bodies: also read ones (`v/read`) that these write."""
        written = {self.variables[touched[i]] for i in self._writes(op) if i in touched}
        self.needs[op].by_reference = frozenset(
            i for i, root in touched.items() if bodies.is_reference(op.inputs[i]) or self.variables[root] in written)

    def _inputs_read(self, op):
        return self.needs[op].inputs if op in self.needs else range(len(op.inputs))

    def _writes(self, op):
        """Positions of the inputs that `op` writes."""
        return self.needs[op].writes if op in self.needs else op.op_def.writes

    def _declare(self, op):
        key = variable_key(op)
        if key not in self.by_key:
            dtype = op.attrs["dtype"]
            start = Value(dtype, op.attrs["shape"], f"{op.name}:0")
            variable = self.by_key[key] = Variable(key, op, start)
            start.variable = variable
        variable = self.by_key[key]
        if variable.start.dtype != op.attrs["dtype"]:
            raise errors.InvalidArgumentError(
                op.node_def, op,
                f"Variable '{op.name}' of dtype {op.attrs['dtype'].name} shares the storage {key[1]!r} with "
                f"'{variable.op.name}' of dtype {variable.start.dtype.name}")
        self.variables[op] = variable

    def _bind_ref_outputs(self, op, touched):
        for tensor in op.outputs:
            if tensor.dtype._is_ref_dtype:
                source = op.op_def.writes[0] if op.op_def.writes else 0
                if source in touched:
                    self.roots[tensor] = touched[source]

    def _versions_read(self):
        """For each op and variable input, how many writes of that variable it sees.

        Writes that an op depends on travel along edges as bit sets.
        """
        rank, order_of = {}, {}
        for root, ops in self._writers_by_storage().items():
            for position, op in enumerate(ops):
                rank[(root, op)] = position + 1
                order_of.setdefault(op, len(order_of))
        seen, versions = {}, {}
        for op in self.order:
            mask = 0
            for tensor in op.inputs:
                mask |= seen.get(tensor.op, 0) if tensor not in self.feed_values else 0
            for control in op._control_inputs:
                mask |= seen.get(control, 0)
            if op in self.reads:
                versions[op] = self._visible(op, mask, order_of, rank)
            seen[op] = mask | (1 << order_of[op]) if op in order_of else mask
        return versions

    def _writers_by_storage(self):
        """Variable -> its writing ops in order (two declarations may share one storage)."""
        merged = {}
        position = {op: i for i, op in enumerate(self.order)}
        for root, ops in self.writers.items():
            merged.setdefault(self.variables[root], set()).update(ops)
        self.storage_writers = {v: sorted(ops, key=position.get) for v, ops in merged.items()}
        return self.storage_writers

    def _visible(self, op, mask, bit_of, rank):
        result = {}
        for i, root in self.reads[op].items():
            variable = self.variables[root]
            if (variable, op) in rank and (i in self._writes(op) or self._hands_on(op, i)):
                # A write follows the write before it, whether ordered by the user or not.
                result[i] = rank[(variable, op)] - 1
                continue
            writers = self.storage_writers.get(variable, ())
            result[i] = max((rank[(variable, w)] for w in writers if mask >> bit_of[w] & 1), default=0)
        return result

    def _make_nodes(self, order, versions, fresh):
        nodes, stand_ins = [], {}
        history = {variable: [variable.start] for variable in self.by_key.values()}
        for op in order:
            touched = self.reads.get(op, {})
            controls = [node for c in op._control_inputs for node in stand_ins.get(c, ())]
            if op.type in _DECLARATIONS or (op.type in _ALIASES and 0 in touched):
                # No node of its own: what waits for it waits for what it waits for.
                stand_ins[op] = controls + [n for t in op.inputs for n in stand_ins.get(t.op, ())]
                continue
            if op.type in INPUTS and op.outputs[0] not in self.constants:
                continue
            node = Node(self.constants.get(op.outputs[0], op) if op.outputs else op, [])
            node.controls = tuple(dict.fromkeys(controls))
            stand_ins[op] = (node,)
            for i in self._inputs_read(op) if op.type not in INPUTS else ():
                tensor = op.inputs[i]
                root = touched.get(i)
                if root is None:
                    node.inputs.append(self._value(tensor))
                    continue
                variable = self.variables[root]
                version = versions[op][i] if versions else 0
                node.inputs.append(history[variable][version])
                if version == 0 and not op.op_def.accepts_uninitialized and not self._hands_on(op, i):
                    variable.must_exist = True
            self._add_writes(node, touched, history, fresh)
            if op in self.needs:
                self._add_bodies(node, touched)
            for tensor in op.outputs:
                if tensor not in self.roots and (node.need is None or tensor.value_index in node.need.outputs):
                    index = len(node.outputs) if node.need is None else tensor.value_index
                    value = Value(tensor.dtype.base_dtype, tensor._shape, tensor.name, node, index)
                    self.values[tensor] = value
                    node.outputs.append(value)
            nodes.append(node)
        return nodes

    def _hands_on(self, op, i):
        """Whether `op` only gives its bodies, or functions, the variable that is its input `i`, without reading it."""
        if op in self.needs:
            return self.needs[op].hands_on(i)
        tensor = op.inputs[i]
        return tensor.dtype.name == "resource" and any(a.kind == "func" for a in op.op_def.attrs.values())

    def _add_bodies(self, node, touched):
        """The plans of the bodies of a node's operation."""
        node.need = self.needs[node.op]
        node.bodies = bodies.lower_bodies(
            node, node.need, touched, self.context,
            lambda body, feeds, fetches, roots: build_plan(
                body.operations, feeds, fetches, (), body.needs, self.context, body.constants, roots))

    def _add_writes(self, node, touched, history, fresh):
        for i in self._writes(node.op):
            if i not in touched:
                continue
            variable = self.variables[touched[i]]
            versions = history[variable]
            value = Value(variable.start.dtype, variable.start.shape,
                          f"{variable.op.name}:0@{len(versions)}", node, 0, variable)
            versions.append(value)
            variable.last = value
            node.writes.append(Write(variable, value, (node.op, variable) not in fresh))

    def _value(self, tensor):
        if tensor in self.feed_values:
            return self.feed_values[tensor]
        return self.values[tensor]

    def _fetched(self, tensor):
        if tensor in self.feed_values:
            return self.feed_values[tensor]
        root = self.roots.get(tensor)
        if root is None:
            return self.values[tensor]
        variable = self.variables[root]
        if variable.last is variable.start:
            variable.must_exist = True
        return variable.last


def _creation_order(operations):
    """Operations sorted so that inputs come first; by creation wherever there is a choice.

    Creation order itself is valid unless control inputs were added later.
    """
    order = sorted(operations, key=lambda op: op._id)
    for op in order:
        for control in op._control_inputs:
            if control._id > op._id:
                return _topological(order, lambda op: [*(t.op for t in op.inputs), *op._control_inputs])
    return order


def _topological(order, sources):
    """Kahn's algorithm with creation order as priority. Raises ValueError on a cycle."""
    members = set(order)
    waiting, users = {}, {}
    for op in order:
        before = {source for source in sources(op) if source in members}
        waiting[op] = len(before)
        for source in before:
            users.setdefault(source, []).append(op)
    ready = [(op._id, op) for op in order if not waiting[op]]
    heapq.heapify(ready)
    result = []
    while ready:
        _, op = heapq.heappop(ready)
        result.append(op)
        for user in users.get(op, ()):
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, (user._id, user))
    if len(result) != len(order):
        stuck = next(op for op in order if waiting[op])
        raise ValueError(f"The graph has a cycle through operation {stuck.name!r}")
    return result


def _schedule(builder, versions):
    """Execution order in which writes wait for the readers of the version they replace.

    Returns (order, fresh): `fresh` holds the (writing op, Variable) pairs that could not wait.
    """
    readers = {}
    for op, seen in versions.items():
        for i, version in seen.items():
            variable = builder.variables[builder.reads[op][i]]
            handed_on = op in builder.storage_writers.get(variable, ()) and builder._hands_on(op, i)
            if i not in builder._writes(op) and op.type not in _ALIASES and not handed_on:
                readers.setdefault((variable, version), []).append(op)
    waits, overlapping = {}, set()  # waits: writing op -> {reader: variables}
    for variable, ops in builder.storage_writers.items():
        for version, op in enumerate(ops):
            for reader in readers.get((variable, version), ()):
                if reader is not op:
                    waits.setdefault(op, {}).setdefault(reader, set()).add(variable)
                else:
                    # It reads elsewhere what it overwrites: `scatter_update(v, i, v)`.
                    overlapping.add((op, variable))
            if version:
                waits.setdefault(op, {}).setdefault(ops[version - 1], set())
    order, fresh = _kahn_with_waits(builder.order, waits)
    return order, fresh | overlapping


def _kahn_with_waits(order, waits):
    members = set(order)
    firm, soft, users = {}, {}, {}
    for op in order:
        before = {t.op for t in op.inputs if t.op in members} | {c for c in op._control_inputs if c in members}
        chained = {w for w, variables in waits.get(op, {}).items() if not variables}
        before |= chained
        firm[op] = len(before)
        soft[op] = {w: v for w, v in waits.get(op, {}).items() if v and w not in before}
        for source in (*before, *soft[op]):
            users.setdefault(source, []).append(op)
    done, result, fresh = set(), [], set()
    ready = [(op._id, op) for op in order if not firm[op] and not soft[op]]
    heapq.heapify(ready)
    while len(result) < len(order):
        if not ready:
            op = next((o for o in order if o not in done and not firm[o]), None)
            if op is None:
                raise ValueError("The graph has a cycle through its control dependencies")
            fresh |= {(op, variable) for variables in soft[op].values() for variable in variables}
            soft[op] = {}
            heapq.heappush(ready, (op._id, op))
        _, op = heapq.heappop(ready)
        if op in done:
            continue
        done.add(op)
        result.append(op)
        for user in users.get(op, ()):
            if op in soft[user]:
                del soft[user][op]
            else:
                firm[user] -= 1
            if not firm[user] and not soft[user] and user not in done:
                heapq.heappush(ready, (user._id, user))
    return result, fresh
