"""Tensors that are checked, and made to fit each other: `tf.contrib.framework.with_shape` and the like. No state."""

import numpy as np

import graphflow as tf
from graphflow.framework.api import tf_export
from graphflow.ops import weights_broadcast


@tf_export("contrib.framework.reduce_sum_n")
def reduce_sum_n(tensors, name=None):
    """The sum of all elements of all tensors in a list; ValueError if it is empty."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with tf.name_scope(name, "reduce_sum_n", tensors) as scope:
        sums = [tf.reduce_sum(tensor, name=f"{tensor.op.name}/sum") for tensor in tensors]
        return sums[0] if len(sums) == 1 else tf.add_n(sums, name=scope)


@tf_export("contrib.framework.remove_squeezable_dimensions")
def remove_squeezable_dimensions(predictions, labels, name=None):
    """(predictions, labels), of which the one with a dimension of one more than the other loses it."""
    labels, predictions = weights_broadcast.remove_squeezable_dimensions(labels, predictions, name=name)
    return predictions, labels


@tf_export("contrib.framework.assert_scalar_int")
def assert_scalar_int(tensor, name=None):
    """`tensor`; ValueError unless it is a scalar of integers."""
    with tf.name_scope(name, "assert_scalar_int", [tensor]) as scope:
        tensor = tf.convert_to_tensor(tensor)
        if not tensor.dtype.base_dtype.is_integer:
            raise ValueError(f"Expected integer type for {tensor.name}, received type: {tensor.dtype}.")
        return tf.assert_scalar(tensor, name=scope)


@tf_export("contrib.framework.with_same_shape")
def with_same_shape(expected_tensor, tensor):
    """`with_shape` for the shape of another tensor."""
    with tf.name_scope(f"{tensor.op.name}/", values=[expected_tensor, tensor]):
        shape = expected_tensor.shape
        expected = shape.as_list() if shape.is_fully_defined() else tf.shape(expected_tensor, name="expected_shape")
        return with_shape(expected, tensor)


@tf_export("contrib.framework.with_shape")
def with_shape(expected_shape, tensor):
    """`tensor`, of this shape: if that is not known yet, a run finds out, or raises InvalidArgumentError.

    Args: expected_shape: list, array or tensor of int32, in which -1 is any size; TensorShape.
    Returns the tensor, or one behind the check. A tensor of one element becomes a scalar if that is expected.
    Raises ValueError for another shape, and for what is no shape.
    """
    if isinstance(tensor, tf.SparseTensor):
        raise ValueError("SparseTensor not supported.")  # noqa: TRY004 - TensorFlow's class
    expected = _as_shape(expected_shape, tensor)
    unknown_yet = tf.contrib.framework.is_tensor(expected)
    scalar = not unknown_yet and len(expected) == 0
    known = tensor.shape.is_fully_defined() and not unknown_yet
    if known and tensor.shape.is_compatible_with(expected):
        return tensor
    if known and not (scalar and tensor.shape.is_compatible_with([1])):
        raise ValueError(f"Invalid shape for tensor {tensor.name}, expected {expected}, got {tensor.shape}.")
    with tf.name_scope(f"{tensor.op.name}/", values=[tensor]):
        if scalar:
            return tf.reshape(tensor, [])
        with tf.control_dependencies([_assert_shape(expected, tensor)]):
            result = tf.identity(tensor)
        if not unknown_yet:
            result.set_shape(expected)
        return result


def _as_shape(shape, tensor):
    """An expected shape as a tensor, a TensorShape or an array of int32; ValueError for anything else."""
    if isinstance(shape, (list, tuple)):
        shape = np.asarray(shape, dtype=None if shape else np.int32)
        shape = shape.astype(np.int32) if shape.dtype == np.int64 else shape
    dtype = shape.dtype.base_dtype if tf.contrib.framework.is_tensor(shape) else getattr(shape, "dtype", tf.int32)
    if isinstance(shape, np.ndarray) and shape.ndim > 1:
        raise ValueError(f"Invalid rank {shape.ndim} for shape {shape} expected of tensor {tensor.name}.")
    if dtype != tf.int32:
        raise ValueError(f"Invalid dtype {dtype} for shape {shape} expected of tensor {tensor.name}.")
    return shape


def _assert_shape(expected, tensor):
    with tf.name_scope("assert_shape", values=[tensor]) as scope:
        actual = tf.shape(tensor, name="actual")
        if isinstance(expected, tf.TensorShape):
            expected = [-1 if size is None else size for size in expected.as_list()]
        with tf.name_scope("is_shape", values=[tensor]):
            of_rank = tf.equal(tf.size(expected), tf.rank(tensor))
            # Shapes of other ranks can not be compared: then the rank alone says no.
            fits = tf.cond(of_rank, lambda: tf.reduce_all(tf.logical_or(tf.equal(expected, -1), tf.equal(
                expected, actual))), lambda: of_rank)
        return tf.Assert(fits, [f"Wrong shape for {tensor.name} [expected] [actual].", expected, actual], name=scope)
