"""Partial runs: one step whose feeds arrive, and fetches leave, in several calls.

State: the open partial runs of a session, each with the values made so far. Uses the reference
executor, node by node; nothing runs twice.
"""

import itertools

from graphflow.client import feeds as feeding
from graphflow.client import fetches as fetching
from graphflow.compiler import pipeline
from graphflow.framework import errors
from graphflow.runtime import reference
from graphflow.runtime.devices import device_counts
from graphflow.runtime.resources import Shares


class _Open:
    """One partial run under way."""

    def __init__(self, session, mapper, fed):
        self.plan = pipeline.lower(mapper.tensors, mapper.operations, fed, device_counts(session._config), True)
        self.executor = reference.ReferenceExecutor(self.plan, session._resources)
        self.values = [None] * len(self.executor.position)
        self.shares = Shares(session._resources.gate)
        self.executor.load_variables(self.values, self.shares)
        self.tensors = dict(zip(mapper.tensors, self.plan.fetches))
        self.feeds = dict(zip(fed, self.plan.feeds))
        self.unfed = set(fed)
        self.wanted = set(mapper.tensors) | set(mapper.operations)
        self.done = set()


class PartialRuns:
    """The partial runs of one session, by handle."""

    def __init__(self, session):
        self._session = session
        self._open = {}
        self._numbers = itertools.count()

    def setup(self, fetches, feeds):
        """Opens a partial run over all `fetches` and `feeds` that its parts will use."""
        graph = self._session.graph
        fed = []
        for key in feeds or []:
            fed.append(feeding.feed_element(graph, key))
        if not fed and feeds is not None and not isinstance(feeds, (list, tuple)):
            raise TypeError("feeds must be a list of tensors")
        mapper = fetching.FetchMapper(graph, fetches)
        handle = f"partial_run_{next(self._numbers)}"
        self._open[handle] = _Open(self._session, mapper, fed)
        return handle

    def run(self, handle, fetches, feed_dict):
        """Feeds more, runs what `fetches` still needs, returns their values."""
        state = self._open.get(handle)
        if state is None:
            raise errors.InvalidArgumentError(
                None, None, f"Must run 'setup' before performing partial runs: {handle!r}")
        mapper = fetching.FetchMapper(self._session.graph, fetches)
        for element in (*mapper.tensors, *mapper.operations):
            if element not in state.wanted:
                raise errors.InvalidArgumentError(
                    None, None, f"{element.name!r} was already fetched or was not named in partial_run_setup")
        try:
            self._feed(state, feed_dict or {})
            self._advance(state, mapper)
        except Exception:
            self._open.pop(handle).shares.release()     # half a step cannot be taken back: this run is over
            raise
        state.wanted -= {*mapper.tensors, *mapper.operations}
        position = state.executor.position
        results = state.executor.collect(state.values, [position[state.tensors[t]] for t in mapper.tensors])
        if not state.wanted:
            self._open.pop(handle).shares.release()
        return mapper.rebuild(results)

    def _feed(self, state, feed_dict):
        for key, value in feeding.flatten(feed_dict):
            tensor = feeding.feed_element(self._session.graph, key)
            if tensor not in state.unfed:
                raise errors.InvalidArgumentError(
                    None, None, f"The feed {tensor.name!r} was already fed or was not named in partial_run_setup")
            state.unfed.discard(tensor)
            index = state.executor.position[state.feeds[tensor]]
            state.values[index] = feeding.FeedSlot(tensor).convert(value)

    def _advance(self, state, mapper):
        """Runs, in plan order, the nodes that the fetches need and that have not run."""
        missing = {state.feeds[tensor]: tensor for tensor in state.unfed}
        makers = {}
        for step in state.executor.steps:
            for value in (*step.node.outputs, *(w.value for w in step.node.writes)):
                makers[value] = step
        by_op = {step.node.op: step for step in state.executor.steps}
        stack = [makers.get(state.tensors[t]) for t in mapper.tensors] + [by_op.get(op) for op in mapper.operations]
        needed = set()
        while stack:
            step = stack.pop()
            if step is None or step in needed or step in state.done:
                continue
            needed.add(step)
            for value in step.node.inputs:
                if value in missing:
                    raise errors.InvalidArgumentError(
                        step.node.op.node_def, step.node.op,
                        f"'{step.node.name}' needs the feed {missing[value].name!r}, which has not been fed yet")
                stack.append(makers.get(value))
            stack.extend(by_op.get(control.op) for control in step.node.controls)
        for step in state.executor.steps:
            if step in needed:
                reference.execute(step, state.values, state.shares)
                state.done.add(step)
