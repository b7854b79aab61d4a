"""Bodies within native steps: what conditionals (`branches.py`) and loops (`inner_loops.py`) have in common.

A node whose bodies are all native becomes a native step of the tape around it. The step reads what its bodies read
and makes what they make; in a frame each body has a frame of its own, and native code points its words to where the
step's inputs and results are. Holds no state.
"""

import numpy as np

from graphflow.compiler.bodies import LOOPS
from graphflow.compiler.plan import Value
from graphflow.framework import dtypes, shapes
from graphflow.runtime import arrays


class Refused(Exception):
    """A node can't be a native step."""


class Body:
    """One body of a native step.

    Attributes: spec: its Specialization. plan: its BodyPlan. inputs: {Value or Variable it reads: number of the step's
    input}. arrays: {handle of an array that it uses: the handle around the step}. results: list of (Value it makes,
    number among what the step writes and makes). lengths: list of (number among these, array of what it always is).
    """

    __slots__ = ("arrays", "inputs", "lengths", "plan", "results", "spec")

    def __init__(self, spec, plan, inputs, arrays):
        self.spec = spec
        self.plan = plan
        self.inputs = inputs
        self.arrays = arrays
        self.results = []
        self.lengths = []


def recorded_parts(spec, plan):
    """(path on the tape, Value, whether more than its shape is read) of what a body records, other tapes taken apart.

    Args: spec, plan: the body's Specialization and BodyPlan. Raises Refused where a tape is not taken apart.
    """
    fetches = plan.plan.fetches
    for (tensor, whole), fetch in zip(plan.recorded, fetches[len(fetches) - len(plan.recorded):], strict=True):
        inner = {(): (fetch, whole)}
        if is_tape(tensor):
            if fetch not in spec.tapes or fetch.node is None:
                raise Refused
            inner = spec.tapes[fetch]
        for path, (part, kept) in inner.items():
            yield (tensor, *path), part, kept


