"""What distributions of scalars share whose float parameters broadcast with each other. Holds no state."""

import functools

from graphflow.distributions.base import FULLY_REPARAMETERIZED, Distribution
from graphflow.framework import public as tf
from graphflow.framework.api import lookup
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.tensor_shape import TensorShape


class Parametrised(Distribution):
    """Distribution of scalars; `_take` makes the tensors of its parameters."""

    _reparameterized = FULLY_REPARAMETERIZED

    def _take(self, name, arguments, check, **values):
        """Sets `_key` for each of `values`. `check()` gives the assertions of `validate_args`.

        Raises ValueError if they aren't of one floating dtype.
        """
        with name_scope(name, values=list(values.values())) as name:
            with control_dependencies(check() if arguments["validate_args"] else []):
                tensors = {key: tf.identity(value, name=key) for key, value in values.items()}
            dtype = lookup("assert_same_float_dtype")(tensors.values())
        for key, tensor in tensors.items():
            setattr(self, "_" + key, tensor)
        self._tensors = list(tensors.values())
        super().__init__(dtype, self._reparameterized, arguments["validate_args"], arguments["allow_nan_stats"],
                         arguments, graph_parents=self._tensors, name=name)

    def _event_shape(self):
        return TensorShape([])

    def _batch_shape(self):
        return functools.reduce(lookup("broadcast_static_shape"), [tensor.shape for tensor in self._tensors])

    def _batch_shape_tensor(self):
        return functools.reduce(lookup("broadcast_dynamic_shape"), [tf.shape(tensor) for tensor in self._tensors])

    def _wide(self, tensor):
        """`tensor` with the batch's shape."""
        return tensor + tf.zeros(self.batch_shape_tensor(), tensor.dtype)

    def _full(self, n):
        """Shape [n, batch...]."""
        return tf.concat([[n], self.batch_shape_tensor()], 0)


def arguments_of(values):
    """The arguments of a constructor, of its `locals()`."""
    return {key: value for key, value in values.items() if key not in ("self", "__class__")}
