"""StagedExecutor: runs a divided plan, stage by stage as they become ready.

The plans between ops that may wait, or that make what shapes depend on, have executors of their own. An op
that may wait lets everything go first that is ready; while it waits, its run holds neither a lock nor the
worker pool. State: the executors of the stages, and the values that are the same in each run.
"""

import numpy as np

from graphflow.framework import errors
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import failure
from graphflow.runtime.reference import Step, as_arrays, bind_kernel, execute, number_values, owned
from graphflow.runtime.resources import Shares
from graphflow.runtime.turns import Turns
from graphflow.runtime.waiting import Wait

# Ends of input and of sessions: what stops a producer without being its failure, unless they have a cause.
_NO_FAILURES = (errors.OutOfRangeError, errors.CancelledError)


class StagedExecutor:
    """Runs one plan in one session; safe for threads calling at once.

    Args: division: what `compiler/stages.py` divides the plan into. make_executor: function (plan, resources,
      config) that makes what runs the plan of a stage.
    Attribute: stages: pairs of a Stage and its executor, None for an op by itself.
    """

    def __init__(self, plan, division, resources, config, make_executor):
        self.plan = plan
        self._resources = resources
        self._position = number_values(plan)
        stages, self._ahead = division
        self._seed = plan.nodes[0].op.graph.seed
        self._units = [_Unit(stage, self._position, resources, config, make_executor, self._seed)
                       for stage in stages]
        for unit, stage in zip(self._units, stages):
            for before in stage.before:
                self._units[before.number].after.append(unit)
        self.stages = [(stage, unit.executor) for stage, unit in zip(stages, self._units)]
        single = any(unit.step is not None and not unit.waits for unit in self._units)
        # Where each node is a stage, it takes variables when it runs; else the stages' executors do.
        self._starts = {self._position[v.start]: v for v in plan.variables} if single else {}
        self._waits = any(unit.step is not None for unit in self._units)
        self._again = kernels("waiting").AGAIN
        self._turns = Turns()
        self._feeds = [self._position[v] for v in plan.feeds]
        self._fetches = [self._position[v] for v in plan.fetches]
        # What a stage's executor made, and no kernel by itself had, is nobody else's.
        had = {i for unit in self._units if unit.step is not None for i in unit.inputs}
        made = {i for unit in self._units if unit.executor is not None for i in unit.outputs}
        self._fresh = {i for i in made - had if self._fetches.count(i) == 1}
        self._template = None

    def run(self, feeds):
        """Arrays of the plan's fetches, owned by the caller, given arrays for its feeds."""
        values, shares = (self._template or self._prepare())[:], Shares(self._resources.gate)
        for index, array in zip(self._feeds, feeds):
            values[index] = array
        if not self._waits:
            for unit in self._units:
                unit.run(values, shares)
            return self._results(values, feeds)
        missing = [unit.number_before for unit in self._units]
        ready = [unit for unit in self._units if not unit.number_before]
        with Wait(self._resources.waits) as wait:
            try:
                with self._turns.take() as turn:
                    self._run_stages(values, missing, ready, wait, shares, turn)
                if self._starts:
                    self._load_variables(self._fetches, values, shares)
                return self._results(values, feeds)
            except BaseException as error:
                self._blame(values, missing, error)
                _release(values)
                raise
            finally:
                shares.release()

    def _results(self, values, feeds):
        """The arrays of the plan's fetches, owned by the caller."""
        borrowed = [*feeds, *(values[i] for i in self._starts)]
        return [owned(values[i], (), ()) if i in self._fresh else owned(values[i], values, borrowed)
                for i in self._fetches]

    def cancel(self):
        """Stops the runs under way: their session is closed."""
        for unit in self._units:
            if unit.executor is not None:
                unit.executor.cancel()

    # ---- before the first run

    def _prepare(self):
        """The values that are the same in all runs: constants, handles."""
        values = [None] * len(self._position)
        for node in self._ahead:
            execute(Step(node, bind_kernel(node, self._resources, self._seed), self._position, self._resources),
                    values, Shares(self._resources.gate))
        self._template = values
        return values

    def _load_variables(self, positions, values, shares):
        """Takes the variables among `positions` that nobody in this run has read or written yet."""
        missing = []
        with shares.gate:
            for index in positions:
                variable = self._starts.get(index)
                if variable is not None and values[index] is None:
                    values[index] = shares.take(self._resources.slot(variable.key))
                    if values[index] is None and variable.must_exist:
                        missing.append(variable.op)
        if missing:
            failure.raise_uninitialized(missing)

    # ---- a run

    def _run_stages(self, values, missing, ready, wait, shares, turn):
        """Runs what is ready: plans first, then attempts that may wait, then functions of the user."""
        calls = []
        while ready or calls or wait.outstanding:
            begun = []
            while ready:
                unit = ready.pop(0)
                if self._starts:
                    self._load_variables(unit.inputs, values, shares)
                if unit.begin is not None:
                    begun.append(unit)
                elif unit.waits:
                    calls.append(unit)
                else:
                    unit.run(values, shares)
                    self._finished(unit, missing, ready)
            for unit in begun:
                inputs = unit.input_arrays(values)
                try:
                    wait.start(unit.op, unit.begin, inputs, unit)
                except Exception as error:  # noqa: BLE001 - leaves with the op's name and line
                    failure.raise_for(unit.op, error, inputs)
            if calls:
                unit = calls.pop(0)
                turn.leave()
                try:
                    unit.run(values, shares)
                finally:
                    turn.take()
            elif wait.outstanding:
                unit = self._ended(wait.next(turn), values, ready)
            else:
                unit = None
            if unit is not None:
                self._finished(unit, missing, ready)

    def _finished(self, unit, missing, ready):
        missing[unit.number] = -1
        for user in unit.after:
            missing[user.number] -= 1
            if not missing[user.number]:
                ready.append(user)

    def _ended(self, ticket, values, ready):
        """Takes the results of an attempt; the unit that has ended, or None if it is to begin again.

        A failure leaves with the op's name and line.
        """
        unit = ticket.stage
        inputs = unit.input_arrays(values)
        if ticket.error is not None:
            failure.raise_for(unit.op, ticket.error, inputs)
        try:
            results = unit.step.run.finish(ticket.result, *inputs)
        except Exception as error:  # noqa: BLE001 - leaves with the op's name and line
            failure.raise_for(unit.op, error, inputs)
        if results is self._again:
            ready.append(unit)
            return None
        for index, result in zip(unit.outputs, as_arrays(results)):
            values[index] = result
        return unit

    def _blame(self, values, missing, error):
        """Tells the queues that this run was to fill why it did not."""
        if not isinstance(error, Exception) or (isinstance(error, _NO_FAILURES) and error.__cause__ is None):
            return
        for unit in self._units:
            if unit.supplies and missing[unit.number] >= 0:
                handle = values[unit.inputs[0]]
                if handle is not None:
                    handle.item().note_failure(error)


