"""Random ops: uniform, normal, gamma, Poisson, categorical, shuffle and crop.

Every op carries two seeds (`framework/random_seed.py`); the stream it draws from is described in
`kernels/reference/philox.py`. With seeds the numbers are TensorFlow's. Streams are state of the
session, not of the graph: nothing is stored here.
"""

import numpy as np

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.dimension import Dimension
from graphflow.framework.graph_scopes import colocate_with, control_dependencies, name_scope
from graphflow.framework.op_def import NotDifferentiable, RegisterGradient, register_op
from graphflow.framework.random_seed import get_seed


def _seeds(op_seed):
    seed, seed2 = get_seed(op_seed)
    return {"seed": seed or 0, "seed2": seed2 or 0}


def shape_tensor(shape):
    """A shape given as list, tuple, TensorShape, array or tensor, as an int32 or int64 tensor."""
    if isinstance(shape, (list, tuple)):
        if not shape:
            return convert_to_tensor(shape, dtype=dtypes.int32, name="shape")
        shape = tuple(d.value if isinstance(d, Dimension) else d for d in shape)
    return convert_to_tensor(shape, name="shape")


# ---------------------------------------------------------------- ops

def _random_shape(c):
    return [c.shape_value(0)]


def _uniform_int_shape(c):
    shapes.with_rank(c.shape(1), 0)
    shapes.with_rank(c.shape(2), 0)
    return _random_shape(c)


def _sampled_shape(c):
    """Sample shape (input 0) followed by the parameter's shape (input 1)."""
    samples, parameter = c.shape_value(0), c.shape(1)
    if samples is None or parameter is None:
        return [None]
    return [tuple(samples) + tuple(parameter)]


def _multinomial_shape(c):
    logits = shapes.with_rank(c.shape(0), 2)
    shapes.with_rank(c.shape(1), 0)
    count = c.value(1)
    return [(logits[0], None if count is None else int(count))]


for _op in ("RandomUniform", "RandomStandardNormal", "TruncatedNormal"):
    register_op(
        _op, inputs="shape: T", outputs="output: dtype",
        attrs="seed: int = 0; seed2: int = 0; dtype: {half, bfloat16, float, double};"
              "T: {int32, int64}",
        shape=_random_shape, stateful=True,
    )
    NotDifferentiable(_op)

register_op(
    "RandomUniformInt", inputs="shape: T, minval: Tout, maxval: Tout", outputs="output: Tout",
    attrs="seed: int = 0; seed2: int = 0; Tout: {int32, int64}; T: {int32, int64}",
    shape=_uniform_int_shape, stateful=True,
)
NotDifferentiable("RandomUniformInt")

register_op(
    "RandomShuffle", inputs="value: T", outputs="output: T",
    attrs="seed: int = 0; seed2: int = 0; T: type",
    shape=shapes.unchanged, stateful=True,
)


@RegisterGradient("RandomShuffle")
def _random_shuffle_grad(op, grad):
    """TensorFlow defines none: an error is better than a silently missing gradient."""
    raise LookupError(f"No gradient defined for operation {op.name!r} (op type: RandomShuffle)")


register_op(
    "Multinomial", inputs="logits: T, num_samples: int32", outputs="output: output_dtype",
    attrs="seed: int = 0; seed2: int = 0; T: realnumbertype;"
          "output_dtype: {int32, int64} = DT_INT64",
    shape=_multinomial_shape, stateful=True,
)
NotDifferentiable("Multinomial")

register_op(
    "RandomGamma", inputs="shape: S, alpha: T", outputs="output: T",
    attrs="seed: int = 0; seed2: int = 0; S: {int32, int64}; T: {half, float, double}",
    shape=_sampled_shape, stateful=True,
)


@RegisterGradient("RandomGamma")
def _random_gamma_gradient(op, grad):
    """Implicit reparameterisation: d sample / d alpha at the drawn sample."""
    shape, alpha = op.inputs
    with control_dependencies([grad]):
        sample_rank = lookup("shape")(shape)[0]
        ones = lookup("ones")(lookup("stack")([sample_rank]), dtype=dtypes.int32)
        aligned = lookup("reshape")(alpha, lookup("concat")([ones, lookup("shape")(alpha)], 0))
        partial = raw_ops.RandomGammaGrad(aligned, op.outputs[0])
        axes = lookup("range")(sample_rank)
        return None, lookup("reduce_sum")(grad * partial, axis=axes)


