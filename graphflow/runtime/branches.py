"""Conditionals all of whose branches are native: single steps of the tape around them.

`lower` finds them in a plan that is being specialised. Such a step reads what its branches read and makes what they
make, also what they record for gradients: the parts of its tape (`tapes.py`) are values of the plan like others. In
a frame it has a frame for each branch (`PlacedBranches`), whose pointers native code sets when it has chosen.
Conditionals that write into or read TensorArrays stay with `control.py`, and so does what these share a tape with.
Holds no state.
"""

import numpy as np

from graphflow.compiler.bodies import LOOPS
from graphflow.compiler.plan import Value
from graphflow.framework import dtypes, shapes
from graphflow.framework.kernel_loader import kernels

_SELECTORS = (dtypes.bool, dtypes.int32)


class _Refused(Exception):
    """A conditional can't be a native step."""


class Branch:
    """One branch of a native conditional.

    Attributes: spec: its Specialization. inputs: {Value or Variable it reads: number of the step's input}. results:
    list of (Value it makes, number among what the step writes and makes).
    """

    __slots__ = ("spec", "inputs", "results")

    def __init__(self, spec, inputs, results):
        self.spec = spec
        self.inputs = inputs
        self.results = results


def lower(spec, bound, wait):
    """`bound`, steps of a Specialization in the making, with native ones for the conditionals that allow it."""
    candidates = {b.node for b in bound if _is_candidate(spec, b.node)}
    if not candidates:
        return bound
    function = kernels("cpu.branches").function()
    if not wait and not function.ready():
        spec.pending.append(function)
        return bound
    found, refused = _attempt(spec, bound, candidates)
    while refused:
        candidates -= refused
        found, refused = _attempt(spec, bound, candidates)
    for step in found.values():
        step.commit()
    return [found[b.node].bound(type(b)) if b.node in found else b for b in bound]


def _is_candidate(spec, node):
    specs = spec.bodies.get(node.op)
    if not node.bodies or node.type in LOOPS or specs is None or node.inputs[0].dtype not in _SELECTORS:
        return False
    return spec.shape[node.inputs[0]] == () and all(one.is_native() and not one.arrays for one in specs)


def _attempt(spec, bound, candidates):
    """({node: _Lowered} of those that can be native if all are, the nodes that can't)."""
    found, parts = {}, {}
    readers = {}
    for step in bound:
        for value in step.inputs:
            readers.setdefault(spec.root(value), set()).add(step.node)
    for step in bound:
        if step.node not in candidates:
            continue
        try:
            lowered = found[step.node] = _Lowered(spec, step.node, parts)
        except _Refused:
            return found, {step.node}
        for tape, made in lowered.tapes.items():
            if not readers.get(tape, set()) <= candidates:
                return found, {step.node}
            parts[tape] = made
    return found, set()


