"""Running the bodies of conditionals and loops.

`bind(node, ...)` gives the function that runs a node with bodies: like a reference kernel, it takes
arrays and returns arrays, in the order of the node's outputs. Each body has an executor of its own
(`executor.make_executor`), so that it is specialised and compiled like any plan; variables are read and
written in their slots, under the keys of the session.
State: the bodies' executors.
"""

import collections
import contextlib
import itertools

import numpy as np

from graphflow.framework import dtypes
from graphflow.runtime import arrays, deadlines, failure, native_loop, tapes
from graphflow.runtime.body_variables import BodyVariables, written_by
from graphflow.runtime.frame import Frame


def bind(node, resources, config=None, bodies=None):
    """The function that runs `node`: `run(*inputs, observe=None)` returns a list of arrays.

    `bodies`: Specializations of its bodies, where these are settled (see `compiler/body_shapes.py`).
    """
    kind = _LOOPS.get(node.type, _Conditional)
    return kind(node, resources, config, bodies).run


class _Body:
    """One body, ready to run: in a frame of its specialisation if it is settled, else by an executor."""

    def __init__(self, body, spec, written, resources, config):
        self._body = body
        self._plan = body.plan
        self._spec = spec
        self._resources = resources
        self._config = config
        self._executor = self._traced = None
        self._frames = collections.deque()
        self._variables = None if spec is None else BodyVariables(spec, written, resources)
        self._arguments = body.arguments
        self._recorded = [whole or tensor.dtype == dtypes.resource for tensor, whole in body.recorded]
        self.tensors = [tensor for tensor, _ in body.recorded]
        self.outputs = len(body.plan.fetches) - len(body.recorded)

    @contextlib.contextmanager
    def ready(self, inputs, observe):
        """A function (state, iteration) that runs the body on the node's inputs: arrays of the plan's fetches.

        These are the body's outputs, and then what is to be recorded.
        """
        if observe is not None:
            executor = self._traced_executor()
            yield self._function(inputs, lambda feeds: executor.run(feeds, observe))
        elif self._spec is None or not self._fits(inputs):
            if self._executor is None:
                self._executor = self._make_executor()
            yield self._function(inputs, self._executor.run)
        else:
            with self._frame() as run:
                yield self._function(inputs, run)

    def _function(self, inputs, run):
        arguments, partial = self._arguments, self._recorded and not all(self._recorded)

        def call(state, iteration):
            feeds = []
            for kind, index, reading in arguments:
                if kind == "input":
                    feeds.append(inputs[index])
                elif kind == "loop":
                    feeds.append(state[index])
                elif kind == "hollow":
                    feeds.append(tapes.hollow(*reading))
                else:
                    feeds.append(tapes.recorded(inputs[index].item(), iteration, *reading))
            results = [r if type(r) is np.ndarray else _as_array(r) for r in run(feeds)]
            if partial:
                for i, whole in enumerate(self._recorded, self.outputs):
                    if not whole:
                        results[i] = tapes.hollow(results[i].dtype, results[i].shape)
            return results

        return call

    def _fits(self, inputs):
        """Whether variables and arrays have the shapes for which the body was specialised."""
        return self._variables.fit() and arrays.fit(self._spec, self._body, inputs)

    @contextlib.contextmanager
    def _frame(self):
        """A frame of the specialisation, as a function of its feeds, with the variables in place."""
        try:
            frame = self._frames.pop()
        except IndexError:
            frame = Frame(self._spec, self._resources)
        held = self._variables.held() if self._variables else contextlib.nullcontext(lambda: None)
        runs = itertools.count()
        limited = deadlines.any_open()
        if limited:
            deadlines.stop_at_deadline(frame.cancel)
        try:
            with held as variables:
                yield lambda feeds: frame.run(feeds, variables(), next(runs) > 0)
        finally:
            if limited:
                deadlines.let_go(frame.cancel)
        if not frame.cancelled:
            self._frames.append(frame)

    def _make_executor(self):
        from graphflow.runtime.executor import make_executor

        return make_executor(self._plan, self._resources, self._config)

    def _traced_executor(self):
        from graphflow.runtime.reference import ReferenceExecutor

        if self._traced is None:
            self._traced = ReferenceExecutor(self._plan, self._resources)
        return self._traced


def _as_array(value):
    """What executors return for a scalar, as an array again."""
    if isinstance(value, (tapes.Tape, bytes)):
        box = np.empty((), object)
        box[()] = value
        return box
    return np.asarray(value)


