"""Random numbers that depend on nothing but their seed: the same ones in every run. Holds no state."""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import NotDifferentiable, register_op
from graphflow.ops.random import shape_tensor

_FLOATS = "dtype: {half, bfloat16, float, double} = DT_FLOAT; T: {int32, int64} = DT_INT32"
_SEED = "Tseed: {int32, int64} = DT_INT64"


def _check_seed(c, index):
    shapes.merge_dim(shapes.with_rank(c.shape(index), 1)[0], 2)


def _random_shape(c):
    _check_seed(c, 1)
    return [c.shape_value(0)]


def _multinomial_shape(c):
    _check_seed(c, 2)
    logits, count = shapes.with_rank(c.shape(0), 2), c.value(1)
    shapes.with_rank(c.shape(1), 0)
    return [(logits[0], None if count is None else int(count))]


for _name in ("StatelessRandomUniform", "StatelessRandomNormal", "StatelessTruncatedNormal"):
    register_op(_name, inputs="shape: T, seed: Tseed", outputs="output: dtype", attrs=f"{_FLOATS}; {_SEED}",
                shape=_random_shape)
    NotDifferentiable(_name)
register_op("StatelessRandomUniformInt", inputs="shape: T, seed: Tseed, minval: dtype, maxval: dtype",
            outputs="output: dtype", attrs=f"dtype: {{int32, int64}}; T: {{int32, int64}}; {_SEED}",
            shape=_random_shape)
NotDifferentiable("StatelessRandomUniformInt")
register_op("StatelessMultinomial", inputs="logits: T, num_samples: int32, seed: Tseed", outputs="output: output_dtype",
            attrs=f"T: realnumbertype; {_SEED}; output_dtype: {{int32, int64}} = DT_INT64", shape=_multinomial_shape)
NotDifferentiable("StatelessMultinomial")


@tf_export("random.stateless_uniform")
def stateless_random_uniform(shape, seed, minval=0, maxval=None, dtype=dtypes.float32, name=None):
    """Uniform numbers in [minval, maxval), by default [0, 1), that only the seed decides.

    Args: seed: two integers. dtype: a float type, int32 or int64; integers need `maxval`.
    Raises ValueError for other dtypes.

    Example:
      >>> import graphflow as tf
      >>> drawn = tf.random.stateless_uniform([2], seed=[1, 2])
      >>> with tf.Session() as sess:
      ...     print((sess.run(drawn) == sess.run(drawn)).all())
      True
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype not in (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64):
        raise ValueError(f"Invalid dtype {dtype!r}")
    if maxval is None and dtype.is_integer:
        raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
    with name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        shape = shape_tensor(shape)
        low = convert_to_tensor(minval, dtype=dtype, name="min")
        high = convert_to_tensor(1 if maxval is None else maxval, dtype=dtype, name="max")
        if dtype.is_integer:
            return raw_ops.StatelessRandomUniformInt(shape, seed, low, high, name=scope)
        drawn = raw_ops.StatelessRandomUniform(shape, seed, dtype=dtype)
        return tf.add(drawn * (high - low), low, name=scope)


def _normal(op, default_name, shape, seed, mean, stddev, dtype, name):
    with name_scope(name, default_name, [shape, seed, mean, stddev]) as scope:
        shape = shape_tensor(shape)
        mean = convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype=dtype, name="stddev")
        return tf.add(op(shape, seed, dtype=dtypes.as_dtype(dtype)) * stddev, mean, name=scope)


@tf_export("random.stateless_normal")
def stateless_random_normal(shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None):
    """Normal numbers that only the seed, two integers, decides."""
    return _normal(raw_ops.StatelessRandomNormal, "stateless_random_normal", shape, seed, mean, stddev, dtype, name)


@tf_export("random.stateless_truncated_normal")
def stateless_truncated_normal(shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None):
    """Normal numbers within two standard deviations of the mean, that only the seed, two integers, decides."""
    return _normal(raw_ops.StatelessTruncatedNormal, "stateless_truncated_normal", shape, seed, mean, stddev, dtype,
                   name)


@tf_export("random.stateless_multinomial")
def stateless_multinomial(logits, num_samples, seed, output_dtype=dtypes.int64, name=None):
    """`tf.random.stateless_categorical` with an older name for `dtype`."""
    with name_scope(name, "stateless_multinomial", [logits, seed]):
        return raw_ops.StatelessMultinomial(logits, num_samples, seed, output_dtype=output_dtype)


@tf_export("random.stateless_categorical")
def stateless_categorical(logits, num_samples, seed, dtype=dtypes.int64, name=None):
    """Classes [batch, num_samples] drawn with the probabilities softmax(logits), which only the seed decides.

    Args: logits: [batch, classes]. seed: two integers. dtype: int32 or int64.
    """
    with name_scope(name, "stateless_categorical", [logits, seed]):
        return raw_ops.StatelessMultinomial(logits, num_samples, seed, output_dtype=dtype)
