"""Feeds: from `feed_dict` to checked arrays.

A FeedSlot is bound once per fed tensor of a plan; its `convert` runs at every step. Arrays of the
right dtype are taken as they are (the engine never writes to them). Holds no values.
"""

import numpy as np

from graphflow.client import fetches
from graphflow.framework import dtypes, shapes, tensor_util
from graphflow.framework.tensor import Tensor


def feed_element(graph, key):
    """The Tensor that a `feed_dict` key stands for.

    Keys are tensors, variables, or names of tensors ("x:0"). Raises TypeError for anything else, ValueError for
    tensors that may not be fed.
    """
    try:
        element = graph.as_graph_element(key, allow_tensor=True, allow_operation=False)
    except (KeyError, TypeError, ValueError) as error:
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {error.args[0]}") from None
    if not graph.is_feedable(element):
        raise ValueError(f"Tensor {element} may not be fed.")
    return element


def flatten(feed_dict):
    """`feed_dict` as a list of (key, value), with sparse things taken apart and tuples zipped."""
    pairs = []
    for key, value in feed_dict.items():
        pairs.extend(_zipped(key, value))
    return pairs


def _zipped(key, value):
    """(key, value) of the parts of a key, which may be tuples of tuples."""
    if not isinstance(key, tuple):
        return fetches.feed_pairs(key, value)
    if not isinstance(value, (list, tuple)) or len(key) != len(value):
        raise ValueError(f"The feed_dict key {key!r} is a tuple, but its value does not match it: {value!r}")
    return [pair for k, v in zip(key, value, strict=True) for pair in _zipped(k, v)]


class FeedSlot:
    """How values for one fed tensor are checked and converted."""

    __slots__ = ("tensor", "numpy_dtype", "shape", "is_object", "_takes_floats")

    def __init__(self, tensor):
        self.tensor = tensor
        dtype = tensor.dtype.base_dtype
        self.is_object = dtype in (dtypes.string, dtypes.resource, dtypes.variant)
        self.numpy_dtype = np.dtype(object if self.is_object else dtype.as_numpy_dtype)
        self.shape = tensor._shape
        # Python floats for a float scalar need no checks: the commonest small feed.
        self._takes_floats = dtype in (dtypes.float32, dtypes.float64) and self.shape in ((), None)

    def convert(self, value):
        """`value` as an array of the tensor's dtype and a shape it may have.

        Raises TypeError for tensors and misfit dtypes, ValueError for misfit shapes or ragged lists.
        """
        if type(value) is float and self._takes_floats:
            return np.array(value, self.numpy_dtype)
        if type(value) is np.ndarray and value.dtype is self.numpy_dtype and not self.is_object:
            array = value
        else:
            array = self._as_array(value)
        shape = array.shape
        if shape != self.shape and not shapes.compatible(shape, self.shape):
            raise ValueError(f"Cannot feed value of shape {shape} for Tensor {self.tensor.name!r}, which has shape "
                             f"'{self.tensor.shape}'")
        return array

    def _as_array(self, value):
        name = self.tensor.name
        if isinstance(value, Tensor) or hasattr(value, "_as_graph_element"):
            raise TypeError("The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python "
                            "scalars, strings, lists, numpy ndarrays, or TensorHandles. For reference, the tensor "
                            f"object was {value} which was passed to the feed with key {self.tensor}.")
        dtype = self.tensor.dtype.base_dtype
        if type(value) is int and (dtype == dtypes.string or (
                dtype.is_integer and not dtype.min <= value <= dtype.max)):
            raise TypeError(f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type "
                            f"{dtype.name}. Try explicitly setting the type of the feed tensor to a larger type "
                            "(e.g. int64).")
        if dtype == dtypes.string:
            return self._strings(value)
        try:
            if self.is_object:
                return np.asarray(value, object)
            if value is None:
                raise ValueError("None is not a value")
            array = np.asarray(value)
            if array.dtype == object:
                raise ValueError("its rows have different lengths or it holds objects that are not numbers")
            if array.dtype.kind in "SU":
                raise ValueError("it holds strings")
            if array.dtype.kind == "c" and self.numpy_dtype.kind != "c":
                raise ValueError("it holds complex numbers")
            if array.dtype.kind in "iu" and self.numpy_dtype.kind in "iu":
                _check_range(array, self.numpy_dtype)
            with np.errstate(all="ignore"):
                return array.astype(self.numpy_dtype, copy=False)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"Cannot feed {type(value).__name__} for Tensor {name!r} of dtype {dtype.name} and shape "
                             f"{self.tensor.shape}: {error}") from None

    def _strings(self, value):
        try:
            return tensor_util.to_ndarray(value, dtypes.string)
        except (TypeError, ValueError) as error:
            raise ValueError(f"Cannot feed {type(value).__name__} for Tensor {self.tensor.name!r} of dtype string: "
                             f"{error}") from None


def _check_range(array, dtype):
    """Integers must fit: wrapping around in silence helps nobody."""
    if array.size and not np.can_cast(array.dtype, dtype):
        limits = np.iinfo(dtype)
        low, high = array.min(), array.max()
        if low < limits.min or high > limits.max:
            raise ValueError(f"{low if low < limits.min else high} does not fit into {dtype}")
