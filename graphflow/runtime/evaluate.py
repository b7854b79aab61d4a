"""Computing a node now, by its reference kernel: for what the compiler finds to be constant.

Holds the session's resources; nothing is kept between calls.
"""

from graphflow.runtime import failure
from graphflow.runtime.reference import as_arrays, bind_kernel


class Evaluator:
    """Called with a node and arrays for its inputs, returns arrays of its outputs."""

    def __init__(self, resources, seed):
        self._resources = resources
        self._seed = seed

    def __call__(self, node, arrays):
        """Failures leave as tf.errors with the op's name and the user's line."""
        try:
            return as_arrays(bind_kernel(node, self._resources, self._seed)(*arrays))
        except Exception as error:  # noqa: BLE001 - leaves with the op's name and line
            failure.raise_for(node.op, error, arrays)

    def variable_shape(self, key):
        """Shape of the value that a variable has now, or None."""
        value = self._resources.slot(key).value
        return None if value is None else value.shape

    def fail(self, node, error, arrays):
        """Raises `error` as the failure of `node` on inputs like `arrays`."""
        failure.raise_for(node.op, error, arrays)
