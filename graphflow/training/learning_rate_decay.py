"""Learning rates that fall as training goes on: tensors computed from the global step.

Holds no state. Where TensorFlow branches on the step (`piecewise_constant`, `cycle`, restarts),
both sides cost a handful of scalar operations: a selection between them gives the same numbers and
needs no control flow.
"""

import math

from graphflow.framework import dtypes, raw_ops
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_n_to_tensor, convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops.binary import divide, minimum, multiply
from graphflow.ops.binary import pow as power_of
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.unary import ceil, cos, exp, floor, log, negative, sqrt

_RATE_NAME = "initial_learning_rate"


@tf_export("train.exponential_decay")
def exponential_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False,
                      name=None):
    """`learning_rate * decay_rate ** (global_step / decay_steps)`.

    Args:
      learning_rate: number or scalar tensor to start from; the result has its dtype.
      global_step: scalar that counts steps. decay_steps: steps per factor of `decay_rate`.
      staircase: rounds the quotient down, so that the rate falls in steps.
    Raises ValueError if `global_step` is None.

    Example:
      >>> import graphflow as tf
      >>> rate = tf.train.exponential_decay(0.1, tf.constant(200), 100, 0.5)
      >>> with tf.Session() as sess:
      ...     print(round(float(sess.run(rate)), 4))
      0.025
    """
    _require(global_step)
    with name_scope(name or "ExponentialDecay") as scope:
        rate = convert_to_tensor(learning_rate, name=_RATE_NAME)
        steps, factor, step = _cast_all(rate.dtype, decay_steps, decay_rate, global_step)
        exponent = step / steps
        if staircase:
            exponent = floor(exponent)
        return multiply(rate, power_of(factor, exponent), name=scope)


@tf_export("train.natural_exp_decay")
def natural_exp_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False,
                      name=None):
    """`learning_rate * exp(-decay_rate * global_step / decay_steps)`.

    Arguments and errors are those of `tf.train.exponential_decay`.
    """
    factor = exp(negative(decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, factor, staircase, name)


@tf_export("train.inverse_time_decay")
def inverse_time_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False,
                       name=None):
    """`learning_rate / (1 + decay_rate * global_step / decay_steps)`.

    Arguments and errors are those of `tf.train.exponential_decay`.
    """
    _require(global_step)
    with name_scope(name or "InverseTimeDecay") as scope:
        rate = convert_to_tensor(learning_rate, name=_RATE_NAME)
        steps, factor, step = _cast_all(rate.dtype, decay_steps, decay_rate, global_step)
        quotient = step / steps
        if staircase:
            quotient = floor(quotient)
        one = cast(constant(1), rate.dtype)
        return divide(rate, lookup("add")(one, multiply(factor, quotient)), name=scope)


@tf_export("train.piecewise_constant_decay", "train.piecewise_constant")
def piecewise_constant(x, boundaries, values, name=None):
    """`values[i]` while `boundaries[i - 1] < x <= boundaries[i]`.

    Args:
      x: scalar tensor. boundaries: increasing numbers of x's dtype. values: one number more.
    Raises ValueError if the dtypes or the lengths don't fit.
    """
    boundaries, values = convert_n_to_tensor(boundaries), convert_n_to_tensor(values)
    x = convert_to_tensor(x)
    boundaries = [_boundary(b, x.dtype.base_dtype) for b in boundaries]
    for value in values[1:]:
        if value.dtype.base_dtype != values[0].dtype.base_dtype:
            raise ValueError("Values must have elements all with the same dtype "
                             f"({values[0].dtype.base_dtype} vs {value.dtype.base_dtype}).")
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with name_scope(name or "PiecewiseConstant"):
        result = values[-1]
        for boundary, value in zip(reversed(boundaries), reversed(values[:-1])):
            result = raw_ops.Select(x <= boundary, value, result)
        return result


def _boundary(boundary, dtype):
    own = boundary.dtype.base_dtype
    if own == dtype:
        return boundary
    if own == dtypes.int32 and dtype == dtypes.int64:
        return cast(boundary, dtype)
    raise ValueError(f"Boundaries ({own}) must have the same dtype as x ({dtype}).")


@tf_export("train.polynomial_decay")
def polynomial_decay(learning_rate, global_step, decay_steps, end_learning_rate=0.0001, power=1.0,
                     cycle=False, name=None):
    """From `learning_rate` to `end_learning_rate` within `decay_steps`, along a power of time.

    Args:
      learning_rate, global_step: as for `tf.train.exponential_decay`.
      power: 1 makes the way a straight line.
      cycle: beyond `decay_steps`, starts again with a longer period instead of staying.
    Raises ValueError if `global_step` is None.
    """
    _require(global_step)
    with name_scope(name or "PolynomialDecay") as scope:
        rate = convert_to_tensor(learning_rate, name=_RATE_NAME)
        end, power, step, steps = _cast_all(rate.dtype, end_learning_rate, power, global_step,
                                            decay_steps)
        if cycle:
            one = cast(1.0, rate.dtype)
            periods = raw_ops.Select(raw_ops.Equal(step, cast(0, rate.dtype)), one,
                                     ceil(step / decay_steps))
            steps = multiply(steps, periods)
        else:
            step = minimum(step, decay_steps)
        done = divide(step, steps)
        return lookup("add")(multiply(rate - end, power_of(1 - done, power)), end, name=scope)


