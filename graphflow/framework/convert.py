"""Turning Python values into tensors of the graph.

State: conversion functions registered by type (variables and users' own classes), in order of
priority. Plain values become Const nodes.
"""

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework.api import tf_export
from graphflow.framework.tensor import IndexedSlices, Tensor, TensorLike

_FUNCTIONS = []  # (priority, order, type or tuple of types, function), sorted


@tf_export("register_tensor_conversion_function")
def register_tensor_conversion_function(base_type, conversion_func, priority=100):
    """Registers `conversion_func(value, dtype=None, name=None, as_ref=False)` for `base_type`.

    The function returns a Tensor, or NotImplemented to leave the value to the next one. Lower
    priority runs first.
    """
    if not callable(conversion_func):
        raise TypeError("conversion_func must be callable.")
    if not isinstance(base_type, (type, tuple)):
        raise TypeError("base_type must be a type or a tuple of types.")
    _FUNCTIONS.append((priority, len(_FUNCTIONS), base_type, conversion_func))
    _FUNCTIONS.sort(key=lambda entry: entry[:2])


@tf_export("convert_to_tensor")
def convert_to_tensor(value, dtype=None, name=None, preferred_dtype=None, dtype_hint=None, as_ref=False):
    """Converts `value` (Tensor, variable, array, number, string, nested list) to a Tensor.

    Args:
      dtype: the required DType, or None to infer it. name: of the Const made, if any.
      preferred_dtype: tried first when `dtype` is None.
    Raises TypeError if there is no conversion to `dtype`, ValueError for a malformed value.
    """
    dtype = None if dtype is None else dtypes.as_dtype(dtype)
    if type(value) is Tensor or isinstance(value, Tensor):
        if dtype is not None and not dtype.is_compatible_with(value.dtype):
            raise ValueError(f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype "
                             f"{value.dtype.name}: {str(value)!r}")
        return value
    preferred = preferred_dtype if preferred_dtype is not None else dtype_hint
    if dtype is None and preferred is not None:
        try:
            result = _convert(value, dtypes.as_dtype(preferred), name, as_ref)
        except (TypeError, ValueError):
            result = None  # the preference is only a wish
        if result is not None:
            return result
    return _convert(value, dtype, name, as_ref)


def _convert(value, dtype, name, as_ref):
    for _, _, base_type, function in _FUNCTIONS:
        if isinstance(value, base_type):
            result = function(value, dtype=dtype, name=name, as_ref=as_ref)
            if result is not NotImplemented:
                return result
    if isinstance(value, (list, tuple)) and _contains_tensor(value):
        return _pack(value, dtype, name)
    return _constant(value, dtype, name)


def _constant(value, dtype, name):
    from graphflow.framework import apply_op, tensor_util
    from graphflow.framework.dimension import Dimension
    from graphflow.framework.tensor_shape import TensorShape

    if isinstance(value, TensorShape):
        value, dtype = _shape_value(value, dtype)
    elif isinstance(value, Dimension):
        value, dtype = _dimension_value(value, dtype)
    if isinstance(value, TensorLike):
        raise TypeError(f"Failed to convert {type(value).__name__} to a Tensor: {value}")
    array = tensor_util.to_ndarray(value, dtype)
    return apply_op.constant_node(array, name or "Const")


def _shape_value(value, dtype):
    if not value.is_fully_defined():
        raise ValueError(f"Cannot convert a partially known TensorShape to a Tensor: {value}")
    sizes = value.as_list()
    if dtype is None:
        dtype = dtypes.int64 if any(d >= 2**31 for d in sizes) else dtypes.int32
    elif dtype not in (dtypes.int32, dtypes.int64):
        raise TypeError(f"Cannot convert a TensorShape to dtype: {dtype.name}")
    return np.array(sizes, dtype.as_numpy_dtype), dtype


def _dimension_value(value, dtype):
    if value.value is None:
        raise ValueError(f"Cannot convert an unknown Dimension to a Tensor: {value}")
    if dtype not in (None, dtypes.int32, dtypes.int64):
        raise TypeError(f"Cannot convert a Dimension to dtype: {dtype.name}")
    return value.value, dtype or dtypes.int32