register_op(
    "RandomGammaGrad", inputs="alpha: T, sample: T", outputs="output: T",
    attrs="T: {float, double}", shape=shapes.broadcast,
)
NotDifferentiable("RandomGammaGrad")

register_op(
    "RandomPoisson", inputs="shape: S, rate: dtype", outputs="output: dtype",
    attrs="seed: int = 0; seed2: int = 0; S: {int32, int64}; dtype: {half, float, double}",
    shape=_sampled_shape, stateful=True,
)
NotDifferentiable("RandomPoisson")

register_op(
    "RandomPoissonV2", inputs="shape: S, rate: R", outputs="output: dtype",
    attrs="seed: int = 0; seed2: int = 0; S: {int32, int64};"
          "R: {half, float, double, int32, int64} = DT_DOUBLE;"
          "dtype: {half, float, double, int32, int64} = DT_INT64",
    shape=_sampled_shape, stateful=True,
)
NotDifferentiable("RandomPoissonV2")


# ---------------------------------------------------------------- wrappers

@tf_export("random.normal", "random_normal")
def random_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """Normal random values.

    Args:
      shape: 1-D integer tensor or Python sequence, the shape of the result.
      mean, stddev: scalars (or tensors that broadcast) of type `dtype`.
      dtype: float16, bfloat16, float32 or float64.
      seed: Python int; see `tf.set_random_seed`.
      name: name of the result.

    Example:
      >>> import graphflow as tf
      >>> tf.random_normal([2, 3], seed=1).shape
      TensorShape([Dimension(2), Dimension(3)])
    """
    return _scaled(raw_ops.RandomStandardNormal, "random_normal", shape, mean, stddev, dtype, seed,
                   name)


@tf_export("random.truncated_normal", "truncated_normal")
def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """Normal random values of which those beyond two standard deviations are drawn again.

    Arguments are those of `tf.random_normal`; `mean` and `stddev` are the untruncated normal's.
    """
    return _scaled(raw_ops.TruncatedNormal, "truncated_normal", shape, mean, stddev, dtype, seed,
                   name)


def _scaled(standard, default_name, shape, mean, stddev, dtype, seed, name):
    dtype = dtypes.as_dtype(dtype)
    with name_scope(name, default_name, [shape, mean, stddev]) as scope:
        shape = shape_tensor(shape)
        mean = convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype=dtype, name="stddev")
        drawn = standard(shape, dtype=dtype, **_seeds(seed))
        return raw_ops.Add(drawn * stddev, mean, name=scope)


