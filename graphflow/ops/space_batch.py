"""Dilated windows by ordinary ones: space moves into the batch, is worked on, and moves back.

What `tf.nn.convolution`, `tf.nn.pool` and depthwise convolutions share, with TensorFlow 1.15's ops. Holds
no state.
"""

import numpy as np

from graphflow.framework import dtypes, static_value
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor


def checked_strides_and_rates(count, strides, rates):
    """Both as arrays of `count` positive numbers (1 by default), not both above 1."""
    checked = []
    for name, values in (("dilation_rate", rates), ("strides", strides)):
        values = [1] * count if values is None else values
        if len(values) != count:
            raise ValueError(f"len({name})={len(values)} but should be {count}")
        values = np.array(values, np.int32)
        if np.any(values < 1):
            raise ValueError(f"all values of {name} must be positive")
        checked.append(values)
    rates, strides = checked
    if np.any(strides > 1) and np.any(rates > 1):
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return strides, rates


@tf_export("nn.with_space_to_batch")
def with_space_to_batch(input, dilation_rate, padding, op, filter_shape=None, spatial_dims=None,
                        data_format=None):
    """Applies `op(input, num_spatial_dims, padding)` with windows dilated by `dilation_rate`.

    Args:
      padding: "SAME" (then `filter_shape` must be given) or "VALID". spatial_dims: the dimensions that
        are dilated, by default those after the batch (and, for "NC..." formats, the channels).
    Raises ValueError if rates, dimensions or paddings are not of these kinds.
    """
    input = convert_to_tensor(input, name="input")
    rate = convert_to_tensor(dilation_rate, dtypes.int32, name="dilation_rate")
    if rate.shape.ndims != 1:
        raise ValueError("rate must be rank 1")
    if not rate.shape.is_fully_defined():
        raise ValueError("rate must have known shape")
    count = rate.shape[0].value
    axes = _axes(input, count, spatial_dims, data_format)
    known = static_value.constant_value(rate)
    if known is not None:
        if np.any(known < 1):
            raise ValueError("dilation_rate must be positive")
        if np.all(known == 1):
            return op(input, count, padding)
    base = _base_paddings(padding, filter_shape, count, rate if known is None else known)
    paddings, crops = tf.required_space_to_batch_paddings(
        input_shape=_sizes(input, axes), base_paddings=base, block_shape=rate)
    block = _for_all_axes(rate, 1, axes)
    moved = tf.space_to_batch_nd(input=input, block_shape=block, paddings=_for_all_axes(paddings, 0, axes))
    result = op(moved, count, "VALID")
    return tf.batch_to_space_nd(input=result, block_shape=block, crops=_for_all_axes(crops, 0, axes))


def _axes(input, count, spatial_dims, data_format):
    first = data_format is not None and data_format.startswith("NC")
    given = list(range(2 if first else 1, count + (2 if first else 1)) if spatial_dims is None else spatial_dims)
    axes = sorted({int(axis) for axis in given})
    if axes != given or any(axis < 1 for axis in axes):
        raise ValueError("spatial_dims must be a monotonically increasing sequence of positive integers")
    needed = axes[-1] if first else axes[-1] + 1
    if input.shape.ndims is not None and input.shape.ndims < needed:
        raise ValueError(f"input tensor must have rank {needed} at least")
    return axes


def _sizes(input, axes):
    """Sizes of the dimensions `axes`: a list if known, else a tensor."""
    static = input.get_shape()
    sizes = None if static.ndims is None else [static.as_list()[axis] for axis in axes]
    if sizes is None or None in sizes:
        dynamic = tf.shape(input)
        sizes = tf.stack([dynamic[axis] for axis in axes])
    return sizes


def _base_paddings(padding, filter_shape, count, rate):
    if padding == "VALID":
        return np.zeros([count, 2], np.int32)
    if padding != "SAME":
        raise ValueError(f"Invalid padding method {padding!r}")
    if filter_shape is None:
        raise ValueError("filter_shape must be specified for SAME padding")
    filter_shape = convert_to_tensor(filter_shape, name="filter_shape")
    known = static_value.constant_value(filter_shape)
    sizes = (filter_shape if known is None else known)[:count]
    extra = sizes + (sizes - 1) * (rate - 1) - 1
    start = extra // 2
    end = extra - start
    return tf.stack([[start[i], end[i]] for i in range(count)])


def _for_all_axes(values, fill, axes):
    """Rows of `values`, one per axis in `axes`, with rows of `fill` for the axes between 1 and the last."""
    known = static_value.constant_value(values)
    rows = values if known is None else known
    shape, dtype = values.get_shape().as_list()[1:], values.dtype.as_numpy_dtype
    parts, previous = [], 0
    for i, axis in enumerate(axes):
        if axis - 1 > previous:
            parts.append(np.full([axis - 1 - previous, *shape], fill, dtype))
        parts.append(rows[i:i + 1])
        previous = axis
    return tf.concat(parts, 0) if known is None else np.concatenate(parts)
