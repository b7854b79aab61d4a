"""Specialising a plan to the shapes of one call.

With the shapes of feeds and variables known, the compiler's shape passes leave the nodes that have to
run; each of them is given a native kernel where there is one, else its reference kernel. The result is
immutable and shared by all frames (`frame.py`) that run it; no memory is laid out here.
"""

from math import prod

import numpy as np

from graphflow.compiler import collect
from graphflow.compiler.bodies import LOOPS, own_variables
from graphflow.compiler.body_shapes import Info
from graphflow.compiler.plan import Value
from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import arrays, calls, fusion, lowering, panels, side_by_side, tapes
from graphflow.runtime.reference import bind_kernel


def _refusing(run, refusal):
    """A kernel for inputs that the op's shape rule refuses: what `run` says about them, else `refusal`."""

    def refuse(*inputs):
        run(*inputs)
        raise refusal.with_traceback(None)

    return refuse


class BoundNode:
    """One step: a node (or several fused ones) run natively, or a node run by its reference kernel.

    Attributes: node (the last one, if fused); nodes; inputs, outputs: Values read and made; writes;
    native: a Native, or None; run: the reference kernel, or None (both: the tape calls it); place: of a native node
    with bodies: a function (its block, what makes frames, a Budget) that places these in a frame.
    """

    __slots__ = ("node", "nodes", "inputs", "outputs", "writes", "native", "run", "place")

    def __init__(self, node, native, run):
        self.node = node
        self.nodes = (node,)
        self.inputs = node.inputs
        self.outputs = node.outputs
        self.writes = node.writes
        self.native = native
        self.run = run
        self.place = None

    @classmethod
    def fused(cls, nodes, inputs, outputs, native):
        """The step of several nodes computed by one native kernel."""
        bound = cls(nodes[-1], native, None)
        bound.nodes, bound.inputs, bound.outputs = tuple(nodes), inputs, outputs
        return bound

    @property
    def is_called(self):
        """Whether the tape calls its reference kernel, see `calls.py`: `inputs` and `outputs` are what has memory."""
        return self.native is not None and self.run is not None

    @property
    def reads(self):
        """What it reads, from memory or not."""
        return self.node.inputs if self.is_called else self.inputs

    @property
    def makes(self):
        """What it makes, likewise."""
        return self.node.outputs if self.is_called else self.outputs

    @property
    def native_outputs(self):
        """What a native kernel's `Out` words count: written variables first, then outputs."""
        return [*(w.value for w in self.writes), *self.outputs]


