"""The reference executor: runs a plan node by node with the NumPy kernels.

The permanent oracle that every faster executor is compared with, and what answers before compiled
kernels are there. State: the bound kernels of one plan. No buffers are kept between runs.
"""

import numpy as np

from graphflow.framework import dtypes, errors
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import deadlines, failure
from graphflow.runtime.functions import Function
from graphflow.runtime.resources import Shares


def bind_kernel(node, resources, graph_seed=None, config=None, bodies=None):
    """The reference kernel of a plan node, ready to be called with its input arrays.

    For a node with bodies it is what runs these (`bodies`: Specializations of them, or None). Raises
    UnimplementedError if the op has no kernel.
    """
    if node.bodies:
        from graphflow.runtime import control

        return control.bind(node, resources, config, bodies)
    registry = kernels("registry")
    maker = registry.reference.find(node.type, node.op_def.family, node.attrs)
    run = None
    if maker is not None:
        run = maker(registry.KernelContext(
            node.type, node.name, node.attrs, [v.dtype for v in node.inputs],
            [t.dtype.base_dtype for t in node.op.outputs], [v.shape for v in node.inputs],
            [t._shape for t in node.op.outputs], resources, graph_seed=graph_seed,
            functions=lambda body: Function(body, resources, config)))
    if run is None:
        types = ", ".join(v.dtype.name for v in node.inputs)
        raise errors.UnimplementedError(
            node.op.node_def, node.op, f"No kernel for op '{node.name}' ({node.type}) with inputs of types ({types})")
    makes_dataset = dtypes.variant in [v.dtype for v in node.outputs] and not node.blocking
    return _keeping(run, node.op.inputs) if makes_dataset else run


def _keeping(run, inputs):
    """A kernel that keeps what it is given, for a dataset: all may change afterwards but constants and handles."""
    values = [tensor.dtype != dtypes.resource for tensor in inputs]
    return lambda *arrays: run(*(array.copy() if is_value and array.flags.writeable else array
                                 for is_value, array in zip(values, arrays, strict=True)))


class Step:
    """One bound node: kernel, and where its inputs and outputs stand in the run's values."""

    __slots__ = ("node", "run", "inputs", "outputs", "writes", "last_uses")

    def __init__(self, node, run, position, resources):
        self.node = node
        self.run = run
        self.inputs = [position[v] for v in node.inputs]
        self.outputs = [position[v] for v in node.outputs]
        self.writes = [(resources.slot(w.variable.key), position[w.value]) for w in node.writes]
        self.last_uses = ()


class ReferenceExecutor:
    """Runs one plan in one session; safe for threads calling at once."""

    def __init__(self, plan, resources, config=None):
        self.plan = plan
        self._resources = resources
        position = self.position = number_values(plan)
        graph_seed = plan.nodes[0].op.graph.seed if plan.nodes else None
        self.steps = [Step(n, bind_kernel(n, resources, graph_seed, config), position, resources)
                      for n in plan.nodes if n not in plan.dead]
        self._starts = [(v, resources.slot(v.key), position[v.start]) for v in plan.variables]
        self._feeds = [position[v] for v in plan.feeds]
        self._fetches = [position[v] for v in plan.fetches]
        self._cancelled = False
        self._note_last_uses()

    def _note_last_uses(self):
        """Tells each step which values nobody reads after it, so that their memory can go."""
        kept = set(self._fetches)
        for step in reversed(self.steps):
            touched = {*step.inputs, *step.outputs, *(index for _, index in step.writes)}
            step.last_uses = tuple(touched - kept)
            kept |= touched

    def run(self, feeds, observe=None):
        """Arrays of the plan's fetches, owned by the caller, given arrays for its feeds.

        `observe(step, inputs)` is called in place of each kernel that writes nothing, and returns what it
        returns (tracing).
        """
        values, shares = [None] * len(self.position), Shares(self._resources.gate)
        for index, array in zip(self._feeds, feeds):
            values[index] = array
        try:
            self.load_variables(values, shares)
            for step in self.steps:
                if self._cancelled or deadlines.any_open():
                    self._check_time()
                execute(step, values, shares, observe)
                for index in step.last_uses:
                    values[index] = None
            return self.collect(values, self._fetches)
        finally:
            shares.release()

    def cancel(self):
        """Stops the runs under way before their next node: their session is closed."""
        self._cancelled = True

    def _check_time(self):
        deadline = deadlines.current()
        if self._cancelled or deadline is not None and deadline.passed():
            deadlines.raise_cancelled()

    def load_variables(self, values, shares):
        """Takes the variables' values at the start of the step; all must exist that are read."""
        if not self._starts:
            return
        with shares.gate:
            for _, slot, index in self._starts:
                values[index] = shares.take(slot)
        missing = [v.op for v, _, index in self._starts if values[index] is None and v.must_exist]
        if missing:
            failure.raise_uninitialized(missing)

    def collect(self, values, fetches):
        """The arrays at positions `fetches`, owned by the caller."""
        borrowed = [values[index] for index in self._feeds]
        borrowed += [slot.value for _, slot, _ in self._starts]
        borrowed += [values[index] for _, _, index in self._starts]
        return [owned(values[i], values, borrowed) for i in fetches]


