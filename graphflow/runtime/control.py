"""Running the bodies of conditionals and loops.

`bind(node, ...)` gives the function that runs a node with bodies: like a reference kernel, it takes
arrays and returns arrays, in the order of the node's outputs. Each body has an executor of its own
(`executor.make_executor`), so that it is specialised and compiled like any plan; variables are read and
written in their slots, under the keys of the session. A `Tape` is what a node recorded for gradients.
State: the bodies' executors.
"""

import numpy as np

from graphflow.compiler.bodies import first_loop_variable
from graphflow.framework import errors


class Tape:
    """What one run of a conditional or loop recorded.

    Attributes: choice: the branch that ran. count: iterations of a loop. columns: {tensor of a body:
    its value, or a list of one per iteration}.
    """

    __slots__ = ("choice", "count", "columns")

    def __init__(self, choice, count, columns):
        self.choice = choice
        self.count = count
        self.columns = columns

    def boxed(self):
        """The tape as an array of no dimensions, which is how plans pass it on."""
        box = np.empty((), object)
        box[()] = self
        return box


def bind(node, resources, config=None):
    """The function that runs `node`: `run(*inputs, observe=None)` returns a list of arrays."""
    kind = _LOOPS.get(node.type, _Conditional)
    return kind(node, resources, config).run


class _Body:
    """One body, ready to run."""

    __slots__ = ("_plan", "_resources", "_config", "_executor", "_traced", "_arguments", "_recorded", "tensors",
                 "outputs")

    def __init__(self, body, resources, config):
        self._plan = body.plan
        self._resources = resources
        self._config = config
        self._executor = self._traced = None
        self._arguments = body.arguments
        self._recorded = [whole for _, whole in body.recorded]
        self.tensors = [tensor for tensor, _ in body.recorded]
        self.outputs = len(body.plan.fetches) - len(body.recorded)

    def run(self, inputs, state, iteration, observe):
        """Arrays of the plan's fetches: the body's outputs, and what is to be recorded."""
        feeds = []
        for kind, index, reading in self._arguments:
            if kind == "input":
                feeds.append(inputs[index])
            elif kind == "loop":
                feeds.append(state[index])
            elif kind == "hollow":
                feeds.append(_hollow(*reading))
            else:
                feeds.append(_recorded(inputs[index].item(), iteration, *reading))
        if observe is not None:
            results = self._traced_executor().run(feeds, observe)
        else:
            if self._executor is None:
                self._executor = self._make_executor()
            results = self._executor.run(feeds)
        results = [r if type(r) is np.ndarray else _as_array(r) for r in results]
        for i, whole in enumerate(self._recorded, self.outputs):
            if not whole:
                results[i] = _hollow(results[i].dtype, results[i].shape)
        return results

    def _make_executor(self):
        from graphflow.runtime.executor import make_executor

        return make_executor(self._plan, self._resources, self._config)

    def _traced_executor(self):
        from graphflow.runtime.reference import ReferenceExecutor

        if self._traced is None:
            self._traced = ReferenceExecutor(self._plan, self._resources)
        return self._traced


def _hollow(dtype, shape):
    """An array of which only the shape counts: it takes no memory."""
    return np.broadcast_to(np.zeros((), getattr(dtype, "as_numpy_dtype", dtype)), shape)


def _as_array(value):
    """What executors return for a scalar, as an array again."""
    if isinstance(value, (Tape, bytes)):
        box = np.empty((), object)
        box[()] = value
        return box
    return np.asarray(value)


def _recorded(tape, iteration, tensor, last):
    """What `tape` holds for `tensor`; it is let go if this is the `last` time that it is read."""
    column = tape.columns[tensor]
    if iteration is None:
        return column
    value = column[iteration]
    if last:
        column[iteration] = None
    return value


class _Node:
    """What the kinds of nodes have in common."""

    def __init__(self, node, resources, config):
        self._resources = resources
        self._op = node.op
        need = node.need
        self._bodies = [_Body(body, resources, config) for body in node.bodies]
        tape = len(node.op.outputs) - 1
        self._keeps_tape = tape in need.outputs

    def _poll(self):
        """Raises CancelledError once the session is closed."""
        if self._resources.closed:
            raise errors.CancelledError(self._op.node_def, self._op,
                                        f"The session was closed while {self._op.name} ran.")


class _Conditional(_Node):
    """If, Case, IfGrad: the first input chooses the body; out of range means the last."""

    def run(self, *inputs, observe=None):
        """Runs one of the bodies."""
        bodies = self._bodies
        selector = inputs[0]
        if selector.dtype == np.bool_:
            choice = 0 if selector else 1
        else:
            choice = int(selector)
            if not 0 <= choice < len(bodies):
                choice = len(bodies) - 1
        body = bodies[choice]
        results = body.run(inputs, (), None, observe)
        outputs = results[:body.outputs]
        if self._keeps_tape:
            outputs.append(Tape(choice, 1, dict(zip(body.tensors, results[body.outputs:]))).boxed())
        return outputs


class _While(_Node):
    """A body that runs as long as a condition holds."""

    def __init__(self, node, resources, config):
        super().__init__(node, resources, config)
        need = node.need
        index = {position: i for i, position in enumerate(need.inputs)}
        first = first_loop_variable(node.op)
        self._initial = [index[first + k] for k in need.carried]
        self._results = [need.carried.index(i) for i in need.outputs if i < len(node.op.outputs) - 1]

    def run(self, *inputs, observe=None):
        """Runs the loop."""
        condition, body = self._bodies
        state = [inputs[i] for i in self._initial]
        columns = [[] for _ in body.tensors]
        count = 0
        while condition.run(inputs, state, count, observe)[0].item():
            results = body.run(inputs, state, count, observe)
            state = results[:body.outputs]
            for column, value in zip(columns, results[body.outputs:]):
                column.append(value)
            count += 1
            self._poll()
        return self._outcome(state, body, count, columns)

    def _outcome(self, state, body, count, columns):
        outputs = [state[i] for i in self._results]
        if self._keeps_tape:
            outputs.append(Tape(0, count, dict(zip(body.tensors, columns))).boxed())
        return outputs


class _WhileGrad(_While):
    """A body that runs once per iteration of the loop whose tape the first input is, maybe backwards."""

    def __init__(self, node, resources, config):
        super().__init__(node, resources, config)
        self._backwards = node.op.attrs["backwards"]

    def run(self, *inputs, observe=None):
        """Runs the loop."""
        (body,) = self._bodies
        count = inputs[0].item().count
        state = [inputs[i] for i in self._initial]
        columns = [[None] * count for _ in body.tensors]
        for k in reversed(range(count)) if self._backwards else range(count):
            results = body.run(inputs, state, k, observe)
            state = results[:body.outputs]
            for column, value in zip(columns, results[body.outputs:]):
                column[k] = value
            self._poll()
        return self._outcome(state, body, count, columns)


_LOOPS = {"While": _While, "WhileGrad": _WhileGrad}
