"""Executor: runs a plan, specialised to the shapes it is called with.

Native kernels run as one tape; what has none runs by its reference kernel in between. Plans that
declare or reshape variables or cannot write in place are left to the reference executor; those with ops
that may wait, or whose shapes depend on values, are divided (`staged.py`). State: recent specialisations
by feed shapes, each with a pool of frames.
"""

import collections
import contextlib
import itertools
import os
import time
import weakref

import numpy as np

from graphflow.compiler import pipeline, stages
from graphflow.compiler.bodies import own_variables
from graphflow.compiler.body_shapes import Info
from graphflow.framework import collector, errors
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import deadlines, failure
from graphflow.runtime.evaluate import Evaluator
from graphflow.runtime.frame import Frame
from graphflow.runtime.profile import profile
from graphflow.runtime.reference import ReferenceExecutor
from graphflow.runtime.specialize import Specialization
from graphflow.runtime.staged import StagedExecutor

# Specialisations that are kept: as many as have this many nodes together, within bounds.
_KEPT_NODES = 1 << 16
_KEPT_SPECIALIZATIONS = 64, 512
# After so many, one is made only for shapes that came before: they may be others at every run.
_MADE_AT_ONCE = 32
_REMEMBERED_SHAPES = 1 << 12
# Memory that idle frames may keep between runs; those of shapes not seen lately go first.
_IDLE_BYTES = 1 << 28
_POLL_SECONDS = 0.05


def make_executor(plan, resources, config=None):
    """The executor that runs `plan` in the session that owns `resources`."""
    if any(node.blocking for node in plan.nodes if node not in plan.dead):
        return StagedExecutor(plan, stages.divide(plan), resources, config, make_executor)
    reference = os.environ.get("GRAPHFLOW_EXECUTOR") == "reference" or not plan.nodes
    if reference or not plan.is_specializable(own_variables(plan)):
        return ReferenceExecutor(plan, resources, config)
    return Executor(plan, resources, config)


class _Entry:
    """A specialisation and its idle frames.

    Attributes: uses: (Slot, whether it is written) of the variables that frames are given; shapes: those that it was
    made for. missing: Slots of variables that had no value then: only bodies use them. used: when, in runs.
    """

    __slots__ = ("spec", "frames", "uses", "shapes", "missing", "used", "next_poll")

    def __init__(self, spec, uses, missing):
        self.spec = spec
        self.frames = collections.deque()
        self.uses = uses
        self.shapes = [slot.value.shape for slot, _ in uses]
        self.missing = missing
        self.used = 0
        self.next_poll = time.monotonic() + _POLL_SECONDS


