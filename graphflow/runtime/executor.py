"""Executor: runs a plan, specialised to the shapes it is called with.

Native kernels run as one tape; what has none runs by its reference kernel in between. Plans that
declare or reshape variables, cannot write in place, or contain blocking ops are left to the
reference executor. State: recent specialisations by feed shapes, each with a pool of frames.
"""

import collections
import os
import time

from graphflow.framework import collector
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import failure
from graphflow.runtime.frame import Frame
from graphflow.runtime.reference import ReferenceExecutor
from graphflow.runtime.specialize import Specialization

_MAX_SPECIALIZATIONS = 16
_POLL_SECONDS = 0.05


def make_executor(plan, resources, config=None):
    """The executor that runs `plan` in the session that owns `resources`."""
    if os.environ.get("GRAPHFLOW_EXECUTOR") == "reference" or not _is_specializable(plan):
        return ReferenceExecutor(plan, resources)
    return Executor(plan, resources, config)


def _is_specializable(plan):
    if not plan.nodes or any(v.dtype.as_numpy_dtype is object for v in plan.feeds):
        return False
    for node in plan.nodes:
        if node.op_def.blocking or any(not w.in_place for w in node.writes):
            return False
    return all(v.must_exist for v in plan.variables)


class _Entry:
    """A specialisation, its idle frames, and the variables' shapes it was made for."""

    __slots__ = ("spec", "frames", "shapes", "next_poll")

    def __init__(self, spec, shapes):
        self.spec = spec
        self.frames = collections.deque()
        self.shapes = shapes
        self.next_poll = time.monotonic() + _POLL_SECONDS


class Executor:
    """Runs one plan in one session; safe for threads calling at once."""

    def __init__(self, plan, resources, config):
        self.plan = plan
        self._resources = resources
        self._gate = resources.gate
        self._slots = {v: resources.slot(v.key) for v in plan.variables}
        self._writes = any(node.writes for node in plan.nodes)
        self._entries = collections.OrderedDict()
        self._threads = (config.intra_op_parallelism_threads if config is not None else 0) or os.cpu_count() or 1
        # A seeded program must not change tiers between runs: it waits for its kernels.
        seeded = bool(plan.nodes) and plan.nodes[0].op.graph.seed is not None
        self._wait = seeded or os.environ.get("GRAPHFLOW_DETERMINISTIC") == "1"

    def run(self, feeds):
        """Arrays of the plan's fetches, owned by the caller, given arrays for its feeds."""
        key = tuple([array.shape for array in feeds])
        if not self._slots:
            return self._run(key, feeds)
        gate, writes = self._gate, self._writes
        gate.enter(writes)
        try:
            return self._run(key, feeds)
        finally:
            gate.leave(writes)

    def _run(self, key, feeds):
        entry = self._entries.get(key)
        if entry is None or entry.spec.pending or self._slots:
            entry = self._entry(key, entry)
        frames = entry.frames
        try:
            frame = frames.pop()
        except IndexError:
            with collector.paused():
                frame = Frame(entry.spec, self._slots, self._resources)
        result = frame.run(feeds)
        frames.append(frame)
        return result

    def specialization(self, feeds):
        """The Specialization that serves these feed arrays."""
        self._gate.enter(self._writes)
        try:
            key = tuple([array.shape for array in feeds])
            return self._entry(key, self._entries.get(key)).spec
        finally:
            self._gate.leave(self._writes)

    def profile(self, feeds):
        """(Specialization, seconds per step); variables are as before afterwards."""
        self._gate.enter(True)
        try:
            key = tuple([array.shape for array in feeds])
            spec = self._entry(key, self._entries.get(key)).spec
            saved = {slot: slot.value.copy() for slot in self._slots.values()}
            try:
                return spec, Frame(spec, self._slots, self._resources).profile(feeds)
            finally:
                for slot, value in saved.items():
                    slot.replace(value)
        finally:
            self._gate.leave(True)

    def _entry(self, key, entry):
        """The entry for these feed shapes, made anew if variables changed shape or tiers are ready."""
        for slot in self._slots.values():
            if slot.value is None:
                failure.raise_uninitialized([v.op for v, s in self._slots.items() if s.value is None])
        if entry is not None and entry.shapes == [s.value.shape for s in self._slots.values()]:
            if not entry.spec.pending or not self._compiled(entry):
                return entry
        with collector.paused():
            spec = Specialization(self.plan, key, self._slots, self._resources, self._threads, self._wait)
        entry = _Entry(spec, [s.value.shape for s in self._slots.values()])
        self._entries[key] = entry
        while len(self._entries) > _MAX_SPECIALIZATIONS:
            self._entries.popitem(last=False)
        return entry

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
