"""Specialising a plan to the shapes of one call.

With the shapes of feeds and variables known, shape functions give every shape that does not depend
on data; shape arithmetic and constants are computed once, here; every remaining node is given a
native kernel where there is one, else its reference kernel. The result is immutable and shared by
all frames (`frame.py`) that run it; no memory is laid out here.
"""

import numpy as np

from graphflow.framework import shapes
from graphflow.framework.kernel_loader import kernels
from graphflow.framework.shape_inference import BoundShapeContext
from graphflow.runtime import failure, fusion
from graphflow.runtime.reference import as_arrays, bind_kernel

# Results that depend on the shapes of inputs only.
_SHAPE_ONLY = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
# Reductions are the identity where no axis is named, as in most gradients of broadcasts.
_REDUCTIONS = {"Sum", "Mean", "Prod", "Max", "Min"}
# Outputs that are the first input under another shape.
_ALIASES = {"Identity", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "PreventGradient",
            "PlaceholderWithDefault", "EnsureShape"}
# Larger constants are not computed ahead: they would only take memory.
_MAX_FOLDED_BYTES = 1 << 20


class BoundNode:
    """One step: a node (or several fused ones) run natively, or a node run by its reference kernel.

    Attributes: node (the last one, if fused); nodes; inputs, outputs: Values read and made; writes;
    native: a Native, or None; run: the reference kernel, or None.
    """

    __slots__ = ("node", "nodes", "inputs", "outputs", "writes", "native", "run")

    def __init__(self, node, native, run):
        self.node = node
        self.nodes = (node,)
        self.inputs = node.inputs
        self.outputs = node.outputs
        self.writes = node.writes
        self.native = native
        self.run = run

    @classmethod
    def fused(cls, nodes, inputs, outputs, native):
        """The step of several nodes computed by one native kernel."""
        bound = cls(nodes[-1], native, None)
        bound.nodes, bound.inputs, bound.outputs = tuple(nodes), inputs, outputs
        return bound

    @property
    def native_outputs(self):
        """What a native kernel's `Out` words count: written variables first, then outputs."""
        return [*(w.value for w in self.writes), *self.outputs]