class Specialization:
    """A plan bound for feeds and variables of given shapes.

    Attributes:
      shape, constants, alias, history: as a ShapedPlan has them. once: how many of the nodes, the first ones, run in
      a loop's first iteration only. variables: those that the plan's own
      nodes use. nodes: list of BoundNode. pending: native functions still being compiled (their nodes run
      by reference kernels meanwhile). bodies: operation -> Specializations of its bodies, where they are settled.
      arrays: {handle: arrays.Use} of TensorArrays that native kernels may use; array_origins: see `arrays.uses`;
      elements: what is known of arrays, by their handles. is_body: whether the plan is a body's. tapes: {tape that
      native steps make or read: {path: (Value, whether more than its shape is read)}}, see `tapes.py`. rows: {part of a
      tape that is an address: Rows}. stand_ins: {handle that is recorded, or stands on a tape that native steps make:
      arrays.StandIn}.
      collected: the values that are there to be collected (`compiler/collect.py`). pieces: {one of these of which some
      branches make more rows: (Value with room for as many as any makes, Value that says how many there are)}.

    Arg: body: the BodyPlan, or None.
    """

    def __init__(self, shaped, variables, resources, threads, wait, config=None, body=None):
        self.plan = shaped.plan
        self.is_body = body is not None
        self.tape_infos = shaped.tapes
        self.taped = set() if body is None else {
            feed for feed, (kind, _, _) in zip(self.plan.feeds, body.arguments, strict=True) if kind == "tape"}
        self.pending = []
        self.threads = threads
        self._resources = resources
        self._config = config
        self._seed = self.plan.nodes[0].op.graph.seed if self.plan.nodes else None
        self.variables = variables
        self.shape, self.constants, self.alias, self.history = (
            shaped.shape, shaped.constants, shaped.alias, shaped.history)
        self._refusals = shaped.refusals
        bodies = {node.op: node.bodies for node in self.plan.nodes if node.bodies}
        self.bodies = {op: self._specialized(plans, bodies[op], wait) for op, plans in shaped.bodies.items()}
        self.collected, self.elements = collect.pieces(shaped, body), shaped.arrays
        self.nodes, self.once = self._choose_tiers(shaped, body, wait)

    def _specialized(self, plans, bodies, wait):
        """Specialisations of the bodies of an operation."""
        found = [Specialization(plan, sorted(own_variables(plan.plan), key=lambda v: v.key), self._resources,
                                self.threads, wait, self._config, body)
                 for plan, body in zip(plans, bodies, strict=True)]
        for spec in found:
            self.pending.extend(spec.pending)
        return found

    def _ask_for_loops(self, node, wait):
        """Has the native loop compiled where `node` is a loop that it could run."""
        specs = self.bodies.get(node.op)
        if node.type not in LOOPS or specs is None or not all(spec.is_native(may_draw=True) for spec in specs):
            return
        function = kernels("cpu.tape").iterator()
        if not function.ready():
            if wait:
                function.address  # noqa: B018  (compiles)
            else:
                self.pending.append(function)

    @property
    def handles(self):
        """The values that are handles of `arrays`, which native steps do not read."""
        return {*self.arrays, *(v for v in self.array_origins if v.dtype == dtypes.resource)}

    def is_native(self, may_draw=False):
        """Whether its tape runs all of it.

        may_draw: also kernels that draw random numbers, of which Python reserves those of many runs.
        """
        return all(b.native is not None and (b.native.before_run is None or may_draw and b.native.before_run.step)
                   for b in self.nodes)

    def may_pause(self):
        """Whether it has native steps that want Python to look in now and then: loops, at any depth, and writes to
        arrays that may become longer."""
        grow = any(use.may_grow for use in self.arrays.values())
        return any(grow and b.node.type == "TensorArrayWriteV3" or b.place is not None and (
            b.node.type in LOOPS or any(one.may_pause() for one in self.bodies[b.node.op])) for b in self.nodes)

    def root(self, value):
        """The value whose memory `value` shares."""
        return self.alias.get(value, value)

    def nbytes(self, value):
        """Memory that a value takes."""
        size = np.dtype(value.dtype.as_numpy_dtype).itemsize if value.dtype != dtypes.string else 8
        return size * prod(self.shape[value] or ())

    # ---- tapes

    def part_of_feed(self, tape, path, rows=None):
        """The Value that stands under `path` on a tape that is fed; None if its shape is not known.

        rows: the Rows at the address that it is, if it is one.
        """
        parts = self.tapes.setdefault(tape, {})
        if path not in parts:
            info = Info(tape=self.tape_infos.get(tape))
            for tensor in path:
                info = (info.tape or {}).get(tensor, Info(() if tensor is tapes.COUNT else None))
            is_number = rows is not None and info.shape is not None
            value = Value(dtypes.int64 if is_number else path[-1].dtype.base_dtype, () if is_number else info.shape,
                          f"{path[-1].name}@tape")
            self.shape[value] = value.shape
            parts[path] = value, True
            if is_number:
                self.rows[value] = rows
        value, _ = parts[path]
        return None if value.shape is None else value

    def fed_parts(self):
        """{Value: (fed tape that it is a part of, path)}."""
        return {value: (tape, path) for tape, parts in self.tapes.items() if tape.node is None
                for path, (value, _) in parts.items()}

    def fetched_values(self):
        """The plan's fetches, and what is on the tapes among them."""
        made = [self.tapes[v] for v in map(self.root, self.plan.fetches) if v in self.tapes and v.node is not None]
        return [*self.plan.fetches, *(value for parts in made for value, kept in parts.values() if kept),
                *(value for pair in self.pieces.values() for value in pair)]

    def kept_values(self):
        """What the first iteration of a loop computes for those that follow."""
        made = {v for step in self.nodes[:self.once] for v in step.makes}
        return made.intersection(self.root(v) for step in self.nodes[self.once:] for v in step.reads)

    # ---- tiers

    def _choose_tiers(self, shaped, body, wait):
        """(list of BoundNode, how many of them run once)."""
        variables, once = list(self.variables), shaped.once
        self.keyed, self.refused = {}, set()
        while True:
            self.arrays, self.array_origins = arrays.uses(shaped, body, self.keyed, self.refused)
            self.stand_ins = arrays.stand_ins(self, body)
            self.tapes, self.rows, self.pieces, self.variables = {}, {}, {}, list(variables)
            bound = self._bound(shaped.nodes, wait)
            asked_for = arrays.asked_for(self, bound)
            if not asked_for:
                break
            self.refused |= asked_for
        first, rest = panels.share_panels(self, shaped, bound[:once], bound[once:], wait)
        rest = fusion.fuse_elementwise(self, rest, wait)
        first = fusion.fuse_elementwise(self, first, wait, [v for step in rest for v in step.inputs])
        rest = side_by_side.side_by_side(self, rest, wait)
        if self.is_body:
            called = calls.call_back(self, [*first, *rest], body, wait)
            first, rest = called[:len(first)], called[len(first):]
        if self.pending:
            kernels("cpu.native").compile_in_background(self.pending)
        return [*first, *arrays.renewal(self, BoundNode), *rest], len(first)

    def _bound(self, live, wait):
        bound = []
        for node in live:
            native, run = self._native(node), None
            if native is not None and not wait and not native.function.ready():
                self.pending.append(native.function)
                native, run = None, native.meanwhile
            if native is None and run is None:
                self._ask_for_loops(node, wait)
                run = bind_kernel(node, self._resources, self._seed, self._config, self.bodies.get(node.op))
                if node in self._refusals:
                    run = _refusing(run, self._refusals[node])
            bound.append(BoundNode(node, native, run))
        return lowering.lower(self, bound, wait)

    def _native(self, node):
        """The node's native kernel, if there is one and its shapes are known."""
        registry = kernels("registry")
        values = [*(w.value for w in node.writes), *node.outputs]
        if node.blocking or node in self._refusals or any(self.shape[v] is None for v in (*node.inputs, *values)):
            return None
        if not arrays.is_used(self, self.arrays, node):
            return None
        maker = registry.cpu.find(node.type, node.op_def.family, node.attrs)
        if maker is None:
            return None
        context = registry.KernelContext(
            node.type, node.name, node.attrs, [v.dtype for v in node.inputs], [v.dtype for v in values],
            [self.shape[v] for v in node.inputs], [self.shape[v] for v in values], self._resources,
            self.threads, self._seed, [self.constants.get(v) for v in node.inputs])
        try:
            return maker(context)
        except ValueError:
            return None  # operands that don't fit: the reference kernel says how