class Executor:
    """Runs one plan in one session; safe for threads calling at once.

    Attribute: divided: the StagedExecutor that runs it instead, once its shapes turned out to depend on values.
    """

    def __init__(self, plan, resources, config):
        self.plan = plan
        self._resources = resources
        own = own_variables(plan)
        self._slots = {v: resources.slot(v.key) for v in plan.variables}
        self._own = {v: slot for v, slot in self._slots.items() if v in own}
        self._config = config
        self._written = {w.variable for node in plan.nodes for w in node.writes}
        self._frames = weakref.WeakSet()
        self._cancelled = False
        self.divided = None
        self._plain = None      # what runs shapes that come for the first time
        self._seen = set()
        self._entries = {}
        least, most = _KEPT_SPECIALIZATIONS
        self._kept = min(most, max(least, _KEPT_NODES // len(plan.nodes)))
        self._clock = itertools.count(1)
        self._threads = (config.intra_op_parallelism_threads if config is not None else 0) or os.cpu_count() or 1
        # A seeded program must not change tiers between runs: it waits for its kernels.
        seeded = bool(plan.nodes) and plan.nodes[0].op.graph.seed is not None
        self._wait = seeded or os.environ.get("GRAPHFLOW_DETERMINISTIC") == "1"

    def run(self, feeds):
        """Arrays of the plan's fetches, owned by the caller, given arrays for its feeds."""
        key = tuple([array.shape for array in feeds])
        entry = self._entries.get(key) or self._prepare(key)
        if entry is None:
            return self._run_otherwise(feeds)
        if not self._slots:
            entry, frame = self._frame(key, entry)
            result = frame.run(feeds, None)
        elif self._written:
            with self._resources.gate:
                entry, frame = self._frame(key, entry)
                result = frame.run(feeds, [slot.writable() if written else slot.value for slot, written in entry.uses])
        else:
            result, entry, frame = self._read(key, entry, feeds)
        if deadlines.any_open():
            deadlines.let_go(frame.cancel)
        if not frame.cancelled:
            entry.frames.append(frame)
        return result

    def _read(self, key, entry, feeds):
        """A run that writes nothing holds the gate only while it takes the variables' arrays."""
        with self._resources.gate:
            entry, frame = self._frame(key, entry)
            arrays = [slot.share() for slot, _ in entry.uses]
        try:
            return frame.run(feeds, arrays), entry, frame
        finally:
            with self._resources.gate:
                for (slot, _), array in zip(entry.uses, arrays):
                    slot.unshare(array)

    def _run_otherwise(self, feeds):
        """A run in stages or node by node; all of it sees the variables as one moment has them."""
        with self._resources.gate if self._slots else contextlib.nullcontext():
            return (self.divided or self._plain).run(feeds)

    def _frame(self, key, entry):
        """The entry for these feed shapes as it has to be now, and a frame of it that nobody else uses."""
        if not self._is_current(entry):
            with self._resources.gate:
                entry = self._specialize(key, self._shape(key))
        entry.used = next(self._clock)
        try:
            frame = entry.frames.pop()
        except IndexError:
            self._release_idle_frames()
            with collector.paused():
                frame = Frame(entry.spec, self._resources)
            self._frames.add(frame)
        if self._cancelled:
            frame.cancel()
        elif deadlines.any_open():
            deadlines.stop_at_deadline(frame.cancel)
        return entry, frame

    def _release_idle_frames(self):
        """Drops frames of shapes not seen lately, so that the idle ones stay within `_IDLE_BYTES`."""
        left = _IDLE_BYTES
        for entry in sorted(self._entries.values(), key=lambda entry: -entry.used):
            for frame in list(entry.frames):
                left -= frame.nbytes
            if left < 0:
                entry.frames.clear()

    def cancel(self):
        """Stops the runs under way: their session is closed."""
        self._cancelled = True
        for other in (self.divided, self._plain):
            if other is not None:
                other.cancel()
        for frame in list(self._frames):
            frame.cancel()

    def specialization(self, feeds):
        """The Specialization that serves these feed arrays; None if the plan is divided."""
        key = tuple([array.shape for array in feeds])
        with self._resources.gate:
            entry = self._entries.get(key) or self._prepare(key, rare=False)
            if entry is not None and not self._is_current(entry):
                entry = self._specialize(key, self._shape(key))
        return None if entry is None else entry.spec

    def latest(self):
        """(the Specialization that ran last, feeds of its shapes that are zero), or None before the first run."""
        if not self._entries:
            return None
        key, entry = max(self._entries.items(), key=lambda item: item[1].used)
        return entry.spec, [np.zeros(shape, feed.dtype.as_numpy_dtype) for shape, feed in zip(key, self.plan.feeds)]

    def profile(self, spec, feeds):
        """Seconds per step of one of its Specializations; variables are as before afterwards."""
        with self._resources.gate:
            arrays = [self._slots[v].value.copy() for v in spec.variables]
            return profile(spec, self._resources, feeds, arrays)

    # ---- specialisations

    def _prepare(self, key, rare=True):
        """A new entry for these feed shapes; None if the plan is divided, or they are too rare to be worth one."""
        with self._resources.gate:
            if self.divided is not None or rare and self._is_rare(key):
                return None
            shaped = self._shape(key)
            division = stages.divide_by_shapes(shaped)
            if division is None:
                return self._specialize(key, shaped)
            self.divided = StagedExecutor(self.plan, division, self._resources, self._config, make_executor)
            self._entries = {}
            return None

    def _is_rare(self, key):
        """Whether these shapes come for the first time, after many others did; a seeded program keeps its bits."""
        if self._wait or len(self._entries) < _MADE_AT_ONCE or key in self._seen:
            return False
        if len(self._seen) >= _REMEMBERED_SHAPES:
            self._seen.clear()
        self._seen.add(key)
        if self._plain is None:
            self._plain = ReferenceExecutor(self.plan, self._resources, self._config)
        return True

    def _is_current(self, entry):
        """Whether no variable changed its shape since, and no kernels are ready that the entry does without."""
        if entry.spec.pending and self._compiled(entry):
            return False
        for (slot, _), shape in zip(entry.uses, entry.shapes):
            if slot.value is None or slot.value.shape != shape:
                return False
        return not entry.missing or all(slot.value is None for slot in entry.missing)

    def _shape(self, key):
        """The ShapedPlan for these feed shapes and the variables as they are."""
        self._check_variables()
        with collector.paused():
            shapes = {v: slot.value.shape for v, slot in self._own.items()}
            seed = self.plan.nodes[0].op.graph.seed
            return pipeline.shape(self.plan, [Info(s) for s in key], shapes, Evaluator(self._resources, seed))

    def _specialize(self, key, shaped):
        """A new entry; the one that was used least recently goes if there are too many."""
        with collector.paused():
            spec = Specialization(shaped, list(self._own), self._resources, self._threads, self._wait, self._config)
        entry = _Entry(spec, [(self._slots[v], v in self._written) for v in spec.variables],
                       [slot for slot in self._slots.values() if slot.value is None])
        while len(self._entries) >= self._kept and key not in self._entries:
            del self._entries[min(self._entries, key=lambda other: self._entries[other].used)]
        self._entries[key] = entry
        return entry

    def _check_variables(self):
        missing = [v.op for v, slot in self._own.items() if slot.value is None]
        if missing:
            failure.raise_uninitialized(missing)
        for variable, slot in self._own.items():
            if slot.value.dtype != variable.numpy_dtype:
                raise errors.InvalidArgumentError(
                    variable.op.node_def, variable.op, f"Variable '{variable.op.name}' of dtype "
                    f"{variable.start.dtype.name} shares its storage with one of dtype {slot.value.dtype}")

    def _compiled(self, entry):
        """Whether the kernels that `entry` waited for are there by now (asked now and then)."""
        now = time.monotonic()
        if now < entry.next_poll:
            return False
        entry.next_poll = now + _POLL_SECONDS
        return all(function.ready() for function in entry.spec.pending)


def wait_for_kernels(timeout=None):
    """Waits until the kernels being compiled in the background are there (tests, benchmarks)."""
    kernels("cpu.native").wait_for_background(timeout)
