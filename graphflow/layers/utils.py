"""What layers share: normalising arguments, sizes of outputs, choosing by a predicate. Holds no state."""

import inspect
import numbers

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.static_value import constant_value as static_value
from graphflow.framework.tensor import Tensor
from graphflow.ops.variables import Variable

# Names that activations, and that initializers, may be given by.
_ACTIVATIONS = {name: "nn." + name for name in (
    "elu", "relu", "relu6", "selu", "sigmoid", "softmax", "softplus", "softsign", "tanh")}
_INITIALIZERS = ("zeros", "ones", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform",
                 "lecun_normal", "orthogonal", "identity", "constant")


def activation_function(given):
    """The function that `given` is or names; None and "linear" stand for none.

    Raises ValueError for an unknown name.
    """
    if given is None or given == "linear":
        return None
    if callable(given):
        return given
    if given in _ACTIVATIONS:
        return lookup(_ACTIVATIONS[given])
    raise ValueError(f"Unknown activation function: {given}")


def initializer(given):
    """The initializer that `given` is, names, or is the class of."""
    if inspect.isclass(given):
        return given()
    if isinstance(given, str):
        if given not in _INITIALIZERS:
            raise ValueError(f"Unknown initializer: {given}")
        return lookup("initializers." + given)()
    return given


def function_or_none(given, kind):
    """`given`, a regularizer or constraint; ValueError if it is not callable."""
    if given is not None and not callable(given):
        raise ValueError(f"Could not interpret {kind} identifier: {given}")
    return given


def normalize_tuple(value, n, name):
    """`value` as a tuple of `n` integers: an integer is repeated.

    Raises ValueError naming the argument `name` otherwise.
    """
    if isinstance(value, numbers.Integral):
        return (int(value),) * n
    message = f"The `{name}` argument must be a tuple of {n} integers. Received: {value}"
    try:
        values = tuple(value)
    except TypeError:
        raise ValueError(message) from None
    if len(values) != n:
        raise ValueError(message)
    for single in values:
        try:
            int(single)
        except (ValueError, TypeError):
            raise ValueError(f"{message} including element {single} of type {type(single)}") from None
    return tuple(int(single) for single in values)


def normalize_data_format(value):
    """`value` in lower case; ValueError if it is neither channels_first nor channels_last."""
    data_format = "channels_last" if value is None else value.lower()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError('The `data_format` argument must be one of "channels_first", "channels_last". '
                         f"Received: {value}")
    return data_format


def normalize_padding(value, allowed=("valid", "same", "causal")):
    """`value` in lower case; ValueError if it is not known."""
    padding = value.lower()
    if padding not in allowed:
        raise ValueError(f'The `padding` argument must be one of "valid", "same" (or "causal", only for `Conv1D). '
                         f"Received: {padding}")
    return padding


def convert_data_format(data_format, ndim):
    """TensorFlow's letters for a data format of a tensor of `ndim` dimensions; ValueError for others."""
    letters = {3: "W", 4: "HW", 5: "DHW"}.get(ndim)
    if letters is None:
        raise ValueError("Input rank not supported:", ndim)
    if data_format == "channels_last":
        return f"N{letters}C"
    if data_format == "channels_first":
        return f"NC{letters}"
    raise ValueError("Invalid data_format:", data_format)


def conv_output_length(length, window, padding, stride, dilation=1):
    """Size after a convolution or pooling along one dimension, or None if `length` is."""
    if length is None:
        return None
    window += (window - 1) * (dilation - 1)
    if padding == "valid":
        length = length - window + 1
    return (length + stride - 1) // stride


def deconv_output_length(length, window, padding, stride, dilation=1):
    """Size (or tensor of it) after a transposed convolution along one dimension, or None if `length` is."""
    if length is None:
        return None
    window += (window - 1) * (dilation - 1)
    length = length * stride
    return length + max(window - stride, 0) if padding == "valid" else length


def constant_value(pred):
    """True, False, or None if that is not known before a run."""
    if isinstance(pred, Variable):
        return None
    if isinstance(pred, Tensor):
        value = static_value(pred)
        return None if value is None else bool(value)
    if isinstance(pred, (bool, numbers.Integral)) or hasattr(pred, "dtype"):
        return bool(pred)
    raise TypeError(f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {pred}")


def smart_cond(pred, true_fn, false_fn):
    """What `true_fn()` or `false_fn()` returns, by `pred`: a `tf.cond` where that is not known before a run."""
    known = constant_value(pred)
    if known is not None:
        return true_fn() if known else false_fn()
    return tf.cond(tf.cast(convert_to_tensor(pred), dtypes.bool), true_fn, false_fn)