@tf_export("random.uniform", "random_uniform")
def random_uniform(shape, minval=0, maxval=None, dtype=dtypes.float32, seed=None, name=None):
    """Uniform random values in [minval, maxval).

    Args:
      shape: 1-D integer tensor or Python sequence, the shape of the result.
      minval: lower bound. maxval: upper bound, excluded; 1 for floating dtypes, required for
        integer ones.
      dtype: float16, bfloat16, float32, float64, int32 or int64.
      seed: Python int; see `tf.set_random_seed`.
      name: name of the result.

    Raises:
      ValueError: unsupported `dtype`, or an integer one without `maxval`.
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype not in (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64,
                     dtypes.int32, dtypes.int64):
        raise ValueError(f"Invalid dtype {dtype!r}")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        shape = shape_tensor(shape)
        minval = convert_to_tensor(minval, dtype=dtype, name="min")
        maxval = convert_to_tensor(maxval, dtype=dtype, name="max")
        seeds = _seeds(seed)
        if dtype.is_integer:
            return raw_ops.RandomUniformInt(shape, minval, maxval, **seeds, name=scope)
        drawn = raw_ops.RandomUniform(shape, dtype=dtype, **seeds)
        return raw_ops.Add(drawn * (maxval - minval), minval, name=scope)


@tf_export("random.shuffle", "random_shuffle")
def random_shuffle(value, seed=None, name=None):
    """`value` with its rows (first dimension) in random order."""
    return raw_ops.RandomShuffle(value, **_seeds(seed), name=name)


@tf_export("image.random_crop", "random_crop")
def random_crop(value, size, seed=None, name=None):
    """A window of shape `size` at a random place in `value`.

    `size` is a 1-D integer tensor with one entry per dimension of `value`. A run in which
    `value` is smaller than `size` raises InvalidArgumentError.
    """
    with name_scope(name, "random_crop", [value, size]) as scope:
        value = convert_to_tensor(value, name="value")
        size = convert_to_tensor(size, dtype=dtypes.int32, name="size")
        shape = lookup("shape")(value)
        check = lookup("Assert")(lookup("reduce_all")(shape >= size),
                                 ["Need value.shape >= size, got ", shape, size], summarize=1000)
        with colocate_with(shape), control_dependencies([check]):
            shape = raw_ops.Identity(shape, name="control_dependency")
        limit = shape - size + 1
        offset = random_uniform(lookup("shape")(shape), maxval=size.dtype.max, dtype=size.dtype,
                                seed=seed) % limit
        return raw_ops.Slice(value, offset, size, name=scope)


@tf_export("random.multinomial", "multinomial")
def multinomial(logits, num_samples, seed=None, name=None, output_dtype=None):
    """Samples class indices; `tf.random.categorical` under its older name and argument order."""
    with name_scope(name, "multinomial", [logits]):
        return _categorical(logits, num_samples, output_dtype, seed)


@tf_export("random.categorical")
def categorical(logits, num_samples, dtype=None, seed=None, name=None):
    """Samples class indices from unnormalised log-probabilities.

    Args:
      logits: `[batch_size, num_classes]`. num_samples: how many to draw per row.
      dtype: int32 or int64 (the default).

    Returns:
      `[batch_size, num_samples]` indices in [0, num_classes).
    """
    with name_scope(name, "categorical", [logits]):
        return _categorical(logits, num_samples, dtype, seed)


def _categorical(logits, num_samples, dtype, seed):
    logits = convert_to_tensor(logits, name="logits")
    return raw_ops.Multinomial(logits, num_samples, **_seeds(seed),
                               output_dtype=dtypes.as_dtype(dtype or dtypes.int64))


@tf_export("random.gamma", "random_gamma")
def random_gamma(shape, alpha, beta=None, dtype=dtypes.float32, seed=None, name=None):
    """Gamma random values: `shape` samples for each entry of `alpha` (and inverse scale `beta`).

    Differentiable with respect to `alpha` and `beta`. Zeros are replaced by the smallest normal
    number of `dtype`.

    Returns:
      A tensor of shape `shape` + shape of `alpha + beta`.
    """
    dtype = dtypes.as_dtype(dtype)
    with name_scope(name, "random_gamma", [shape, alpha, beta]):
        shape = convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        alpha = convert_to_tensor(alpha, name="alpha", dtype=dtype)
        beta = convert_to_tensor(1 if beta is None else beta, name="beta", dtype=dtype)
        alpha = alpha + lookup("zeros_like")(beta)
        tiny = np.finfo(alpha.dtype.as_numpy_dtype).tiny
        drawn = raw_ops.RandomGamma(shape, alpha, **_seeds(seed))
        return raw_ops.Maximum(tiny, drawn / beta)


@tf_export("random.poisson", "random_poisson")
def random_poisson(lam, shape, dtype=dtypes.float32, seed=None, name=None):
    """Poisson random values: `shape` samples for each rate in `lam`.

    Args:
      lam: rates, a float or integer tensor. shape: 1-D integer tensor or sequence.
      dtype: float16, float32, float64, int32 or int64.

    Returns:
      A tensor of shape `shape` + shape of `lam`.
    """
    with name_scope(name, "random_poisson", [lam, shape]):
        shape = convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        return raw_ops.RandomPoissonV2(shape, lam, dtype=dtypes.as_dtype(dtype), **_seeds(seed))
