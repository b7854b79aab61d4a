"""Checks of sequences, contexts and states before they are cut and batched. Holds no state."""

import graphflow as tf
from graphflow.framework.static_value import constant_value


def text(*parts):
    """A string tensor of texts and of tensors as text."""
    return tf.string_join([part if isinstance(part, str) else tf.as_string(part) for part in parts])


def check_names(kind, tensors):
    """TypeError unless `tensors` is a dict with strings as keys, ValueError for a key with a colon."""
    for key in tensors:
        if not isinstance(key, str):
            raise TypeError(f"{kind} must be {'a ' if kind == 'state name' else ''}string: {key}")
        if ":" in key:
            raise ValueError(f"{kind} may not have a colon: '{key}'")


def check_parts(length, key, sequences, context, states):
    """(length, key, sequences, context, states) as tensors, the last three as dicts sorted by name.

    Raises TypeError and ValueError for wrong types, and for shapes that are not known.
    """
    sequences = _tensors("sequence", sequences)
    context = _tensors("context", context)
    states = _tensors("state", states)
    for label, tensors, first in (("state", states, 0), ("context", context, 0), ("sequence", sequences, 1)):
        for name, tensor in tensors.items():
            if not tensor.shape[first:].is_fully_defined():
                ignored = "(ignoring first dimension)" if first else ""
                raise ValueError(f"Shape for {label} {name} is not fully defined {ignored}: {tensor.shape}")
    length, key = _scalar(length, "length", tf.int32), _scalar(key, "key", tf.string)
    return length, key, sequences, context, states


def _tensors(label, tensors):
    return {name: tf.convert_to_tensor(tensors[name], name=f"{label}_{name}") for name in sorted(tensors)}


def _scalar(value, name, dtype):
    value = tf.convert_to_tensor(value, name=name)
    if value.shape.ndims not in (None, 0):
        raise ValueError(f"Rank check failed for {value.name}: {name} must be a scalar, but has shape {value.shape}")
    if value.dtype != dtype:
        raise TypeError(f"{name} dtype must be {dtype.name}, but received: {value.dtype}")
    rank = tf.rank(value)
    with tf.control_dependencies([tf.Assert(tf.equal(rank, 0), [
            text(f"Rank of tensor {value.name} should be: 0, shape received:"), tf.shape(value)])]):
        value = tf.identity(value, name="rank_checked")
    value.set_shape([])
    return value


def check_multiple(value, what, unroll):
    """The assertion that a scalar tensor is a multiple of `unroll`, and not zero; fails here if that is known."""
    advice = ". Consider setting pad=True."
    known = constant_value(value)
    if known is not None and (known % unroll or not known):
        raise tf.errors.InvalidArgumentError(
            None, None, f"{what} should be a multiple of: {unroll}, but saw value: {known}{advice}")
    fits = tf.logical_and(tf.equal(tf.mod(value, unroll), 0), tf.not_equal(value, 0))
    return tf.Assert(fits, [text(f"{what} should be a multiple of: {unroll}, but saw value: ", value, advice)])


def check_rows(tensors, rows, label):
    """The tensors of a dict, which in a run must have `rows` rows."""
    checked = {}
    for name, tensor in tensors.items():
        found = tf.shape(tensor)[0]
        with tf.control_dependencies([tf.Assert(tf.equal(found, rows), [text(
                f"Dimension 0 of tensor labeled {label}_{name} should be: ", rows, ", shape received: ", found)])]):
            checked[name] = tf.identity(tensor, name=f"dims_checked_{label}_{name}")
    return checked


def check_like(value, expected):
    """`value`, which must have the shape of `expected`: ValueError, or InvalidArgumentError in a run."""
    if not value.shape.is_compatible_with(expected.shape):
        what = "Shape" if value.shape.ndims == expected.shape.ndims else "Rank"
        raise ValueError(f"{what} check failed for {value.name}: {value.shape} should be {expected.shape}")
    sizes = tf.shape(expected), tf.shape(value)
    with tf.control_dependencies([tf.assert_equal(
            *sizes, message=f"Shape of tensor {value.name} is not that of the state.")]):
        value = tf.identity(value, name="shape_checked")
    value.set_shape(expected.shape)
    return value
