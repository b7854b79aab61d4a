"""Slices: `tensor[...]`, `tf.slice`, `tf.strided_slice` and assignment to slices of variables.

Holds no state. The arithmetic of strided slices is in `framework/strided.py`.
"""

import builtins
import sys

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes, strided
from graphflow.framework.api import export_value, lookup, tensor_operator, tf_export
from graphflow.framework.dimension import Dimension
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.tensor import Tensor
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones_like
from graphflow.ops.shape_ops import reshape
from graphflow.ops.shape_tensors import rank, shape

newaxis = None
export_value("newaxis", "graphflow.ops.slicing", "newaxis")

_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
_MASK_ATTRS = "; ".join(f"{mask}: int = 0" for mask in _MASKS)


def _slice_shape(c):
    given, begin, count = c.shape(0), c.value(1), c.shape_value(2)
    sizes = c.value(2)
    length = shapes.merge_dim(
        shapes.with_rank(c.shape(1), 1)[0], shapes.with_rank(c.shape(2), 1)[0]
    )
    if given is None:
        if length is None:
            return [None]
        given = (None,) * length
    elif length is not None:
        shapes.with_rank(given, length)
    if sizes is None:
        return [count or (None,) * len(given)]
    return [
        tuple(
            _slice_dim(i, given[i], None if begin is None else int(begin[i]), int(sizes[i]))
            for i in range(len(given))
        )
    ]


def _slice_dim(i, size, begin, count):
    if count < -1 or (begin is not None and begin < 0):
        raise ValueError(
            f"Expected begin >= 0 and size >= -1 in dimension {i}, got begin {begin} and "
            f"size {count}"
        )
    if count != -1:
        if size is not None and (begin or 0) + count > size:
            raise ValueError(
                f"Dimension {i}: begin {begin or 0} and size {count} exceed the dimension {size}"
            )
        return count
    if size is None or begin is None:
        return None
    if begin > size:
        raise ValueError(f"Dimension {i}: begin {begin} exceeds the dimension {size}")
    return size - begin


register_op(
    "Slice",
    inputs="input: T, begin: Index, size: Index",
    outputs="output: T",
    attrs="T: type; Index: {int32, int64}",
    shape=_slice_shape,
)


@RegisterGradient("Slice")
def _slice_grad(op, grad):
    """Zeros around `grad`: before as many as `begin` skips, after what is left."""
    given, begin = op.inputs[0], op.inputs[1]
    ndims, taken = rank(given), shape(op.outputs[0], out_type=begin.dtype.base_dtype)
    column = lookup("stack")([ndims, 1])
    before = reshape(begin, column)
    after = reshape(shape(given, out_type=begin.dtype.base_dtype) - taken - begin, column)
    return lookup("pad")(grad, lookup("concat")([before, after], 1)), None, None


@tf_export("slice")
def slice(input_, begin, size, name=None):
    """The block of `input_` that starts at `begin` and has `size` (-1: all that is left).

    Raises ValueError (InvalidArgumentError at run time) if the block is not inside the tensor.

    Example:
      >>> import graphflow as tf
      >>> tf.slice(tf.zeros([4, 5]), [1, 0], [2, -1]).shape
      TensorShape([Dimension(2), Dimension(5)])
    """
    return raw_ops.Slice(input_, begin, size, name=name)


def _strided_slice_shape(c):
    given = c.shape(0)
    begin, end, strides = c.value(1), c.value(2), c.value(3)
    length = None
    for i in (1, 2, 3):
        length = shapes.merge_dim(length, shapes.with_rank(c.shape(i), 1)[0])
    if given is None or length is None:
        return [None]
    return [strided.resolve(given, begin, end, strides, c.attrs, length).output_shape]


register_op(
    "StridedSlice",
    inputs="input: T, begin: Index, end: Index, strides: Index",
    outputs="output: T",
    attrs="T: type; Index: {int32, int64}; " + _MASK_ATTRS,
    shape=_strided_slice_shape,
)


def _masks(op):
    return {mask: op.get_attr(mask) for mask in _MASKS}


@RegisterGradient("StridedSlice")
def _strided_slice_grad(op, grad):
    begin, end, strides = op.inputs[1:]
    whole = shape(op.inputs[0], out_type=begin.dtype.base_dtype)
    return (
        raw_ops.StridedSliceGrad(whole, begin, end, strides, grad, **_masks(op)),
        None,
        None,
        None,
    )


register_op(
    "StridedSliceGrad",
    inputs="shape: Index, begin: Index, end: Index, strides: Index, dy: T",
    outputs="output: T",
    attrs="T: type; Index: {int32, int64}; " + _MASK_ATTRS,
    shape=lambda c: [c.shape_value(0)],
)


@RegisterGradient("StridedSliceGrad")
def _strided_slice_grad_grad(op, grad):
    begin, end, strides = op.inputs[1:4]
    return None, None, None, None, strided_slice(grad, begin, end, strides, **_masks(op))


_ASSIGN_ATTRS = "T: type; Index: {int32, int64}; " + _MASK_ATTRS
register_op(
    "StridedSliceAssign",
    inputs="ref: Ref(T), begin: Index, end: Index, strides: Index, value: T",
    outputs="output_ref: Ref(T)",
    attrs=_ASSIGN_ATTRS,
    shape=shapes.unchanged,
)
NotDifferentiable("StridedSliceAssign")
register_op(
    "TensorStridedSliceUpdate",
    inputs="input: T, begin: Index, end: Index, strides: Index, value: T",
    outputs="output: T",
    attrs=_ASSIGN_ATTRS,
    shape=shapes.unchanged,
)