class _Lowered:
    """A conditional as a native step.

    Attribute: tapes: {its tape: {path: (Value, whether more than its shape is read)}}.

    Raises _Refused if that can't be. Args: parts: `tapes` of the conditionals before.
    """

    def __init__(self, spec, node, parts):
        self._spec, self._node, self._parts = spec, node, parts
        self._inputs, self._outputs, self._shapes = [], [], {}
        self._variables = []
        self.tapes = {}
        self._number(node.inputs[0])
        writes = len(node.writes)
        self._branches = [Branch(one, self._read(body, one), [])
                          for body, one in zip(node.bodies, spec.bodies[node.op], strict=True)]
        for value in node.outputs:
            if value.index == len(node.op.outputs) - 1:
                self.tapes[value] = self._tape()
                continue
            self._check(value, spec.shape[value])
            self._outputs.append(value)
            for body, branch in zip(node.bodies, self._branches):
                fetch = body.plan.fetches[node.need.outputs.index(value.index)]
                branch.results.append((fetch, writes + len(self._outputs) - 1))

    @staticmethod
    def _check(value, shape):
        if not shapes.is_full(shape) or np.dtype(value.dtype.as_numpy_dtype).hasobject:
            raise _Refused

    def _number(self, value):
        """The number of an input."""
        for number, known in enumerate(self._inputs):
            if known is value:
                return number
        self._inputs.append(value)
        return len(self._inputs) - 1

    def _read(self, body, one):
        """{what a branch reads: number of the input}."""
        used = {one.root(v) for step in one.nodes for v in step.inputs} | set(map(one.root, body.plan.fetches))
        result = {}
        for feed, (kind, index, reading) in zip(body.plan.feeds, body.arguments, strict=True):
            path = (reading[0],) if kind == "tape" else ()
            if feed in one.tapes:
                for inner, (part, _) in one.tapes[feed].items():
                    result[part] = self._number(self._part(self._node.inputs[index], path + inner))
            elif feed in used:
                if kind == "hollow":
                    raise _Refused
                value = self._node.inputs[index]
                value = self._part(value, path) if path else value
                self._check(value, one.shape[feed])
                result[feed] = self._number(value)
        for variable in one.variables:
            outside = [v for v in self._node.inputs if v.variable is not None and v.variable.key == variable.key]
            if outside[0].variable not in self._spec.variables:
                if not self._spec.is_body:
                    raise _Refused      # it need not be initialised if its branch is not taken
                self._variables.append((outside[0].variable, one.shape[variable.start]))
            result[variable] = self._number(outside[0])
        return result

    def _part(self, tape, path):
        """The Value of what stands under `path` on the tape that an input is."""
        tape = self._spec.root(tape)
        if tape.node is None:
            value = self._spec.part_of_feed(tape, path)
        else:
            value = self._parts.get(tape, {}).get(path, (None, False))[0]
        if value is None:
            raise _Refused
        return value

    def _tape(self):
        """The parts of the conditional's tape."""
        made = {}
        for body, branch in zip(self._node.bodies, self._branches):
            one, first = branch.spec, len(body.plan.fetches) - len(body.recorded)
            for (tensor, whole), fetch in zip(body.recorded, body.plan.fetches[first:]):
                inner = {(): (fetch, whole)}
                if tensor.dtype == dtypes.variant:
                    if fetch not in one.tapes or fetch.node is None:
                        raise _Refused
                    inner = one.tapes[fetch]
                for path, (part, kept) in inner.items():
                    self._check(part, one.shape[part])
                    value = Value(part.dtype, one.shape[part], f"{part.name}@tape")
                    self._shapes[value] = one.shape[part]
                    made[(tensor, *path)] = value, kept
                    if kept:
                        self._outputs.append(value)
                        branch.results.append((part, len(self._node.writes) + len(self._outputs) - 1))
        return made

    def commit(self):
        """Makes what was found here known to the specialisation."""
        spec = self._spec
        spec.shape.update(self._shapes)
        spec.tapes.update(self.tapes)
        for variable, shape in self._variables:
            if variable not in spec.variables:
                spec.variables.append(variable)
                spec.shape[variable.start] = shape

    def bound(self, kind):
        """The step, a BoundNode."""
        is_bool, written = self._inputs[0].dtype == dtypes.bool, len(self._node.writes)
        native = kernels("cpu.branches").step(is_bool, len(self._branches), len(self._inputs),
                                              range(written, written + len(self._outputs)))
        step = kind(self._node, native, None)
        step.inputs, step.outputs, step.branches = self._inputs, self._outputs, self._branches
        return step


class PlacedBranches:
    """The branches of a step in a frame. Args: block: the step's argument block. make_frame: of a Specialization."""

    def __init__(self, step, block, make_frame):
        self._step = step
        self._frames = [make_frame(branch.spec) for branch in step.branches]
        self._table = kernels("cpu.branches").Table(
            block, [self._rows(branch, frame) for branch, frame in zip(step.branches, self._frames)])
        self.nbytes = sum(frame.nbytes for frame in self._frames)

    def _rows(self, branch, frame):
        """What the table says about a branch."""
        word, first = kernels("cpu.branches").input_word, len(self._step.inputs) - len(self._step.writes)
        places = [(place, word(number)) for key, number in branch.inputs.items() for place in frame.places(key)]
        copies, words = [], {key: word(number) for key, number in branch.inputs.items()}
        for value, number in branch.results:
            target, root = word(first + number), branch.spec.root(value)
            root = root if root.variable is None else root.variable
            nbytes = branch.spec.nbytes(value)
            if root in words:
                copies.append((target, words[root], 0, nbytes))
                continue
            if any(root in step.outputs for step in branch.spec.nodes):     # it is made where it goes
                words[root] = target
                places += [(place, target) for place in frame.places(root)]
            else:
                copies.append((target, -1, frame.place_of(value), nbytes))
        return frame.tape, places, copies

    def explain(self, find):
        """Raises the error of the branch that failed; `find(value)` is the array of an input of the step."""
        number, row = self._table.failed
        branch = self._step.branches[number]
        self._frames[number].explain(row, {getattr(key, "start", key): find(self._step.inputs[i])
                                           for key, i in branch.inputs.items()})
