"""Executor: runs a plan, specialised to the shapes it is called with.

Native kernels run as one tape; what has none runs by its reference kernel in between. Plans that
declare or reshape variables or cannot write in place are left to the reference executor; those with ops
that may wait are divided (`staged.py`). State: recent specialisations by feed shapes, each with a pool
of frames.
"""

import collections
import os
import time
import weakref

from graphflow.compiler import pipeline
from graphflow.compiler.bodies import own_variables
from graphflow.compiler.body_shapes import Info
from graphflow.framework import collector, errors
from graphflow.framework.kernel_loader import kernels
from graphflow.runtime import deadlines, failure
from graphflow.runtime.evaluate import Evaluator
from graphflow.runtime.frame import Frame
from graphflow.runtime.reference import ReferenceExecutor
from graphflow.runtime.specialize import Specialization
from graphflow.runtime.staged import StagedExecutor

_MAX_SPECIALIZATIONS = 64
# Memory that idle frames may keep between runs; those of shapes not seen lately go first.
_IDLE_BYTES = 1 << 28
_POLL_SECONDS = 0.05


def make_executor(plan, resources, config=None):
    """The executor that runs `plan` in the session that owns `resources`."""
    if any(node.blocking for node in plan.nodes if node not in plan.dead):
        return StagedExecutor(plan, resources, config, make_executor)
    reference = os.environ.get("GRAPHFLOW_EXECUTOR") == "reference" or not plan.nodes
    if reference or not plan.is_specializable(own_variables(plan)):
        return ReferenceExecutor(plan, resources, config)
    return Executor(plan, resources, config)


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
        own = own_variables(plan)
        self._slots = {v: resources.slot(v.key) for v in plan.variables if v in own}
        self._config = config
        written = {w.variable for node in plan.nodes for w in node.writes}
        self._uses = [(slot, v in written) for v, slot in self._slots.items()]
        self._writes = bool(written)
        self._frames = weakref.WeakSet()
        self._cancelled = False
        self._entries = collections.OrderedDict()
        self._threads = (config.intra_op_parallelism_threads if config is not None else 0) or os.cpu_count() or 1
        # A seeded program must not change tiers between runs: it waits for its kernels.
        seeded = bool(plan.nodes) and plan.nodes[0].op.graph.seed is not None
        self._wait = seeded or os.environ.get("GRAPHFLOW_DETERMINISTIC") == "1"

    def run(self, feeds):
        """Arrays of the plan's fetches, owned by the caller, given arrays for its feeds."""
        key = tuple([array.shape for array in feeds])
        if not self._slots:
            entry, frame = self._frame(key)
            result = frame.run(feeds, None)
        elif self._writes:
            with self._resources.gate:
                entry, frame = self._frame(key)
                result = frame.run(feeds, [slot.writable() if written else slot.value
                                           for slot, written in self._uses])
        else:
            result, entry, frame = self._read(key, feeds)
        if deadlines.any_open():
            deadlines.let_go(frame.cancel)
        if not frame.cancelled:
            entry.frames.append(frame)
        return result

    def _read(self, key, feeds):
        """A run that writes nothing holds the gate only while it takes the variables' arrays."""
        with self._resources.gate:
            entry, frame = self._frame(key)
            arrays = [slot.share() for slot, _ in self._uses]
        try:
            return frame.run(feeds, arrays), entry, frame
        finally:
            with self._resources.gate:
                for (slot, _), array in zip(self._uses, arrays):
                    slot.unshare(array)

    def _frame(self, key):
        """The entry for these feed shapes, and a frame of it that nobody else uses."""
        entry = self._entry(key)
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
        for entry in reversed(list(self._entries.values())):
            for frame in list(entry.frames):
                left -= frame.nbytes
            if left < 0:
                entry.frames.clear()

    def cancel(self):
        """Stops the runs under way: their session is closed."""
        self._cancelled = True
        for frame in list(self._frames):
            frame.cancel()

    def specialization(self, feeds):
        """The Specialization that serves these feed arrays."""
        with self._resources.gate:
            return self._entry(tuple([array.shape for array in feeds])).spec

    def profile(self, feeds):
        """(Specialization, seconds per step); variables are as before afterwards."""
        with self._resources.gate:
            spec = self.specialization(feeds)
            arrays = [slot.value.copy() for slot, _ in self._uses]
            return spec, Frame(spec, self._resources).profile(feeds, arrays)

    def _entry(self, key):
        """The entry for these feed shapes, made anew if variables changed shape or tiers are ready."""
        entry = self._entries.get(key)
        if entry is not None and (not entry.spec.pending or not self._compiled(entry)):
            for (slot, _), shape in zip(self._uses, entry.shapes):
                if slot.value is None or slot.value.shape != shape:
                    break
            else:
                if len(self._entries) > 1:
                    self._entries.move_to_end(key)
                return entry
        self._check_variables()
        with collector.paused():
            shapes = {v: slot.value.shape for v, slot in self._slots.items()}
            seed = self.plan.nodes[0].op.graph.seed
            shaped = pipeline.shape(self.plan, [Info(s) for s in key], shapes, Evaluator(self._resources, seed))
            spec = Specialization(shaped, list(self._slots), self._resources, self._threads, self._wait, self._config)
        entry = self._entries[key] = _Entry(spec, [slot.value.shape for slot, _ in self._uses])
        self._entries.move_to_end(key)
        while len(self._entries) > _MAX_SPECIALIZATIONS:
            self._entries.popitem(last=False)
        return entry

    def _check_variables(self):
        missing = [v.op for v, slot in self._slots.items() if slot.value is None]
        if missing:
            failure.raise_uninitialized(missing)
        for variable, slot in self._slots.items():
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
