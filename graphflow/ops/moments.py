"""Means and variances, and normalisation by them, built of elementwise ops and reductions.

Op types and names are TensorFlow 1.15's. Holds no state.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.deprecation import either_argument, renamed_argument
from graphflow.framework.graph_scopes import name_scope


def _keep(keepdims, keep_dims):
    return bool(either_argument("keepdims", keepdims, "keep_dims", keep_dims))


@tf_export("nn.moments")
def moments(x, axes, shift=None, name=None, keep_dims=None, keepdims=None):
    """Mean and (biased) variance of `x` over `axes`.

    Args: axes: list of dimensions; [0, 1, 2] for the channels of images. shift: ignored.
    Returns (mean, variance); float16 is computed in float32.

    Example:
      >>> import graphflow as tf
      >>> mean, variance = tf.nn.moments(tf.ones([4, 3]), axes=[0])
      >>> mean.shape
      TensorShape([Dimension(3)])
    """
    keep = _keep(keepdims, keep_dims)
    with name_scope(name, "moments", [x, axes]):
        y = tf.cast(x, dtypes.float32) if x.dtype.base_dtype == dtypes.float16 else x
        mean = tf.reduce_mean(y, axes, keepdims=True, name="mean")
        variance = tf.reduce_mean(tf.squared_difference(y, tf.stop_gradient(mean)), axes, keepdims=True,
                                  name="variance")
        return _finished(mean, variance, axes, keep, x.dtype.base_dtype == dtypes.float16)


def _finished(mean, variance, axes, keep, is_half):
    if not keep:
        mean, variance = tf.squeeze(mean, axes), tf.squeeze(variance, axes)
    if is_half:
        mean, variance = tf.cast(mean, dtypes.float16), tf.cast(variance, dtypes.float16)
    return mean, variance


@tf_export("nn.weighted_moments")
def weighted_moments(x, axes, frequency_weights, name=None, keep_dims=None, keepdims=None):
    """Mean and variance of `x` over `axes`, entries counting `frequency_weights` times.

    Args: frequency_weights: tensor that broadcasts with `x`.
    """
    keep = _keep(keepdims, keep_dims)
    with name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(frequency_weights, name="frequency_weights")
        is_half = x.dtype == dtypes.float16
        if is_half:
            x = tf.cast(x, dtypes.float32)
        if weights.dtype != x.dtype:
            weights = tf.cast(weights, x.dtype)
        weighted_sum = tf.reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        total = tf.reduce_sum(weights + tf.zeros_like(x), axes, name="sum_of_weights", keepdims=True)
        divisor = tf.reciprocal(total, name="inv_weight_sum")
        mean = tf.multiply(weighted_sum, divisor)
        distance = tf.reduce_sum(weights * tf.squared_difference(x, mean), axes, name="weighted_distsq",
                                 keepdims=True)
        return _finished(mean, tf.multiply(distance, divisor), axes, keep, is_half)


@tf_export("nn.sufficient_statistics")
def sufficient_statistics(x, axes, shift=None, keep_dims=None, name=None, keepdims=None):
    """What `normalize_moments` needs: (count, sum of `x - shift`, sum of its squares, `shift`).

    Args: shift: None, or a value near the mean that improves accuracy.
    """
    axes = list(set(axes))
    keep = _keep(keepdims, keep_dims)
    with name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        counts = _count(x, axes)
        if shift is None:
            sums, squares = x, tf.square(x)
        else:
            shift = convert_to_tensor(shift, name="shift")
            sums, squares = tf.subtract(x, shift), tf.squared_difference(x, shift)
        sums = tf.reduce_sum(sums, axes, keepdims=keep, name="mean_ss")
        squares = tf.reduce_sum(squares, axes, keepdims=keep, name="var_ss")
    return counts, sums, squares, shift


def _count(x, axes):
    shape = x._shape
    if shape is None or any(shape[axis] is None for axis in axes):
        sizes = tf.gather(tf.cast(tf.shape(x), x.dtype), axes)
        return tf.reduce_prod(sizes, name="count")
    count = 1
    for axis in axes:
        count *= shape[axis]
    return tf.constant(count, dtype=x.dtype)


@tf_export("nn.normalize_moments")
def normalize_moments(counts, mean_ss, variance_ss, shift, name=None):
    """Mean and variance from the results of `sufficient_statistics`."""
    with name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = tf.reciprocal(counts, name="divisor")
        if shift is None:
            mean = shifted = tf.multiply(mean_ss, divisor, name="mean")
        else:
            shifted = tf.multiply(mean_ss, divisor, name="shifted_mean")
            mean = tf.add(shifted, shift, name="mean")
        variance = tf.subtract(tf.multiply(variance_ss, divisor), tf.square(shifted), name="variance")
    return mean, variance


@tf_export("nn.batch_normalization")
def batch_normalization(x, mean, variance, offset, scale, variance_epsilon, name=None):
    """`(x - mean) / sqrt(variance + variance_epsilon) * scale + offset`.

    Args: mean, variance, offset, scale: broadcast with `x`; `offset` and `scale` may be None.
    """
    with name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        inv = tf.rsqrt(variance + variance_epsilon)
        if scale is not None:
            inv *= scale
        return x * tf.cast(inv, x.dtype) + tf.cast(
            offset - mean * inv if offset is not None else -mean * inv, x.dtype)


@tf_export("nn.batch_norm_with_global_normalization")
def batch_norm_with_global_normalization(
    t=None, m=None, v=None, beta=None, gamma=None, variance_epsilon=None, scale_after_normalization=None,
    name=None, input=None, mean=None, variance=None,
):
    """`batch_normalization`, multiplied by `gamma` only if `scale_after_normalization`."""
    t = either_argument("input", input, "t", t)
    m = either_argument("mean", mean, "m", m)
    v = either_argument("variance", variance, "v", v)
    return batch_normalization(t, m, v, beta, gamma if scale_after_normalization else None, variance_epsilon,
                               name)


@tf_export("math.l2_normalize", "linalg.l2_normalize", "nn.l2_normalize")
def l2_normalize(x, axis=None, epsilon=1e-12, name=None, dim=None):
    """`x / sqrt(max(sum(x ** 2, axis), epsilon))`.

    Args: axis: dimension or list of them, None for all. dim: deprecated name of `axis`.
    """
    axis = renamed_argument("nn.l2_normalize", "axis", axis, "dim", dim)
    with name_scope(name, "l2_normalize", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        square_sum = tf.reduce_sum(tf.square(x), axis, keepdims=True)
        return tf.multiply(x, tf.rsqrt(tf.maximum(square_sum, epsilon)), name=scope)


@tf_export("math.zero_fraction", "nn.zero_fraction")
def zero_fraction(value, name=None):
    """The fraction of zeros among the elements of `value`, a float32 scalar."""
    with name_scope(name, "zero_fraction", [value]):
        value = convert_to_tensor(value, name="value")
        size = tf.size(value, out_type=dtypes.int64)
        nonzero = tf.cond(
            size <= dtypes.int32.max,
            true_fn=lambda: tf.cast(_count_nonzero(value, dtypes.int32), dtype=dtypes.int64),
            false_fn=lambda: _count_nonzero(value, dtypes.int64))
        with name_scope("counts_to_fraction"):
            zeros = tf.cast(size - nonzero, dtype=dtypes.float32)
            fraction = zeros / tf.cast(size, dtype=dtypes.float32)
        return tf.identity(fraction, "fraction")


def _count_nonzero(value, dtype):
    with name_scope("count_nonzero", values=[value]):
        zero = tf.zeros([], dtype=value.dtype)
        return tf.reduce_sum(tf.cast(tf.not_equal(value, zero), dtype=dtype), name="nonzero_count")
