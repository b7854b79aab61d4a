"""Initializers: what new variables begin with.

An initializer is called with a shape (and dtype, and the `partition_info` of a slice) and returns a
tensor. With seeds the numbers are TensorFlow's. Instances hold only their configuration.
"""

import math

import numpy as np

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.tensor_shape import TensorShape

# Standard deviation of a normal distribution cut off at two standard deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """Base of initializers. Subclasses set `dtype` and define `__call__` and `get_config`."""

    def __call__(self, shape, dtype=None, partition_info=None):
        """A tensor of `shape` and `dtype`."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__")

    def get_config(self):
        """The constructor's arguments as a dict of plain values."""
        return {}

    @classmethod
    def from_config(cls, config):
        """An initializer from what `get_config` returned."""
        return cls(**config)


def floating(dtype):
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"Expected floating point type, got {dtype}.")
    return dtype


@tf_export("initializers.zeros", "zeros_initializer")
class Zeros(Initializer):
    """Zeros."""

    def __init__(self, dtype=dtypes.float32):
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        return lookup("zeros")(shape, self.dtype if dtype is None else dtype)

    def get_config(self):
        return {"dtype": self.dtype.name}


@tf_export("initializers.ones", "ones_initializer")
class Ones(Initializer):
    """Ones."""

    def __init__(self, dtype=dtypes.float32):
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        return lookup("ones")(shape, self.dtype if dtype is None else dtype)

    def get_config(self):
        return {"dtype": self.dtype.name}


@tf_export("initializers.constant", "constant_initializer")
class Constant(Initializer):
    """Constant values.

    Args:
      value: scalar, nested list or array; fills the shape row by row, its last element repeated.
      dtype: of the tensor. verify_shape: whether `value` must have the variable's shape.
    Raises TypeError if `value` is something else, ValueError if it has too many elements.
    """

    def __init__(self, value=0, dtype=dtypes.float32, verify_shape=False):
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(f"Invalid type for initial value: {type(value)} (expected Python scalar, list or tuple of "
                            "values, or numpy.ndarray).")
        self.value = value
        self.dtype = dtypes.as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(self, shape, dtype=None, partition_info=None, verify_shape=None):
        return lookup("constant")(
            self.value, dtype=self.dtype if dtype is None else dtype, shape=shape,
            verify_shape=self._verify_shape if verify_shape is None else verify_shape)

    def get_config(self):
        return {"value": self.value, "dtype": self.dtype.name}


@tf_export("initializers.random_uniform", "random_uniform_initializer")
class RandomUniform(Initializer):
    """Uniform values in [minval, maxval); `maxval` is 1 for floating dtypes if None.

    Args: seed: Python int; see `tf.set_random_seed`. dtype: of the tensor, where a call gives none.
    """

    def __init__(self, minval=0, maxval=None, seed=None, dtype=dtypes.float32):
        self.minval = minval
        self.maxval = maxval
        self.seed = seed
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        return lookup("random_uniform")(shape, self.minval, self.maxval, self.dtype if dtype is None else dtype,
                                        seed=self.seed)

    def get_config(self):
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed, "dtype": self.dtype.name}


class _Normal(Initializer):
    """What the two normal initializers share."""

    def __init__(self, mean=0.0, stddev=1.0, seed=None, dtype=dtypes.float32):
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self.dtype = floating(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        draw = lookup(self._function)
        return draw(shape, self.mean, self.stddev, self.dtype if dtype is None else dtype, seed=self.seed)

    def get_config(self):
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed, "dtype": self.dtype.name}


@tf_export("initializers.random_normal", "random_normal_initializer")
class RandomNormal(_Normal):
    """Normal values of a mean and a standard deviation."""

    _function = "random_normal"


@tf_export("initializers.truncated_normal", "truncated_normal_initializer")
class TruncatedNormal(_Normal):
    """Normal values; those beyond two standard deviations are drawn again."""

    _function = "truncated_normal"