def _contains_tensor(value):
    """Whether a nested list or tuple holds something that lives in a graph."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, (list, tuple)):
            stack.extend(item)
        elif isinstance(item, Tensor) or hasattr(item, "_as_graph_element") or _has_conversion(item):
            return True
    return False


def _has_conversion(item):
    return any(isinstance(item, base_type) for _, _, base_type, _ in _FUNCTIONS) if _FUNCTIONS else False


def _pack(value, dtype, name):
    """A list holding tensors becomes (nested) Pack nodes of one dtype."""
    from graphflow.framework import raw_ops

    found = _first_dtype(value)
    if dtype is None:
        dtype = found
    return _pack_level(raw_ops, value, dtype, found, name or "packed")


def _pack_level(raw_ops, value, dtype, found, name):
    """One nesting level: a Pack node if there is a tensor below, else the list itself."""
    from graphflow.framework import scopes

    with scopes.get_default_graph().name_scope(name) as scope:
        parts = [_pack_item(raw_ops, item, dtype, found, f"{i}") for i, item in enumerate(value)]
        if not any(isinstance(part, Tensor) for part in parts):
            return value
        parts = [part if isinstance(part, Tensor) else convert_to_tensor(part, dtype, name=f"{i}")
                 for i, part in enumerate(parts)]
        return raw_ops.Pack(parts, name=scope)


def _pack_item(raw_ops, item, dtype, found, name):
    if isinstance(item, (list, tuple)):
        return _pack_level(raw_ops, item, dtype, found, name)
    if not (isinstance(item, Tensor) or hasattr(item, "_as_graph_element") or _has_conversion(item)):
        return item
    part = convert_to_tensor(item)
    if part.dtype.base_dtype == dtype:
        return part
    if dtype == found:
        raise TypeError(f"Cannot convert a list containing a tensor of dtype {part.dtype.base_dtype} to "
                        f"{dtype} (Tensor is: {item!r})")
    return raw_ops.Cast(part, DstT=dtype, name="Cast")


def _first_dtype(value):
    stack = [value]
    while stack:
        item = stack.pop(0)
        if isinstance(item, (list, tuple)):
            stack[:0] = item
        elif hasattr(item, "dtype") and not isinstance(item, (np.ndarray, np.generic)):
            return dtypes.as_dtype(item.dtype).base_dtype
    return None


@tf_export("convert_to_tensor_or_indexed_slices")
def convert_to_tensor_or_indexed_slices(value, dtype=None, name=None):
    """Like `convert_to_tensor`, but lets IndexedSlices pass (also a SparseTensor)."""
    if isinstance(value, TensorLike):
        if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(f"Tensor conversion requested dtype {dtypes.as_dtype(dtype).name} for "
                             f"{type(value).__name__} with dtype {value.dtype.name}")
        return value
    return convert_to_tensor(value, dtype, name)


def convert_n_to_tensor(values, dtype=None, name=None, preferred_dtype=None, as_ref=False):
    """Converts each of `values`; tensors made are named `name_0`, `name_1`, ..."""
    if not isinstance(values, (list, tuple)):
        raise TypeError("values must be a list.")
    return [
        convert_to_tensor(value, dtype, None if name is None else f"{name}_{i}", preferred_dtype, as_ref=as_ref)
        for i, value in enumerate(values)
    ]


def convert_n_to_tensor_or_indexed_slices(values, dtype=None, name=None):
    """`convert_to_tensor_or_indexed_slices` of each; None stays None."""
    return [
        None if value is None
        else convert_to_tensor_or_indexed_slices(value, dtype, None if name is None else f"{name}_{i}")
        for i, value in enumerate(values)
    ]


def _indexed_slices_to_tensor(value, dtype=None, name=None, as_ref=False):
    from graphflow.framework import raw_ops

    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with dtype {value.dtype.name}")
    if value.dense_shape is None:
        raise ValueError(f"Tensor conversion requested for IndexedSlices without dense_shape: {value}")
    return raw_ops.UnsortedSegmentSum(value.values, value.indices, value.dense_shape[0], name=name)


register_tensor_conversion_function(IndexedSlices, _indexed_slices_to_tensor)