def _release(values):
    """Gives back the locks that a run which failed has taken, and not released."""
    for value in values:
        if type(value) is np.ndarray and value.dtype == object and not value.ndim:
            release = getattr(value[()], "release", None)
            if release is not None:
                release()


class _Unit:
    """A stage, bound. Attributes: after: the units that wait for it; begin: for an op that may wait, how to
    start its attempt; waits: whether it is to run after all that is ready; op: the waiting op."""

    __slots__ = ("number", "number_before", "after", "step", "executor", "inputs", "outputs", "op", "begin", "waits",
                 "supplies")

    def __init__(self, stage, position, resources, config, make_executor, seed):
        self.number = stage.number
        self.number_before = len(stage.before)
        self.after = []
        self.inputs = [position[v] for v in stage.inputs]
        self.outputs = [position[v] for v in stage.outputs]
        self.step = self.executor = self.op = self.begin = None
        self.waits = self.supplies = False
        if stage.node is None:
            self.executor = make_executor(stage.plan, resources, config)
            return
        kernel = bind_kernel(stage.node, resources, seed, config)
        self.step = Step(stage.node, kernel, position, resources)
        self.op = stage.node.op
        self.begin = getattr(kernel, "begin", None)
        self.supplies = getattr(kernel, "supplies", False)
        self.waits = stage.node.blocking

    def input_arrays(self, values):
        """What the waiting op is given."""
        return [values[i] for i in self.inputs]

    def run(self, values, shares):
        """Runs the stage to its end in this thread."""
        if self.executor is None:
            execute(self.step, values, shares)
            return
        for index, result in zip(self.outputs, self.executor.run([values[i] for i in self.inputs])):
            values[index] = result if isinstance(result, np.ndarray) else as_arrays([result])[0]