@tf_export("initializers.uniform_unit_scaling", "uniform_unit_scaling_initializer")
class UniformUnitScaling(Initializer):
    """Uniform values that keep the scale of a matrix product's input: limits sqrt(3 / rows) * factor."""

    def __init__(self, factor=1.0, seed=None, dtype=dtypes.float32):
        self.factor = factor
        self.seed = seed
        self.dtype = floating(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        whole = shape if partition_info is None else partition_info.full_shape
        size = 1.0
        for dim in whole[:-1]:
            size *= float(dim)
        limit = math.sqrt(3 / max(size, 1.0)) * self.factor
        return lookup("random_uniform")(shape, -limit, limit, self.dtype if dtype is None else dtype, seed=self.seed)

    def get_config(self):
        return {"factor": self.factor, "seed": self.seed, "dtype": self.dtype.name}


@tf_export("initializers.variance_scaling", "variance_scaling_initializer")
class VarianceScaling(Initializer):
    """Random values whose variance is `scale / n`, n being a number of connections.

    Args:
      scale: positive. mode: "fan_in", "fan_out" or "fan_avg".
      distribution: "truncated_normal" ("normal" is the same), "untruncated_normal" or "uniform".
      seed, dtype: see `tf.initializers.random_uniform`.
    Raises ValueError for another value of these.

    Example:
      >>> import graphflow as tf
      >>> tf.variance_scaling_initializer(2.0, seed=1)([3, 4]).shape
      TensorShape([Dimension(3), Dimension(4)])
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None, dtype=dtypes.float32):
        if scale <= 0.0:
            raise ValueError("`scale` must be positive float.")
        if mode not in {"fan_in", "fan_out", "fan_avg"}:
            raise ValueError("Invalid `mode` argument:", mode)
        distribution = distribution.lower()
        if distribution not in {"normal", "uniform", "truncated_normal", "untruncated_normal"}:
            raise ValueError("Invalid `distribution` argument:", distribution)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed
        self.dtype = floating(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self.dtype if dtype is None else dtype
        fan_in, fan_out = _fans(shape if partition_info is None else partition_info.full_shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return lookup("random_uniform")(shape, -limit, limit, dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return lookup("random_normal")(shape, 0.0, math.sqrt(variance), dtype, seed=self.seed)
        stddev = math.sqrt(variance) / _TRUNCATED_STDDEV
        return lookup("truncated_normal")(shape, 0.0, stddev, dtype, seed=self.seed)

    def get_config(self):
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution, "seed": self.seed,
                "dtype": self.dtype.name}


def _fans(shape):
    """Connections into and out of a unit of a layer with weights of `shape`."""
    if len(shape) < 1:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    field = 1
    for dim in shape[:-2]:
        field *= dim
    return int(shape[-2] * field), int(shape[-1] * field)


@tf_export("initializers.glorot_uniform", "glorot_uniform_initializer")
class GlorotUniform(VarianceScaling):
    """Glorot's uniform initializer, the default of `get_variable`: limit sqrt(6 / (in + out))."""

    def __init__(self, seed=None, dtype=dtypes.float32):
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)

    def get_config(self):
        return {"seed": self.seed, "dtype": self.dtype.name}


@tf_export("initializers.glorot_normal", "glorot_normal_initializer")
class GlorotNormal(VarianceScaling):
    """Glorot's normal initializer (truncated): standard deviation sqrt(2 / (in + out))."""

    def __init__(self, seed=None, dtype=dtypes.float32):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)

    def get_config(self):
        return {"seed": self.seed, "dtype": self.dtype.name}


@tf_export("initializers.lecun_normal")
def lecun_normal(seed=None):
    """LeCun's normal initializer (truncated): variance 1 / fan_in."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


@tf_export("initializers.lecun_uniform")
def lecun_uniform(seed=None):
    """LeCun's uniform initializer: limit sqrt(3 / fan_in)."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


