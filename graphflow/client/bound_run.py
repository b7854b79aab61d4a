"""BoundRun: one way of calling a session, ready to be repeated.

Ties feed conversion, an executor and the rebuilding of the user's structure together. State: none
that changes between runs; executors keep their own.
"""

from graphflow.compiler import pipeline
from graphflow.framework import collector, dtypes
from graphflow.runtime import deadlines
from graphflow.runtime.devices import device_counts
from graphflow.runtime.executor import make_executor


class BoundRun:
    """Runs one (fetches, feeds) combination of one session."""

    __slots__ = ("executor", "rebuild", "_execute", "_converters", "_order")

    def __init__(self, executor, slots, rebuild, order, timeout_in_ms=0):
        """`order`: for each feed of the executor, its number among `slots`."""
        self.executor = executor
        self.rebuild = rebuild
        self._order = None if order == list(range(len(order))) else order
        self._execute = executor.run if timeout_in_ms <= 0 else _limited(executor.run, timeout_in_ms)
        self._converters = [slot.convert for slot in slots]

    def run(self, values):
        """The result for feed `values`, in the order of the fed tensors."""
        arrays = [convert(value) for convert, value in zip(self._converters, values)]
        if self._order is not None:
            arrays = [arrays[i] for i in self._order]
        return self.rebuild(self._execute(arrays))

    @staticmethod
    def make_executor(session, tensors, operations, fed):
        """Lowers and binds an executor for these graph elements in `session`."""
        config = session._config
        soft = config.allow_soft_placement if config is not None else False
        with collector.paused():
            plan = pipeline.lower(tensors, operations, list(fed), device_counts(config), soft)
        if config is not None and config.log_device_placement:
            _log_placement(plan)
        executor = make_executor(plan, session._resources, config)
        return executor if not any(map(_is_handle, tensors)) else _WithoutResults(executor, tensors)


def _limited(run, timeout_in_ms):
    """`run` with the session's time limit, unless the call has one of its own."""
    def limited(arrays):
        if deadlines.current() is not None:
            return run(arrays)
        with deadlines.limit(timeout_in_ms):
            return run(arrays)

    return limited


def _log_placement(plan):
    import sys

    from graphflow.compiler.place import placement_log

    print("\n".join(placement_log(node.op for node in plan.nodes)), file=sys.stderr)


def _is_handle(tensor):
    return tensor.dtype.base_dtype in (dtypes.variant, dtypes.resource)


class _WithoutResults:
    """An executor of which handles are fetched: they have no value outside, but what makes them may fail first."""

    def __init__(self, executor, tensors):
        self._executor = executor
        self._tensor = next(filter(_is_handle, tensors))

    def run(self, feeds):
        """Runs the plan, then raises TypeError."""
        self._executor.run(feeds)
        raise TypeError(f"Tensor {self._tensor.name!r} of dtype {self._tensor.dtype.base_dtype.name} has no value "
                        "outside of the session")

    def cancel(self):
        """Stops the runs under way."""
        self._executor.cancel()
