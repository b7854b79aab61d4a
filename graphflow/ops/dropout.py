"""Dropout, built of a uniform draw and a comparison exactly as in TensorFlow 1.15.

Equal seeds drop the same elements as TensorFlow does. Holds no state.
"""

import numbers

from graphflow.framework import public as tf
from graphflow.framework import static_value
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import renamed_argument
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.tensor_shape import TensorShape, as_shape


@tf_export("nn.dropout")
def dropout(x, keep_prob=None, noise_shape=None, seed=None, name=None, rate=None):
    """Sets a part `rate` of the elements to 0 and scales the others by `1 / (1 - rate)`.

    Args:
      x: float tensor. keep_prob: deprecated, `1 - rate`. noise_shape: shape that broadcasts to that of
        `x`; elements that share a draw are kept or dropped together. seed: see `tf.set_random_seed`.
    Raises ValueError if `rate` is missing or not in [0, 1), or `x` is not of floats.

    Example:
      >>> import graphflow as tf
      >>> tf.nn.dropout(tf.ones([2, 3]), rate=0.5, seed=1).op.name
      'dropout/mul_1'
    """
    try:
        keep = 1.0 - keep_prob if keep_prob is not None else None
    except TypeError:
        raise ValueError(f"keep_prob must be a floating point number or Tensor (got {keep_prob!r})") from None
    rate = renamed_argument("nn.dropout", "rate", rate, "keep_prob", keep)
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    with name_scope(name, "dropout", [x]):
        x = convert_to_tensor(x, name="x")
        _check(x, rate, keep_prob)
        if isinstance(rate, numbers.Real) and rate == 0:
            return x
        rate = convert_to_tensor(rate, dtype=x.dtype.base_dtype, name="rate")
        rate.get_shape().assert_has_rank(0)
        if static_value.constant_value(rate) == 0:
            return x
        random = tf.random_uniform(_noise_shape(x, noise_shape), seed=seed, dtype=x.dtype.base_dtype)
        scale = 1 / (1 - rate)
        keep_mask = random >= rate
        result = x * scale * tf.cast(keep_mask, x.dtype.base_dtype)
        result.set_shape(x.get_shape())
        return result


def _check(x, rate, keep_prob):
    if not x.dtype.is_floating:
        raise ValueError("x has to be a floating point tensor since it's going to be scaled. Got a "
                         f"{x.dtype} tensor instead.")
    if isinstance(keep_prob, numbers.Real) and not 0 < keep_prob <= 1:
        raise ValueError("keep_prob must be a scalar tensor or a float in the range (0, 1], got "
                         f"{keep_prob:g}")
    if isinstance(rate, numbers.Real) and not 0 <= rate < 1:
        raise ValueError(f"rate must be a scalar tensor or a float in the range [0, 1), got {rate:g}")


def _noise_shape(x, noise_shape):
    """`noise_shape` with what `x` tells about its unknown sizes."""
    if noise_shape is None:
        return tf.shape(x)
    try:
        given = as_shape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape  # a tensor, or something for the op to refuse
    known = x.shape
    if known.dims is None or given.dims is None or len(known.dims) != len(given.dims):
        return noise_shape
    return TensorShape([own if asked is None else asked
                        for own, asked in zip(known.as_list(), given.as_list())])