@RegisterGradient("TensorStridedSliceUpdate")
def _tensor_strided_slice_update_grad(op, grad):
    """Nothing flows to what was overwritten."""
    begin, end, strides, value = op.inputs[1:]
    kept = raw_ops.TensorStridedSliceUpdate(
        grad, begin, end, strides, lookup("zeros_like")(value), **_masks(op)
    )
    taken = strided_slice(grad, begin, end, strides, **_masks(op))
    return kept, None, None, None, lookup("reshape")(taken, shape(value))


@tf_export("strided_slice")
def strided_slice(
    input_,
    begin,
    end,
    strides=None,
    begin_mask=0,
    end_mask=0,
    ellipsis_mask=0,
    new_axis_mask=0,
    shrink_axis_mask=0,
    var=None,
    name=None,
):
    """`input_[begin:end:strides]` per dimension; bit i of a mask changes what entry i means.

    Args:
      begin_mask, end_mask: the entry's begin (end) is ignored: the whole range on that side.
      ellipsis_mask: the entry stands for as many whole dimensions as needed (one bit at most).
      new_axis_mask: a new axis of size 1. shrink_axis_mask: take index `begin`, drop the axis.
      var: the variable that `input_` is the value of; the result then has `assign(value)`.
    """
    masks = {
        "begin_mask": begin_mask,
        "end_mask": end_mask,
        "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask,
        "shrink_axis_mask": shrink_axis_mask,
    }
    if strides is None:
        strides = ones_like(begin)
    result = raw_ops.StridedSlice(input_, begin, end, strides, **masks, name=name)
    parent = name

    def assign(val, name=None):
        """Assigns to this slice of the variable."""
        if var is None:
            raise ValueError("Sliced assignment is only supported for variables")
        return var._strided_slice_assign(
            begin=begin,
            end=end,
            strides=strides,
            value=val,
            **masks,
            name=parent + "_assign" if name is None else name,
        )

    result.assign = assign
    return result


_INDEX_ERROR = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
    "tf.int32/tf.int64 "
    "tensors are valid indices"
)


def _check_index(index):
    if isinstance(index, (int, Dimension)):
        return
    dtype = getattr(index, "dtype", None)
    if (
        dtype is None
        or dtypes.as_dtype(dtype).base_dtype not in (dtypes.int32, dtypes.int64)
        or (index.shape and len(index.shape) == 1)
    ):
        raise TypeError(f"{_INDEX_ERROR}, got {index!r}")


def _bound(value):
    """Whether one side of a Python slice says something."""
    return value is not None and (isinstance(value, Tensor) or value != sys.maxsize)


def _is_mask(spec):
    if isinstance(spec, (bool, np.bool_)):
        return True
    if isinstance(spec, Tensor):
        return spec.dtype.base_dtype == dtypes.bool
    return isinstance(spec, np.ndarray) and spec.dtype == bool


class _Index:
    """A Python index expression as begin, end, strides and masks."""

    def __init__(self, spec):
        self.begin, self.end, self.strides = [], [], []
        self.masks = dict.fromkeys(_MASKS, 0)
        for entry in spec:
            self._add(entry)

    def _add(self, entry):
        bit = 1 << len(self.begin)
        begin, end, stride = 0, 0, 1
        if isinstance(entry, builtins.slice):
            begin = self._side(entry.start, "begin_mask", bit)
            end = self._side(entry.stop, "end_mask", bit)
            if entry.step is not None:
                _check_index(entry.step)
                stride = entry.step
        elif entry is Ellipsis:
            self.masks["ellipsis_mask"] |= bit
        elif entry is newaxis:
            self.masks["new_axis_mask"] |= bit
        else:
            _check_index(entry)
            begin, end = entry, entry + 1
            self.masks["shrink_axis_mask"] |= bit
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(stride)

    def _side(self, value, mask, bit):
        if _bound(value):
            _check_index(value)
            return value
        self.masks[mask] |= bit
        return 0


@tensor_operator("__getitem__")
def get_item(tensor, slice_spec, var=None):
    """`tensor[slice_spec]`: integers, slices, `...`, None, scalar tensors, boolean masks."""
    if _is_mask(slice_spec):
        return lookup("boolean_mask")(tensor=tensor, mask=slice_spec)
    index = _Index(slice_spec if isinstance(slice_spec, (list, tuple)) else [slice_spec])
    stack = lookup("stack")
    with name_scope(
        None, "strided_slice", [tensor] + index.begin + index.end + index.strides
    ) as scope:
        if index.begin:
            packed = [stack(part) for part in (index.begin, index.end, index.strides)]
            if any(part.dtype == dtypes.int64 for part in packed):
                packed = [
                    part if part.dtype == dtypes.int64 else raw_ops.Cast(part, DstT=dtypes.int64)
                    for part in packed
                ]
        else:
            packed = [constant([], dtype=dtypes.int32)] * 3
        return strided_slice(tensor, *packed, **index.masks, var=var, name=scope)


def get_variable_item(var, slice_spec):
    """`variable[slice_spec]`; the result can be assigned to."""
    return get_item(var.value(), slice_spec, var)
