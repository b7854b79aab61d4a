"""`tf.contrib.framework.BoundedTensorSpec`: what a tensor may be, with bounds of its values. Specs are immutable."""

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.shapes import broadcast_shapes
from graphflow.framework.type_spec import TensorSpec


@tf_export("contrib.framework.BoundedTensorSpec")
class BoundedTensorSpec(TensorSpec):
    """A TensorSpec that says which values a tensor may have, both bounds included.

    Args: shape, dtype, name: see TensorSpec. minimum, maximum: numbers, or arrays that broadcast to the shape.
    Raises ValueError without bounds, or for bounds of a shape that doesn't fit.
    """

    def __init__(self, shape, dtype, minimum, maximum, name=None):
        super().__init__(shape, dtype, name)
        if minimum is None or maximum is None:
            raise ValueError(f"minimum and maximum must be provided; but saw '{minimum}' and '{maximum}'")
        self.minimum = self._bound("minimum", minimum)
        self.maximum = self._bound("maximum", maximum)

    def _bound(self, name, value):
        shape = np.shape(value)
        if self.shape.ndims is not None:
            try:
                broadcast_shapes(shape, tuple(self.shape.as_list()))
            except ValueError as error:
                raise ValueError(f"{name} is not compatible with shape. Message: {error!r}.") from error
        bound = np.array(value, dtype=self.dtype.as_numpy_dtype)
        bound.setflags(write=False)
        return bound

    @classmethod
    def from_spec(cls, spec):
        """The same shape, dtype and name, with the bounds that the spec has, by default those of the dtype."""
        dtype = dtypes.as_dtype(spec.dtype)
        return cls(spec.shape, dtype, getattr(spec, "minimum", dtype.min), getattr(spec, "maximum", dtype.max),
                   spec.name)

    def _fields(self):
        return self.shape, self.dtype, self.minimum, self.maximum, self.name

    def __eq__(self, other):
        return (type(self) is type(other) and (self.shape, self.dtype, self.name) == (
            other.shape, other.dtype, other.name) and np.allclose(self.minimum, other.minimum)
                and np.allclose(self.maximum, other.maximum))

    def __hash__(self):
        return hash((type(self), str(self.shape), self.dtype, self.name))

    def __repr__(self):
        return (f"BoundedTensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r}, "
                f"minimum={self.minimum!r}, maximum={self.maximum!r})")
