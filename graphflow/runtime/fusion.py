"""Fusing elementwise nodes of a specialised plan, and reductions of them, into single native kernels.

Which nodes go together is `compiler/fuse.py`'s decision; here their programs (the text that
`kernels/cpu/elementwise.py` compiles) are joined into one. What flows between them never goes to
memory unless somebody else needs it. Fused and unfused give the same bits. Holds no state.
"""

from graphflow.compiler import fuse
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime.views import Views, cut

_PROGRAM = "elementwise.program"
_FIXED_WORDS = 5
_REDUCTIONS = {"Sum", "Mean", "Max", "Min", "Prod"}
# Can fail on integers, and must then say where.
_FALLIBLE = {"Div", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod", "Pow"}


def fuse_elementwise(spec, bound, wait, read_later=()):
    """`bound` (list of BoundNode) with groups of elementwise nodes replaced by fused ones.

    `read_later`: values that others than these steps read.
    """
    if not any(_is_elementwise(b) for b in bound):
        return bound
    kept = set(map(spec.root, (*spec.plan.fetches, *read_later)))
    views, alone = Views(spec, bound, _is_elementwise, _is_cheap, kept), set()
    while True:
        fusion = _Fusion(spec, bound, wait, views, alone, kept)
        if not fusion.refused:
            return fusion.result
        # What cannot be read or written in place is copied; those who would have are not fused otherwise.
        views.drop(fusion.refused)
        alone |= fusion.alone


class _Fusion:
    """One attempt at fusing. `result`: the steps; `refused`: steps that have to copy after all, for members
    of `alone` cannot be fused with what they read or write in place."""

    def __init__(self, spec, bound, wait, views, alone, kept):
        self._spec, self._wait, self._views, self._alone = spec, wait, views, alone
        before = _dependencies(spec, bound, views)
        groups = fuse.group(len(bound), before.__getitem__,
                            lambda i: spec.shape[bound[i].outputs[0]] if _is_elementwise(bound[i]) else None,
                            _reads(spec, bound).__getitem__)
        for positions in groups:
            if len(positions) > 1:
                for i in positions:
                    views.keep_producer(bound[i])
        self._wanted = _wanted_outside(spec, bound, groups, kept)
        self._reductions = _Reductions(spec, bound, self._wanted, kept)
        self.result, self.refused, self.alone, self._named = [], set(), set(), set()
        idle = views.steps
        for positions in groups:
            members = [bound[i] for i in positions]
            if members[0] not in idle and members[0] not in self._reductions.absorbed:
                self.result.extend(self._group(members))

    def _group(self, members):
        """The steps for the members of a group."""
        touched = self._views.touched(members)
        fused = None
        if not self._alone.intersection(members):
            fused = self._reductions.absorb(members, self._views)
            if fused is None and (len(members) > 1 or touched):
                fused = _Joined(self._spec, members, self._views).build(self._wanted)
        if fused is not None and not self._wait and not fused.native.function.ready():
            self._spec.pending.append(fused.native.function)
            self._reductions.release(fused)
            fused = None
        if fused is None:
            if touched:
                self.refused.update(touched)
                self.alone.update(members)
            return members
        # The copying steps are told of with the first step that does without them.
        names = [step for step in touched if step not in self._named]
        names += [part.producer for v, part in self._views.reads.items() if part.step in names and part.producer]
        self._named.update(names)
        fused.nodes = (*dict.fromkeys(step.node for step in names), *fused.nodes)
        return [fused]


def _is_elementwise(bound):
    if bound.native is None or getattr(_program(bound)[0], "template", None) != _PROGRAM:
        return False
    if bound.writes or len(bound.outputs) != 1 or bound.node.op_def.is_stateful:
        return False
    return not (bound.node.type in _FALLIBLE and bound.outputs[0].dtype.is_integer)


def _reads(spec, bound):
    """For each step, the arrays that it reads; None for what is not fused, or makes what a reduction may join."""
    reduced = {spec.root(v) for step in bound if step.node.type in _REDUCTIONS for v in step.inputs}
    found = []
    for step in bound:
        is_alone = not _is_elementwise(step) or not reduced.isdisjoint(step.outputs)
        found.append(None if is_alone else [spec.root(v) for v in step.inputs if spec.shape[v]])
    return found


def _is_cheap(bound):
    """Whether an elementwise step does less than bringing its result to memory and back."""
    return kernels("cpu.elementwise").cost_of(_program(bound)[0].arguments[1].split(";")) <= 2


def _program(bound):
    """(function, argument words) of a native step, whether it is divided over threads or not."""
    return kernels("cpu.pool").first_part(bound.native)


def _dependencies(spec, bound, views):
    """For each step, the positions of the steps that must run before it.

    These are: what makes its inputs; for a write, the readers of the version it replaces; and the
    last effect (write, stateful op, check) that it or anything it depends on must come after. Effects
    stay in the plan's order, so the last one stands for all before it.
    """
    position = {step.node.source: i for i, step in enumerate(bound)}
    last_effect = _last_effects(spec.plan, position)
    made, readers, previous = {}, {}, None
    before = []
    for i, step in enumerate(bound):
        last = last_effect[step.node.source]
        earlier = set() if last is None else {last}
        for value in map(spec.root, views.inputs(step)):
            if value in made:
                earlier.add(made[value])
            if value.variable is not None:
                readers.setdefault(value.variable, []).append(i)
        for write in step.writes:
            earlier.update(r for r in readers.get(write.variable, ()) if r != i)
            made[write.value] = i
        for value in step.outputs:
            made[value] = i
        if step.node.has_effects:
            if previous is not None:
                earlier.add(previous)
            previous = i
        before.append(sorted(earlier))
    return before


def _last_effects(plan, position):
    """Node -> position of the latest effect among its data and control ancestors, or None.

    Also through nodes that do not run (folded, aliases, dead): `position` has only those that do. What is
    not of this plan, which may be one stage of a larger one, has run before.
    """
    result = {}
    for node in plan.nodes:
        latest = None
        for source in (*node.controls, *(v.node for v in node.inputs if v.node is not None)):
            found = position[source] if source.has_effects and source in position else result.get(source)
            if found is not None and (latest is None or found > latest):
                latest = found
        result[node] = latest
    return result


def _wanted_outside(spec, bound, groups, kept):
    """Roots of values that somebody outside of their own group reads, or that are `kept`."""
    wanted = set(kept)
    wanted.update(v for step in bound if step.node.op in spec.plan.targets for v in step.outputs)
    for positions in groups:
        inside = {value for i in positions for value in bound[i].outputs}
        for i in positions:
            wanted.update(r for r in map(spec.root, bound[i].inputs) if r not in inside)
    return wanted


class _Reductions:
    """The reductions that may join what makes their input, where nobody else reads that.

    A reduction moves to where its input is made: it needs nothing else. `absorbed`: the steps that have.
    """

    def __init__(self, spec, bound, wanted, kept):
        self._spec, self._wanted = spec, wanted
        self.absorbed = set()
        self._kept = set(kept)
        self._kept.update(v for step in bound if step.node.op in spec.plan.targets for v in step.outputs)
        self._readers = {}
        for step in bound:
            for root in set(map(spec.root, step.inputs)):
                self._readers.setdefault(root, []).append(step)

    def absorb(self, members, views):
        """The BoundNode of elementwise members and the reduction of their only result, or None."""
        if not all(map(_is_elementwise, members)):
            return None
        results = [v for m in members for v in m.outputs if v in self._wanted]
        readers = self._readers.get(results[0], ()) if len(results) == 1 else ()
        if len(readers) != 1 or results[0] in self._kept or not _is_row_reduction(readers[0], results[0]):
            return None
        fused = _Joined(self._spec, members, views).build_reduction(results[0], readers[0])
        if fused is not None:
            self.absorbed.add(readers[0])
        return fused

    def release(self, fused):
        """A step made here is not used after all."""
        self.absorbed = {step for step in self.absorbed if step.node is not fused.node}


def _is_row_reduction(step, value):
    """Whether a step reduces `value`, as it is, by the kernel for rows."""
    if step.native is None or step.node.type not in _REDUCTIONS or step.inputs[0].dtype != value.dtype:
        return False
    return getattr(_program(step)[0], "template", None) == "reduction.rows"


class _Joined:
    """One program from the programs of several steps of one shape."""

    def __init__(self, spec, members, views):
        self._spec = spec
        self._members = members
        self._views = views
        self._computed = {}  # (producer's output, part of it) -> symbol
        self._shape = spec.shape[members[0].outputs[0]]
        self._operands = {}  # (root, dtype, shape) -> number
        self._parameters = []  # (number, dtype)
        self._steps = []  # (op, [symbol]); a symbol is ("o", n), ("p", n), ("s", n) or text
        self._made = {}  # Value -> symbol

    def build(self, wanted):
        """The fused BoundNode that stores what is `wanted`, or None if the programs cannot be joined."""
        if not all(map(self._append, self._members)):
            return None
        operands, steps, place = self._text()
        outputs, results = [], []
        for value in [v for m in self._members for v in m.outputs if v in wanted]:
            part = self._views.writes.get(value)
            whole, view = (value, ()) if part is None else (part.root, (part.view, value.dtype.name))
            if whole not in outputs:
                outputs.append(whole)
            word = kernels("registry").Out(outputs.index(whole))
            results.append((word, int(place(self._made[value])), *view))
        try:
            native = kernels("cpu.elementwise").program(
                self._shape, operands, steps, results, self._parameters, self._spec.threads)
        except ValueError:
            return None     # a part whose elements are not side by side
        return self._bound(self._members, outputs, native)

    def build_reduction(self, value, reduction):
        """The BoundNode of the members and of the reduction of what they make, or None."""
        shape = self._spec.shape[reduction.inputs[0]]
        if shape != self._shape or not all(map(self._append, self._members)):
            return None
        axes = {int(axis) % len(shape) for axis in self._spec.constants[reduction.inputs[1]].reshape(-1)}
        operands, steps, place = self._text()
        mean = reduction.node.type == "Mean"
        try:
            native = kernels("cpu.reduction").of_program(
                "Sum" if mean else reduction.node.type, value.dtype.name, shape, axes, operands, steps,
                place(self._made[value]), self._parameters, mean, self._spec.threads)
        except ValueError:
            return None
        return None if native is None else self._bound([*self._members, reduction], reduction.outputs, native)

    def _text(self):
        """The program's operands and steps, and a function from symbols to positions."""
        base = {"o": 0, "p": len(self._operands), "s": len(self._operands) + len(self._parameters)}

        def place(symbol):
            return symbol if isinstance(symbol, str) else str(base[symbol[0]] + symbol[1])

        operands = [(kernels("registry").In(i), dtype, shape) for i, (_, dtype, shape) in enumerate(self._operands)]
        steps = [" ".join([op, *map(place, arguments)]) for op, arguments in self._steps]
        return operands, steps, place

    def _bound(self, members, outputs, native):
        inputs = [root for root, _, _ in self._operands]
        return type(members[0]).fused([m.node for m in members], inputs, outputs, native)

    def _append(self, member):
        symbol = self._add(member, self._operand)
        if symbol is not None:
            self._made[member.outputs[0]] = symbol
        return symbol is not None

    def _add(self, member, operand):
        """The symbol of what a member's program computes from `operand(value, dtype, shape)`; None if one is None."""
        function, words = _program(member)
        kinds, steps, results = function.arguments[:3]
        symbols = []
        for kind, word in zip(kinds.split(","), words[_FIXED_WORDS + 1:]):
            dtype = kind.split(":")[0]
            if hasattr(word, "index"):
                symbols.append(operand(member.inputs[word.index], dtype, self._broadcast(member, word.index)))
            else:
                symbols.append(self._parameter(word.value, dtype))
        if None in symbols:
            return None
        for text in steps.split(";"):
            op, *names = text.split(" ")
            arguments = [name if name.startswith("#") else symbols[int(name)] for name in names]
            symbols.append(("s", len(self._steps)))
            self._steps.append((op, arguments))
        return symbols[int(results)]

    def _parameter(self, number, dtype):
        self._parameters.append((number, dtype))
        return "p", len(self._parameters) - 1

    def _broadcast(self, member, index):
        """Shape of an operand; Select's vector condition broadcasts along the last dimensions, not the first, and
        biases of channels that come first along those after them."""
        node, shape = member.node, self._spec.shape[member.inputs[index]]
        after = len(self._spec.shape[member.outputs[0]]) - len(shape)
        if node.type == "Select" and index == 0 and shape != ():
            return shape + (1,) * after
        if node.type == "BiasAdd" and index == 1 and node.attrs.get("data_format") == b"NCHW":
            return shape + (1,) * (after - 1)
        return shape

    def _operand(self, value, dtype, shape, part=None):
        """The symbol for an operand of a member's program, which has a shape there; for `part` of it, if given."""
        constant = self._spec.constants.get(value)
        if constant is not None and constant.ndim == 0 and constant.dtype.kind == "f":
            return self._parameter(float(constant), dtype)
        root = self._spec.root(value)
        if root in self._views.reads and part is None:
            return self._part(self._views.reads[root], dtype) if shape == self._spec.shape[value] else None
        if root in self._made:
            # Read through an alias of another shape, a value is not the element that was made.
            return self._made[root] if self._spec.shape[value] == self._shape and part is None else None
        key = (root, dtype, shape if part is None else cut(shape, part.begins, part.sizes))
        return "o", self._operands.setdefault(key, len(self._operands))

    def _part(self, part, dtype):
        """The symbol for a part of a value: read in place, or computed here."""
        if part.producer is None:
            if part.root in self._made:
                return None
            return "o", self._operands.setdefault((part.root, dtype, part.view), len(self._operands))
        key = part.producer, part.view
        if key not in self._computed:
            self._computed[key] = self._add(
                part.producer, lambda value, dtype, shape: self._operand(value, dtype, shape, part))
        return self._computed[key]