class _Node:
    """What the kinds of nodes have in common."""

    def __init__(self, node, resources, config, bodies):
        self._resources = resources
        self._op = node.op
        need = node.need
        specs = bodies or [None] * len(node.bodies)
        written = written_by(node.bodies)
        self._bodies = [_Body(body, spec, written, resources, config)
                        for body, spec in zip(node.bodies, specs, strict=True)]
        self._keeps_tape = len(node.op.outputs) - 1 in need.outputs

    def _poll(self):
        deadlines.check(self._resources, self._op)


class _Conditional(_Node):
    """If, Case, IfGrad: the first input chooses the body; out of range means the last."""

    def run(self, *inputs, observe=None):
        """Runs one of the bodies."""
        bodies, selector = self._bodies, inputs[0]
        if selector.dtype == np.bool_:
            choice = 0 if selector else 1
        else:
            choice = int(selector)
            if not 0 <= choice < len(bodies):
                choice = len(bodies) - 1
        body = bodies[choice]
        with body.ready(inputs, observe) as call:
            results = call((), None)
        outputs = results[:body.outputs]
        if self._keeps_tape:
            outputs.append(tapes.Tape(None, dict(zip(body.tensors, results[body.outputs:]))).boxed())
        return outputs


class _While(_Node):
    """A body that runs as long as a condition holds."""

    def __init__(self, node, resources, config, bodies):
        super().__init__(node, resources, config, bodies)
        need = node.need
        index = {position: i for i, position in enumerate(need.inputs)}
        self._initial = [index[node.first_loop_variable + k] for k in need.carried]
        native = bodies is not None and native_loop.can_run(node, bodies)
        self._native = native_loop.NativeLoop(node, node.bodies, bodies, resources) if native else None
        self._results = [need.collected.get(i) or need.carried.index(i)
                         for i in need.outputs if i < len(node.op.outputs) - 1]
        self._last_first = False

    def run(self, *inputs, observe=None):
        """Runs the loop."""
        condition, body = self._bodies
        state = [inputs[i] for i in self._initial]
        if self._native is not None and observe is None and self._native.fits(inputs):
            state, count, columns = self._native.run(inputs, state, None, self._poll)
            return self._outcome(inputs, state, body, count, columns)
        columns = [[] for _ in body.tensors]
        count = 0
        with condition.ready(inputs, observe) as holds, body.ready(inputs, observe) as step:
            while holds(state, count)[0].item():
                results = step(state, count)
                state = results[:body.outputs]
                for column, value in zip(columns, results[body.outputs:]):
                    column.append(value)
                count += 1
                self._poll()
        return self._outcome(inputs, state, body, count, columns)

    def _outcome(self, inputs, state, body, count, columns):
        columns = dict(zip(body.tensors, columns))
        outputs = [state[i] if isinstance(i, int) else self._joined(inputs[i.initial], columns[i], i.node)
                   for i in self._results]
        if self._keeps_tape:
            outputs.append(tapes.Tape(count, columns).boxed())
        return outputs

    def _joined(self, initial, pieces, node):
        """A variable that was collected: `initial`, and the pieces that `node` would have appended."""
        pieces = pieces[::-1] if self._last_first else pieces
        try:
            return np.concatenate([initial, *pieces])
        except ValueError as error:
            for piece in pieces:
                if piece.shape[1:] != initial.shape[1:] or piece.ndim != initial.ndim:
                    failure.raise_for(node.op, error, [initial, piece])
            raise


class _WhileGrad(_While):
    """A body that runs once per iteration of the loop whose tape the first input is, maybe backwards."""

    def __init__(self, node, resources, config, bodies):
        super().__init__(node, resources, config, bodies)
        self._backwards = self._last_first = node.op.attrs["backwards"]

    def run(self, *inputs, observe=None):
        """Runs the loop."""
        (body,) = self._bodies
        count = inputs[0].item().count
        state = [inputs[i] for i in self._initial]
        if self._native is not None and observe is None and self._native.fits(inputs):
            state, _, columns = self._native.run(inputs, state, count, self._poll)
            return self._outcome(inputs, state, body, count, columns)
        columns = [[None] * count for _ in body.tensors]
        with body.ready(inputs, observe) as step:
            for k in reversed(range(count)) if self._backwards else range(count):
                results = step(state, k)
                state = results[:body.outputs]
                for column, value in zip(columns, results[body.outputs:]):
                    column[k] = value
                self._poll()
        return self._outcome(inputs, state, body, count, columns)


_LOOPS = {"While": _While, "WhileGrad": _WhileGrad}
