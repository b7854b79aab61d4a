"""What a layer expects of its inputs: `tf.layers.InputSpec`, and the check. Holds no state."""

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.tensor_shape import dimension_value


@tf_export("layers.InputSpec")
class InputSpec:
    """Rank, dtype and sizes that an input of a layer must have; None allows anything.

    Args: dtype, shape (None for free dimensions), ndim, max_ndim, min_ndim, axes: dict from dimension to size.
    Raises TypeError or ValueError for `axes` that are no integers, or don't fit `ndim`.
    """

    def __init__(self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None):
        self.dtype = None if dtype is None else dtypes.as_dtype(dtype).name
        self.shape = shape
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        try:
            self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        except (ValueError, TypeError):
            raise TypeError("The keys in axes must be integers.") from None
        if self.axes and (self.ndim is not None or max_ndim is not None):
            limit = (self.ndim or max_ndim) - 1
            if max(self.axes) > limit:
                raise ValueError(f"Axis {max(self.axes)} is greater than the maximum allowed value: {limit}")

    def __repr__(self):
        parts = (f"{name}={getattr(self, name)}"
                 for name in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes") if getattr(self, name))
        return f"InputSpec({', '.join(parts)})"


def assert_input_compatibility(specs, inputs, layer_name):
    """Raises ValueError if the tensors `inputs` are not what `specs` (one, a list or None) ask for."""
    if not specs:
        return
    specs = list(specs) if isinstance(specs, (list, tuple)) else [specs]
    if len(inputs) != len(specs):
        raise ValueError(f"Layer {layer_name} expects {len(specs)} inputs, but it received {len(inputs)} input "
                         f"tensors. Inputs received: {inputs}")
    for index, (tensor, spec) in enumerate(zip(inputs, specs)):
        if spec is not None:
            problem = _problem(spec, tensor)
            if problem:
                raise ValueError(f"Input {index} of layer {layer_name} is incompatible with the layer: {problem}")


def _problem(spec, tensor):
    """What is wrong with `tensor`, or None."""
    rank = tensor.shape.ndims
    if rank is None:
        ranks = (spec.ndim, spec.min_ndim, spec.max_ndim)
        unfit = any(value is not None for value in ranks)
        return "its rank is undefined, but the layer requires a defined rank." if unfit else None
    sizes = tensor.shape.as_list()
    if spec.ndim is not None and rank != spec.ndim:
        return f"expected ndim={spec.ndim}, found ndim={rank}. Full shape received: {sizes}"
    if spec.max_ndim is not None and rank > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={rank}"
    if spec.min_ndim is not None and rank < spec.min_ndim:
        return f": expected min_ndim={spec.min_ndim}, found ndim={rank}. Full shape received: {sizes}"
    if spec.dtype is not None and tensor.dtype != dtypes.as_dtype(spec.dtype):
        return f"expected dtype={spec.dtype}, found dtype={tensor.dtype}"
    for axis, size in spec.axes.items():
        size = dimension_value(size)
        if size is not None and sizes[axis] not in (size, None):
            return (f"expected axis {axis} of input shape to have value {size} but received input with shape "
                    f"{sizes}")
    if spec.shape is not None and any(
            wanted is not None and size is not None and wanted != size for wanted, size in zip(spec.shape, sizes)):
        return f"expected shape={spec.shape}, found shape={sizes}"
    return None