def number_values(plan):
    """Value -> position in a run's list of values."""
    position = {}
    for value in plan.feeds:
        position.setdefault(value, len(position))
    for variable in plan.variables:
        position.setdefault(variable.start, len(position))
    for node in plan.nodes:
        for value in (*node.outputs, *(w.value for w in node.writes)):
            position.setdefault(value, len(position))
    return position


def execute(step, values, shares, observe=None):
    """Runs one bound node over the run's values; failures name the op and the user's line.

    `shares`: the run's; variables that the node writes are added to them.
    """
    inputs = [values[i] for i in step.inputs]
    try:
        if step.node.bodies:
            # Bodies read and write variables in their slots: here are the values that they left there.
            results = [None] * len(step.writes) + step.run(*inputs, observe=observe)
            with shares.gate:
                results[:len(step.writes)] = [shares.take(slot) for slot, _ in step.writes]
        elif step.writes:
            results = _write(step, inputs, shares)
        elif observe is not None:
            results = as_arrays(observe(step, inputs))
        else:
            results = as_arrays(step.run(*inputs))
    except Exception as error:  # noqa: BLE001 - every failure leaves with the op's name and line
        failure.raise_for(step.node.op, error, inputs)
    for (_, index), result in zip(step.writes, results):
        values[index] = result
    for index, result in zip(step.outputs, results[len(step.writes):]):
        values[index] = result


def as_arrays(results):
    """What a kernel returned, as a list of arrays."""
    if results is None:
        return []
    if not isinstance(results, (tuple, list)):
        results = (results,)
    return [r if isinstance(r, np.ndarray) else np.array(r, object if isinstance(r, (bytes, str)) else None)
            for r in results]


def _write(step, inputs, shares):
    """Reads, computes and stores variables as one atomic step."""
    with shares.gate:
        for (slot, _), i in zip(step.writes, step.node.op_def.writes):
            inputs[i] = slot.value
        results = as_arrays(step.run(*inputs))
        for write, (slot, _), result in zip(step.node.writes, step.writes, results):
            if result.dtype != write.variable.numpy_dtype:
                raise TypeError(f"kernel made {result.dtype} for a variable of {write.variable.numpy_dtype}")
            aliased = result.base is not None or any(result is array for array in inputs)
            slot.replace(result.copy() if aliased else result)      # it will be written in place
            shares.take(slot)
    return results


def owned(array, values, borrowed):
    """`array`, copied if its memory belongs to a variable, a feed, a constant or another value."""
    if not isinstance(array, np.ndarray):
        return array
    if array.ndim == 0:
        return array[()]
    if array.base is not None or not array.flags.writeable or any(array is b for b in borrowed):
        return array.copy()
    if sum(array is v for v in values) > 1:
        return array.copy()
    return array
