"""The reference executor: runs a plan node by node with the NumPy kernels.

The permanent oracle that every faster executor is compared with, and what answers before compiled
kernels are there. State: the bound kernels of one plan. No buffers are kept between runs.
"""

import contextlib

import numpy as np

from graphflow.framework import errors
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import failure


def bind_kernel(node, resources, graph_seed=None):
    """The reference kernel of a plan node, ready to be called with its input arrays.

    Raises UnimplementedError if the op has none.
    """
    registry = kernels("registry")
    maker = registry.reference.find(node.type, node.op_def.family, node.attrs)
    run = None
    if maker is not None:
        run = maker(registry.KernelContext(
            node.type, node.name, node.attrs, [v.dtype for v in node.inputs],
            [t.dtype.base_dtype for t in node.op.outputs], [v.shape for v in node.inputs],
            [t._shape for t in node.op.outputs], resources, graph_seed=graph_seed))
    if run is None:
        types = ", ".join(v.dtype.name for v in node.inputs)
        raise errors.UnimplementedError(
            node.op.node_def, node.op, f"No kernel for op '{node.name}' ({node.type}) with inputs of types ({types})")
    return run


class Step:
    """One bound node: kernel, and where its inputs and outputs stand in the run's values."""

    __slots__ = ("node", "run", "inputs", "outputs", "writes")

    def __init__(self, node, run, position, resources):
        self.node = node
        self.run = run
        self.inputs = [position[v] for v in node.inputs]
        self.outputs = [position[v] for v in node.outputs]
        self.writes = [(resources.slot(w.variable.key), position[w.value]) for w in node.writes]


class ReferenceExecutor:
    """Runs one plan in one session; safe for threads calling at once."""

    def __init__(self, plan, resources):
        self.plan = plan
        self._resources = resources
        position = self.position = number_values(plan)
        graph_seed = plan.nodes[0].op.graph.seed if plan.nodes else None
        self.steps = [Step(n, bind_kernel(n, resources, graph_seed), position, resources) for n in plan.nodes]
        self._starts = [(v, resources.slot(v.key), position[v.start]) for v in plan.variables]
        self._feeds = [position[v] for v in plan.feeds]
        self._fetches = [position[v] for v in plan.fetches]

    def run(self, feeds, observe=None):
        """Arrays of the plan's fetches, owned by the caller, given arrays for its feeds.

        `observe(node, inputs, outputs, seconds)` is called after every node (tracing).
        """
        values = [None] * len(self.position)
        for index, array in zip(self._feeds, feeds):
            values[index] = array
        self.load_variables(values)
        for step in self.steps:
            execute(step, values, observe)
        return [owned(values[i], values, self._borrowed()) for i in self._fetches]

    def load_variables(self, values):
        """Takes the variables' values at the start of the step; all must exist that are read."""
        missing = []
        for variable, slot, index in self._starts:
            values[index] = slot.value
            if slot.value is None and variable.must_exist:
                missing.append(variable.op)
        if missing:
            failure.raise_uninitialized(missing)

    def _borrowed(self):
        return [slot.value for _, slot, _ in self._starts]


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


def execute(step, values, observe=None):
    """Runs one bound node over the run's values; failures name the op and the user's line."""
    inputs = [values[i] for i in step.inputs]
    try:
        if step.writes:
            results = _write(step, inputs)
        elif observe is not None:
            results = observe(step, inputs)
        else:
            results = step.run(*inputs)
    except Exception as error:  # noqa: BLE001 - every failure leaves with the op's name and line
        failure.raise_for(step.node.op, error, inputs)
    outputs = step.outputs
    if len(outputs) == 1 and not isinstance(results, (tuple, list)):
        values[outputs[0]] = results if isinstance(results, np.ndarray) else np.asarray(results)
    elif outputs:
        for index, result in zip(outputs, results):
            values[index] = result if isinstance(result, np.ndarray) else np.asarray(result)
    if step.writes:
        for slot_index, (slot, index) in enumerate(step.writes):
            values[index] = step_written(results, slot_index)


def step_written(results, index):
    """The new value of the `index`-th written variable among a kernel's results."""
    return results[index] if isinstance(results, (tuple, list)) else results


def _write(step, inputs):
    """Reads, computes and stores variables as one atomic step."""
    slots = [slot for slot, _ in step.writes]
    with contextlib.ExitStack() as stack:
        for slot in sorted(set(slots), key=id):
            stack.enter_context(slot.lock)
        for slot, i in zip(slots, step.node.op_def.writes):
            inputs[i] = slot.value
        results = step.run(*inputs)
        for k, slot in enumerate(slots):
            slot.replace(step_written(results, k))
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