@tf_export("initializers.he_normal")
def he_normal(seed=None):
    """He's normal initializer (truncated): variance 2 / fan_in."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


@tf_export("initializers.he_uniform")
def he_uniform(seed=None):
    """He's uniform initializer: limit sqrt(6 / fan_in)."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


def uniform_orthogonal(rows, columns, dtype, seed):
    """A random matrix of orthogonal columns, of which there are at most as many as rows."""
    q, r = raw_ops.Qr(lookup("random_normal")((rows, columns), dtype=dtype, seed=seed), full_matrices=False)
    # Positive diagonals make the decomposition unique and its distribution uniform.
    return q * raw_ops.Sign(raw_ops.DiagPart(r))


@tf_export("initializers.orthogonal", "orthogonal_initializer")
class Orthogonal(Initializer):
    """An orthogonal matrix (of the shape with all dimensions but the last joined), times `gain`.

    Raises ValueError for shapes of fewer than two dimensions.
    """

    def __init__(self, gain=1.0, seed=None, dtype=dtypes.float32):
        self.gain = gain
        self.seed = seed
        self.dtype = floating(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        if len(shape) < 2:
            raise ValueError("The tensor to initialize must be at least two-dimensional")
        rows = 1
        for dim in shape[:-1]:
            rows *= dim
        rows, columns = int(rows), int(shape[-1])
        dtype = self.dtype if dtype is None else dtype
        q = uniform_orthogonal(max(rows, columns), min(rows, columns), dtype, self.seed)
        if rows < columns:
            q = lookup("matrix_transpose")(q)
        return self.gain * lookup("reshape")(q, shape)

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


@tf_export("initializers.identity")
class Identity(Initializer):
    """The identity matrix times `gain`; ValueError for shapes that are not two-dimensional."""

    def __init__(self, gain=1.0, dtype=dtypes.float32):
        self.gain = gain
        self.dtype = floating(dtype)

    def __call__(self, shape, dtype=None, partition_info=None):
        whole = shape if partition_info is None else partition_info.full_shape
        if len(whole) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        if isinstance(whole, TensorShape):
            whole = whole.as_list()
        matrix = lookup("eye")(*whole, dtype=self.dtype if dtype is None else dtype)
        if partition_info is not None:
            matrix = raw_ops.Slice(matrix, partition_info.var_offset, shape)
        return self.gain * matrix

    def get_config(self):
        return {"gain": self.gain, "dtype": self.dtype.name}


@tf_export("contrib.layers.variance_scaling_initializer")
def contrib_variance_scaling(factor=2.0, mode="FAN_IN", uniform=False, seed=None, dtype=dtypes.float32):
    """contrib's initializer that keeps variance: like `VarianceScaling`, with `1.3` for truncation.

    Args: mode: "FAN_IN", "FAN_OUT" or "FAN_AVG". uniform: uniform rather than truncated normal.
    Raises TypeError for another mode or a dtype that is not floating.
    """
    if not dtype.is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")

    def initialize(shape, dtype=dtype, partition_info=None):
        """A tensor of `shape`."""
        if not dtype.is_floating:
            raise TypeError("Cannot create initializer for non-floating point type.")
        fan_in, fan_out = map(float, _fans(shape))
        count = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / count)
            return lookup("random_uniform")(shape, -limit, limit, dtype, seed=seed)
        return lookup("truncated_normal")(shape, 0.0, math.sqrt(1.3 * factor / count), dtype, seed=seed)

    return initialize


@tf_export("contrib.layers.xavier_initializer", "contrib.layers.xavier_initializer_conv2d")
def xavier_initializer(uniform=True, seed=None, dtype=dtypes.float32):
    """contrib's Xavier (Glorot) initializer, for weights of layers and of convolutions."""
    return contrib_variance_scaling(1.0, "FAN_AVG", uniform, seed, dtype)
