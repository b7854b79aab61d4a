"""Functions of datasets: body graphs called by kernels, element by element.

A `Function` is lowered once and runs as a compiled plan, outside of the session's gate, in any thread. Each
pass through a dataset has an executor of its own, and random streams of its own, so that an iterator that
starts over draws the same numbers again. Threads of datasets hold functions, and so these hold their session
by weak references only: one that is dropped goes, and its datasets' threads with it.

State: the plan; per pass the executor, which the pass keeps.
"""

import weakref

import numpy as np

from graphflow.compiler import pipeline
from graphflow.framework import errors
from graphflow.runtime.devices import device_counts


class Function:
    """A body graph as a function.

    Args: body: a FuncGraph. resources: the session's. config: the session's ConfigProto, or None.
    """

    def __init__(self, body, resources, config=None):
        self._body, self._config = body, config
        self._session = resources._session if isinstance(resources, _PassResources) else weakref.ref(resources)
        self._plan = None
        self._captured = ()
        self._dtypes = [tensor.dtype.base_dtype.as_numpy_dtype for tensor in body.outputs]

    @property
    def arguments(self):
        """How many arguments it takes, captured tensors not counted."""
        return len(self._body.inputs)

    @property
    def blocking(self):
        """Whether a call may wait for another, or runs code of the user; known once it has been started."""
        return any(node.blocking for node in self._plan.nodes)

    def start(self, run):
        """What calls the function in the Pass `run`: `call(*captured, *arguments)` returns a list of arrays.

        `captured` are the values of all the body's captured tensors. Errors are tf.errors with the name and the
        line of the operation that failed.
        """
        executor = run.get(("executor", self), lambda: self._executor(run))
        taken, count, dtypes = self._captured, len(self._body.captures), self._dtypes

        def call(*values):
            results = executor.run([*values[count:], *[values[i] for i in taken]])
            return [value if type(value) is np.ndarray else _boxed(value, dtype)
                    for value, dtype in zip(results, dtypes)]

        return call

    def _executor(self, run):
        from graphflow.runtime.executor import make_executor

        if self._plan is None:
            soft = self._config.allow_soft_placement if self._config is not None else False
            plan, captured = pipeline.lower_body(self._body, device_counts(self._config), soft)
            places = {tensor: i for i, tensor in enumerate(self._body.captures)}
            self._captured = [places[tensor] for tensor in captured]
            self._plan = plan
        return make_executor(self._plan, _PassResources(self, self._session, run), self._config)


def _boxed(value, dtype):
    """What executors return for a scalar, as an array again."""
    array = np.empty((), dtype)
    array[()] = value
    return array


class _PassResources:
    """The session's resources (a weak reference to them), but random streams of one function in one pass."""

    def __init__(self, function, session, run):
        self._function, self._session, self._run = function, session, run

    def get(self, key, factory):
        """The resource `key`, made by `factory()` when first asked for."""
        if key[0] == "rng":
            return self._run.get((self._function, key), factory)
        return self.__getattr__("get")(key, factory)

    def __getattr__(self, name):
        session = self._session()
        if session is None:
            raise errors.CancelledError(None, None, "The session of this dataset is gone")
        return getattr(session, name)
