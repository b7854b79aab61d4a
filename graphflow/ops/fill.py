"""Tensors made from a rule: filled, counted, spaced.

Holds no state. Random tensors are in `random.py`, diagonals and identity matrices in `diagonal.py`.
"""

import functools
import math
import operator

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor import Tensor
from graphflow.framework.tensor_shape import TensorShape
from graphflow.ops.constant import constant
from graphflow.ops.shape_ops import reshape
from graphflow.ops.shape_tensors import shape_internal

# Larger tensors are filled at run time, so that graphs stay small on disk.
_MAX_CONSTANT = 1000


def _fill_shape(c):
    dims = c.value(0)
    if dims is not None and (dims < 0).any():
        raise ValueError("Fill dimensions must be >= 0")
    shapes.with_rank(c.shape(0), 1)
    shapes.with_rank(c.shape(1), 0)
    return [c.shape_value(0)]


register_op(
    "Fill",
    inputs="dims: index_type, value: T",
    outputs="output: T",
    attrs="T: type; index_type: {int32, int64} = int32",
    shape=_fill_shape,
)


@RegisterGradient("Fill")
def _fill_grad(op, grad):
    return None, lookup("reduce_sum")(grad)


@tf_export("fill")
def fill(dims, value, name=None):
    """A tensor of shape `dims` with every element equal to the scalar `value`.

    Raises ValueError (InvalidArgumentError at run time) for negative sizes.

    Example:
      >>> import graphflow as tf
      >>> tf.fill([2, 3], 9).shape
      TensorShape([Dimension(2), Dimension(3)])
    """
    return raw_ops.Fill(dims, value, name=name)


register_op("ZerosLike", inputs="x: T", outputs="y: T", attrs="T: type", shape=shapes.unchanged)
NotDifferentiable("ZerosLike")
register_op(
    "OnesLike",
    inputs="x: T",
    outputs="y: T",
    attrs="T: {bfloat16, half, float, double, int8, uint8, int16, uint16, int32, int64, complex64, "
    "complex128, bool}",
    shape=shapes.unchanged,
)
NotDifferentiable("OnesLike")


def _constant_if_small(value, shape, dtype, name):
    try:
        if isinstance(shape, (list, tuple)) and any(isinstance(d, Tensor) for d in shape):
            # TensorFlow tests the size of such a shape too, with ops that graphs then contain.
            _ = functools.reduce(operator.mul, shape) < _MAX_CONSTANT
            return None
        if np.prod(shape) < _MAX_CONSTANT:
            return constant(value, shape=shape, dtype=dtype, name=name)
    except TypeError:
        return None  # the shape is not known as numbers
    return None


def _filled(value, shape, dtype, scope):
    """A Const if the shape is known and small, else a Fill."""
    if not isinstance(shape, Tensor):
        try:
            small = _constant_if_small(value, shape, dtype, scope)
            if small is not None:
                return small
            shape = convert_to_tensor(TensorShape(shape), name="shape_as_tensor")
        except (TypeError, ValueError):
            shape = convert_to_tensor(shape, dtype=dtypes.int32)
    if not shape._shape:
        shape = reshape(shape, [-1])
    return fill(shape, constant(value, dtype=dtype), name=scope)


@tf_export("zeros")
def zeros(shape, dtype=dtypes.float32, name=None):
    """Zeros (False, empty strings); `shape` is a list, a TensorShape or an integer tensor."""
    dtype = dtypes.as_dtype(dtype).base_dtype
    with name_scope(name, "zeros", [shape]) as scope:
        zero = {dtypes.bool: False, dtypes.string: ""}.get(dtype, 0)
        return _filled(zero, shape, dtype, scope)


@tf_export("ones")
def ones(shape, dtype=dtypes.float32, name=None):
    """Ones (True) of a shape given as a list, a TensorShape or an integer tensor."""
    dtype = dtypes.as_dtype(dtype).base_dtype
    with name_scope(name, "ones", [shape]) as scope:
        return _filled(True if dtype == dtypes.bool else 1, shape, dtype, scope)