class Lowered:
    """A node with bodies as a native step.

    Attribute: tapes: {its tape: {path: (Value, whether more than its shape is read)}}.
    Raises Refused if that can't be. Args: parts: `tapes` of the nodes before.
    """

    def __init__(self, spec, node, parts):
        self._spec, self._node, self._parts = spec, node, parts
        self._inputs, self._outputs, self._shapes, self._rows, self._stand_ins = [], [], {}, {}, {}
        self._variables, self._uses = [], {}
        self.tapes = {}

    def _add_bodies(self):
        specs = self._spec.bodies[self._node.op]
        self._bodies = [Body(one, plan, self._read(plan, one), self._given(plan, one))
                        for plan, one in zip(self._node.bodies, specs, strict=True)]

    @staticmethod
    def _check(value, shape):
        if not shapes.is_full(shape) or np.dtype(value.dtype.as_numpy_dtype).hasobject:
            raise Refused

    def _part_made(self, one, part, dtype, shape, name):
        """The Value of a part of the tape, which a body records as `part`."""
        value = Value(dtype, shape, name)
        self._shapes[value] = shape
        stand_in = one.stand_ins.get(one.root(part))
        if stand_in is None:
            self._check(part, one.shape[part])
        elif stand_in.use.made is None:
            self._stand_ins[value] = arrays.StandIn(self._uses[one, stand_in.use.origin, stand_in.use.source], 0)
        else:
            self._stand_ins[value] = arrays.StandIn(stand_in.use, stand_in.loops + (self._node.type in LOOPS))
        return value

    def _number(self, value):
        """The number of an input."""
        for number, known in enumerate(self._inputs):
            if known is value:
                return number
        self._inputs.append(value)
        return len(self._inputs) - 1

    def _output(self, value):
        """The number of a new output among what the step writes and makes."""
        self._outputs.append(value)
        return len(self._node.writes) + len(self._outputs) - 1

    def _read(self, body, one):
        """{what a body reads, but for loop variables: number of the input}."""
        used = {one.root(v) for step in one.nodes for v in step.reads} | set(map(one.root, body.plan.fetches))
        called = {one.root(v) for step in one.nodes if step.is_called for v in step.reads}
        result = {}
        for feed, (kind, index, reading) in zip(body.plan.feeds, body.arguments, strict=True):
            path = (reading[0],) if kind == "tape" else ()
            if path and feed in one.constants:
                continue
            if feed in one.tapes:
                for inner, (part, _) in one.tapes[feed].items():
                    self._read_part(result, one, part, index, path + inner)
            elif feed in used and kind != "loop" and (feed not in one.handles or feed in called):
                if kind == "hollow":
                    raise Refused
                self._check(feed, one.shape[feed])
                if path:
                    self._read_part(result, one, feed, index, path)
                else:
                    result[feed] = self._number(self._node.inputs[index])
        for variable in one.variables:
            outside = [v for v in self._node.inputs if v.variable is not None and v.variable.key == variable.key]
            if outside[0].variable not in self._spec.variables:
                self._variables.append((outside[0].variable, one.shape[variable.start]))
            result[variable] = self._number(outside[0])
        return result

    def _given(self, body, one):
        """{handle of an array that a body uses: the handle here}."""
        result = {}
        for inner in one.arrays.values():
            if inner.made is not None:
                continue
            kind, number, reading = body.arguments[inner.origin]
            outer = self._node.inputs[number]
            tape = self._spec.root(outer)
            if kind == "input":
                use = arrays.use_within(self._spec, inner, outer)
            else:
                is_here = tape in self._parts or tape in self._spec.taped
                use = arrays.use_on_tape(self._spec, inner, tape, reading[0]) if is_here else None
            if use is None:
                raise Refused
            result[inner.value] = use.value
            self._uses[one, inner.origin, inner.source] = use
        return result

    def _read_part(self, result, one, part, index, path):
        """Notes that a body reads what stands under `path` on the tape that is input `index`, as its value `part`."""
        result[part] = self._number(self._part(self._node.inputs[index], path, one.rows.get(part)))

    def _part(self, tape, path, rows=None):
        """The Value of what stands under `path` on a tape; rows: the Rows at the address that it is, if it is one."""
        tape = self._spec.root(tape)
        if tape.node is None:
            value, kept = self._spec.part_of_feed(tape, path, rows), True
        else:
            value, kept = self._parts.get(tape, {}).get(path, (None, False))
        if value is None or not kept:
            raise Refused
        return value

    def commit(self):
        """Makes what was found here known to the specialisation."""
        spec = self._spec
        spec.shape.update(self._shapes)
        spec.tapes.update(self.tapes)
        spec.rows.update(self._rows)
        spec.stand_ins.update(self._stand_ins)
        for variable, shape in self._variables:
            if variable not in spec.variables:
                spec.variables.append(variable)
                spec.shape[variable.start] = shape
        for use in self._uses.values():
            known = spec.arrays.setdefault(use.value, use)
            known.may_grow |= use.may_grow
            spec.shape.setdefault(use.value, (2,))      # a handle

    def _native(self, inputs, outputs):
        """The Native of a step of so many inputs, whose outputs have these numbers."""
        raise NotImplementedError

    def bound(self, kind):
        """The step, a BoundNode."""
        written = len(self._node.writes)
        native = self._native(len(self._inputs), range(written, written + len(self._outputs)))
        step = kind(self._node, native, None)
        step.inputs, step.outputs = self._inputs, self._outputs
        return step


class Placed:
    """The bodies of a native step in a frame.

    Attributes: nbytes: memory that they take. calls_python: whether steps in there are called. Args: make_frame: of a
    Specialization.
    """

    def __init__(self, step, bodies, make_frame):
        self._step = step
        self._bodies = bodies
        self._frames = [make_frame(body.spec) for body in bodies]
        self._table = None
        self.nbytes = sum(frame.nbytes for frame in self._frames)
        self.calls_python = any(frame.calls_python for frame in self._frames)

    def explain(self, find, moved=()):
        """Raises the error of the body that failed; `find(value)` is the array of an input of the step.

        moved: {value of the body: array} for what else is not in its frame.
        """
        number, row = self._table.failed
        body = self._bodies[number]
        given = {getattr(key, "start", key): find(self._step.inputs[i]) for key, i in body.inputs.items()}
        given.update({inner: find(handle) for inner, handle in body.arrays.items()})
        self._frames[number].explain(row, {**given, **dict(moved)})

    def heads(self):
        """(handle around the step, words, position in them) of all words that point to heads of arrays."""
        return [(outer, *word) for body, frame in zip(self._bodies, self._frames)
                for inner, outer in body.arrays.items() for word in frame.heads(inner)]


def is_tape(tensor):
    """Whether a tensor of a body is the tape of a node in it."""
    return tensor.dtype == dtypes.variant