@tf_export("train.cosine_decay")
def cosine_decay(learning_rate, global_step, decay_steps, alpha=0.0, name=None):
    """From `learning_rate` to `alpha * learning_rate` within `decay_steps`, along half a cosine.

    Raises ValueError if `global_step` is None.
    """
    _require(global_step)
    with name_scope(name or "CosineDecay"):
        rate = convert_to_tensor(learning_rate, name=_RATE_NAME)
        steps, step = _cast_all(rate.dtype, decay_steps, global_step)
        wave = _half_cosine(minimum(step, steps) / steps)
        return multiply(rate, (1 - alpha) * wave + alpha)


@tf_export("train.cosine_decay_restarts")
def cosine_decay_restarts(learning_rate, global_step, first_decay_steps, t_mul=2.0, m_mul=1.0,
                          alpha=0.0, name=None):
    """Cosine decay that starts again: each period `t_mul` times as long, `m_mul` times as high.

    Args: as for `tf.train.cosine_decay`; `first_decay_steps` is the length of the first period.
    Raises ValueError if `global_step` is None.
    """
    _require(global_step)
    with name_scope(name or "SGDRDecay") as scope:
        rate = convert_to_tensor(learning_rate, name=_RATE_NAME)
        steps, alpha, t_mul, m_mul, step = _cast_all(
            rate.dtype, first_decay_steps, alpha, t_mul, m_mul, global_step)
        restarts, done = _restarts(step / steps, t_mul)
        height = power_of(m_mul, restarts)
        wave = 0.5 * height * (1.0 + cos(constant(math.pi, rate.dtype) * done))
        return multiply(rate, (1 - alpha) * wave + alpha, name=scope)


def _restarts(done, t_mul):
    """How many periods are over, and how much of the present one: equal or growing periods."""
    equal = raw_ops.Equal(t_mul, cast(1.0, t_mul.dtype))
    over = floor(done)
    grown = floor(log(1.0 - done * (1.0 - t_mul)) / log(t_mul))
    length = power_of(t_mul, grown)
    before = (1.0 - length) / (1.0 - t_mul)
    return (raw_ops.Select(equal, over, grown),
            raw_ops.Select(equal, done - over, (done - before) / length))


@tf_export("train.linear_cosine_decay")
def linear_cosine_decay(learning_rate, global_step, decay_steps, num_periods=0.5, alpha=0.0,
                        beta=0.001, name=None):
    """`learning_rate * ((alpha + linear) * cosine + beta)`: both fall within `decay_steps`.

    Args:
      num_periods: of the cosine. alpha, beta: see the formula.
    Raises ValueError if `global_step` is None.
    """
    _require(global_step)
    with name_scope(name or "LinearCosineDecay") as scope:
        rate = convert_to_tensor(learning_rate, name=_RATE_NAME)
        steps, periods, alpha, beta, step = _cast_all(
            rate.dtype, decay_steps, num_periods, alpha, beta, global_step)
        step = minimum(step, steps)
        linear = (steps - step) / steps
        done = step / steps
        wave = _half_cosine(2.0 * periods * done)
        return multiply(rate, (alpha + linear) * wave + beta, name=scope)


@tf_export("train.noisy_linear_cosine_decay")
def noisy_linear_cosine_decay(learning_rate, global_step, decay_steps, initial_variance=1.0,
                              variance_decay=0.55, num_periods=0.5, alpha=0.0, beta=0.001,
                              name=None):
    """`tf.train.linear_cosine_decay` with normal noise added to its linear part.

    Args: `initial_variance / (1 + global_step) ** variance_decay` is the noise's variance.
    Raises ValueError if `global_step` is None.
    """
    _require(global_step)
    with name_scope(name or "NoisyLinearCosineDecay") as scope:
        rate = convert_to_tensor(learning_rate, name=_RATE_NAME)
        steps, variance, decay, periods, alpha, beta, step = _cast_all(
            rate.dtype, decay_steps, initial_variance, variance_decay, num_periods, alpha, beta,
            global_step)
        step = minimum(step, steps)
        linear = (steps - step) / steps
        deviation = sqrt(variance / power_of(1.0 + step, decay))
        noise = lookup("random_normal")(linear.shape, stddev=deviation, dtype=rate.dtype)
        noisy = linear + noise
        done = step / steps
        wave = _half_cosine(2.0 * periods * done)
        return multiply(rate, (alpha + noisy) * wave + beta, name=scope)


def _half_cosine(fraction):
    """Falls from 1 to 0 as `fraction` goes from 0 to 1."""
    return 0.5 * (1.0 + cos(constant(math.pi, fraction.dtype) * fraction))


def _cast_all(dtype, *values):
    return [cast(value, dtype) for value in values]


def _require(global_step):
    if global_step is None:
        raise ValueError("global_step is required for a learning rate that decays")