@tf_export("zeros_like")
def zeros_like(tensor, dtype=None, name=None, optimize=True):
    """Zeros with the shape of `tensor` and its dtype, or `dtype`.

    With `optimize`, a fully known static shape is used instead of the tensor.
    """
    dtype = None if dtype is None else dtypes.as_dtype(dtype).base_dtype
    with name_scope(name, "zeros_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        own = tensor.dtype.base_dtype
        if optimize and shapes.is_full(tensor._shape) and own != dtypes.variant:
            return zeros(tensor.shape, dtype=dtype or own, name=scope)
        if dtype is not None and dtype != own and dtype != dtypes.variant:
            return zeros(shape_internal(tensor, optimize=optimize), dtype=dtype, name=scope)
        return raw_ops.ZerosLike(tensor, name=scope)


@tf_export("ones_like")
def ones_like(tensor, dtype=None, name=None, optimize=True):
    """Ones with the shape of `tensor` and its dtype, or `dtype`."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        tensor = convert_to_tensor(tensor, name="tensor")
        wanted = shape_internal(tensor, optimize=optimize)
        result = ones(wanted, dtype=tensor.dtype if dtype is None else dtype, name=scope)
        result.set_shape(tensor.shape)
        return result


def range_size(start, limit, delta):
    """Number of elements of a range over NumPy scalars; ValueError if there is no such range."""
    if delta == 0:
        raise ValueError("Requires delta != 0")
    if delta > 0 and start > limit:
        raise ValueError(f"Requires start <= limit when delta > 0: {start}/{limit}")
    if delta < 0 and start < limit:
        raise ValueError(f"Requires start >= limit when delta < 0: {start}/{limit}")
    if isinstance(start, np.integer):
        start, limit, delta = int(start), int(limit), int(delta)
        return (abs(limit - start) + abs(delta) - 1) // abs(delta)
    return math.ceil(abs((limit - start) / delta))


def _range_shape(c):
    for given in c.shapes:
        shapes.with_rank(given, 0)
    values = [c.value(i) for i in (0, 1, 2)]
    if any(v is None for v in values):
        return [(None,)]
    return [(range_size(*(v[()] for v in values)),)]


register_op(
    "Range",
    inputs="start: Tidx, limit: Tidx, delta: Tidx",
    outputs="output: Tidx",
    attrs="Tidx: {bfloat16, float, double, int32, int64} = int32",
    shape=_range_shape,
)
NotDifferentiable("Range")


@tf_export("range")
def range(start, limit=None, delta=1, dtype=None, name="range"):
    """`start, start + delta, ...` up to, not including, `limit`; `range(n)` counts from 0.

    The dtype is `dtype`, or the widest of the arguments' (int32, int64, float32, float64).
    Raises ValueError if `delta` is 0 or has the wrong sign.

    Example:
      >>> import graphflow as tf
      >>> tf.range(3, 18, 3).shape
      TensorShape([Dimension(5)])
    """
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "Range", [start, limit, delta]) as scope:
        dtype = None if dtype is None else dtypes.as_dtype(dtype)
        parts = [
            convert_to_tensor(value, dtype=dtype, name=what)
            for value, what in ((start, "start"), (limit, "limit"), (delta, "delta"))
        ]
        if dtype is None:
            parts = _widest(parts)
        return raw_ops.Range(*parts, name=scope)


def _widest(parts):
    order = [dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64]
    found = [part.dtype.base_dtype for part in parts]
    for dtype in found:
        if dtype not in order:
            raise TypeError(f"tf.range needs its dtype argument for arguments of type {dtype.name}")
    widest = max(found, key=order.index)
    return [
        part if dtype == widest else raw_ops.Cast(part, DstT=widest)
        for part, dtype in zip(parts, found)
    ]


def _lin_space_shape(c):
    for given in c.shapes:
        shapes.with_rank(given, 0)
    num = c.value(2)
    if num is None:
        return [(None,)]
    if num <= 0:
        raise ValueError(f"Requires num > 0: {num}")
    return [(int(num),)]


register_op(
    "LinSpace",
    inputs="start: T, stop: T, num: Tidx",
    outputs="output: T",
    attrs="T: {bfloat16, half, float, double}; Tidx: {int32, int64} = int32",
    shape=_lin_space_shape,
)
NotDifferentiable("LinSpace")


@tf_export("linspace", "lin_space")
def linspace(start, stop, num, name=None):
    """`num` evenly spaced values from `start` to `stop`, both included."""
    return raw_ops.LinSpace(start, stop, num, name=name)