class Specialization:
    """A plan with shapes.

    Attributes:
      shape: Value -> full shape tuple, or None where it depends on data. constants: Value -> array.
      alias: Value -> the Value whose memory it shares (no alias itself). nodes: list of BoundNode. pending: native
      functions still being compiled (their nodes run by reference kernels meanwhile).
    """

    def __init__(self, plan, feed_shapes, slots, resources, threads, wait):
        self.plan = plan
        self.shape = {}
        self.constants = {}
        self.alias = {}
        self.pending = []
        self._resources = resources
        self.threads = threads
        self._seed = plan.nodes[0].op.graph.seed if plan.nodes else None
        self._written = {w.variable for node in plan.nodes for w in node.writes}
        for value, shape in zip(plan.feeds, feed_shapes):
            self.shape[value] = shape
        for variable in plan.variables:
            self.shape[variable.start] = slots[variable].value.shape
        live = [node for node in plan.nodes if node not in plan.dead and not self._settle(node)]
        self.nodes = self._choose_tiers(_drop_dead(plan, live, self.constants), wait)

    # ---- shapes and values known now

    def _settle(self, node):
        """Finds a node's shapes; whether its results are known too, so that it need not run."""
        inputs = [self.shape[v] for v in node.inputs]
        constants = [self.constants.get(v) for v in node.inputs]
        if node.type == "Const":
            return self._fold(node, [node.attrs["value"]])
        try:
            found = self._infer(node, inputs, constants)
        except ValueError as error:
            self._refuse(node, inputs, constants, error)
        for value, shape in zip(node.outputs, found):
            self.shape[value] = shape if shapes.is_full(shape) and not node.op_def.allocates else None
        for write in node.writes:
            self.shape[write.value] = self.shape[write.variable.start]
        if self._is_foldable(node, inputs, constants):
            return self._fold(node, self._compute(node, inputs, constants))
        self._note_alias(node)
        return False

    def _refuse(self, node, inputs, constants, error):
        """Raises the failure of a shape rule; worded by the kernel, if it refuses such inputs too."""
        stand_ins = [np.broadcast_to(np.zeros((), v.dtype.as_numpy_dtype), shape or ()) if c is None else c
                     for v, shape, c in zip(node.inputs, inputs, constants)]
        # Integers may be sizes and positions, for which zeros are no stand-in.
        known = all(c is not None or not v.dtype.is_integer for c, v in zip(constants, node.inputs))
        if known and sum(array.size for array in stand_ins) <= _MAX_FOLDED_BYTES:
            try:
                bind_kernel(node, self._resources, self._seed)(*stand_ins)
            except Exception as refusal:  # noqa: BLE001 - leaves with the op's name and line
                failure.raise_for(node.op, refusal, stand_ins)
        failure.raise_for(node.op, error, stand_ins)

    def _infer(self, node, inputs, constants):
        if not node.outputs and not node.writes:
            return []
        context = BoundShapeContext(inputs, [v.dtype for v in node.inputs], constants, node.attrs, len(node.op.outputs))
        found = node.op_def.shape_fn(context)
        if len(node.outputs) == len(node.op.outputs):
            return found
        # Ref outputs are versions, not outputs of the plan's node.
        return [found[v.index] if v.index < len(found) else None for v in node.outputs]

    def _is_foldable(self, node, inputs, constants):
        if node.op_def.is_stateful or node.writes or not node.outputs or not node.inputs:
            return False
        if node.type in _SHAPE_ONLY:
            if any(shape is None for shape in inputs):
                return False
        elif any(c is None for c in constants):
            return False
        total = 0
        for value in node.outputs:
            size = shapes.size(self.shape[value])
            total += 0 if size is None else size * 8
        return total <= _MAX_FOLDED_BYTES

    def _compute(self, node, inputs, constants):
        arrays = [c if c is not None else np.broadcast_to(np.zeros((), v.dtype.as_numpy_dtype), shape)
                  for c, v, shape in zip(constants, node.inputs, inputs)]
        try:
            return as_arrays(bind_kernel(node, self._resources, self._seed)(*arrays))
        except Exception as error:  # noqa: BLE001 - leaves with the op's name and line
            failure.raise_for(node.op, error, arrays)

    def _fold(self, node, results):
        for value, array in zip(node.outputs, results):
            if not array.flags.c_contiguous:
                array = array.copy()
            self.constants[value] = array
            self.shape[value] = array.shape
        return True

    def _note_alias(self, node):
        if len(node.outputs) != 1 or not (node.type in _ALIASES or self._reduces_nothing(node)):
            return
        source, value = node.inputs[0], node.outputs[0]
        if self.shape[source] is None or self.shape[value] is None:
            return
        if shapes.size(self.shape[source]) != shapes.size(self.shape[value]):
            return  # the kernel reports it
        root = self.root(source)
        if root.variable is not None and root.variable in self._written:
            return  # the variable's memory changes during the step: a copy is needed
        self.alias[value] = root

    def _reduces_nothing(self, node):
        return node.type in _REDUCTIONS and self.shape[node.inputs[1]] == (0,)

    def root(self, value):
        """The value whose memory `value` shares."""
        return self.alias.get(value, value)

    # ---- tiers

    def _choose_tiers(self, live, wait):
        bound = []
        for node in live:
            if node.outputs and node.outputs[0] in self.alias:
                continue
            native = self._native(node, wait)
            run = None if native is not None else bind_kernel(node, self._resources, self._seed)
            bound.append(BoundNode(node, native, run))
        bound = fusion.fuse_elementwise(self, bound, wait)
        if self.pending:
            kernels("cpu.native").compile_in_background(self.pending)
        return bound

    def _native(self, node, wait):
        """The node's native kernel, if there is one, its shapes are known and it is compiled."""
        registry = kernels("registry")
        values = [*(w.value for w in node.writes), *node.outputs]
        if any(self.shape[v] is None for v in (*node.inputs, *values)) or node.op_def.blocking:
            return None
        maker = registry.cpu.find(node.type, node.op_def.family, node.attrs)
        if maker is None:
            return None
        context = registry.KernelContext(
            node.type, node.name, node.attrs, [v.dtype for v in node.inputs], [v.dtype for v in values],
            [self.shape[v] for v in node.inputs], [self.shape[v] for v in values], self._resources,
            self.threads, self._seed, [self.constants.get(v) for v in node.inputs])
        try:
            native = maker(context)
        except ValueError:
            return None  # operands that don't fit: the reference kernel says how
        if native is None:
            return None
        if not wait and not native.function.ready():
            self.pending.append(native.function)
            return None
        return native


def _drop_dead(plan, live, constants):
    """Without the nodes that only fed what is now constant."""
    needed = set(plan.fetches)
    kept = []
    for node in reversed(live):
        if node.has_effects or node.op in plan.targets or any(v in needed for v in node.outputs):
            kept.append(node)
            needed.update(v for v in node.inputs if v not in constants)
    kept.reverse()
    return kept
