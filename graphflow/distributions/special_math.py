"""Tails of the normal and the Laplace distribution that keep their accuracy, and the normal's quantiles.

Functions of tensors, differentiable everywhere; hold no state. The rational approximations of `ndtri` are those of
the Cephes library.
"""

import math

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope

# Below the lower ends `log_ndtr` is a series, above the upper ones the tail itself.
LOGNDTR_FLOAT64_LOWER = np.array(-20, np.float64)
LOGNDTR_FLOAT32_LOWER = np.array(-10, np.float32)
LOGNDTR_FLOAT64_UPPER = np.array(8, np.float64)
LOGNDTR_FLOAT32_UPPER = np.array(5, np.float32)

# Numerators and denominators of `ndtri`, highest power first: for the middle, for z < 8 and for z >= 8.
_MIDDLE = ((-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1,
            1.39312609387279679503e1, -1.23916583867381258016e0),
           (1.0, 1.95448858338141759834e0, 4.67627912898881538453e0, 8.63602421390890590575e1,
            -2.25462687854119370527e2, 2.00260212380060660359e2, -8.20372256168333339912e1,
            1.59056225126211695515e1, -1.18331621121330003142e0))
_TAIL = ((4.05544892305962419923e0, 3.15251094599893866154e1, 5.71628192246421288162e1, 4.40805073893200834700e1,
          1.46849561928858024014e1, 2.18663306850790267539e0, -1.40256079171354495875e-1,
          -3.50424626827848203418e-2, -8.57456785154685413611e-4),
         (1.0, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1,
          1.50425385692907503408e1, 2.50464946208309415979e0, -1.42182922854787788574e-1,
          -3.80806407691578277194e-2, -9.33259480895457427372e-4))
_FAR_TAIL = ((3.23774891776946035970e0, 6.91522889068984211695e0, 3.93881025292474443415e0,
              1.33303460815807542389e0, 2.01485389549179081538e-1, 1.23716634817820021358e-2,
              3.01581553508235416007e-4, 2.65806974686737550832e-6, 6.23974539184983293730e-9),
             (1.0, 6.02427039364742014255e0, 3.67983563856160859403e0, 1.37702099489081330271e0,
              2.16236993594496635890e-1, 1.34204006088543189037e-2, 3.28014464682127739104e-4,
              2.89247864745380683936e-6, 6.79019408009981274425e-9))


def _checked(value, name):
    value = convert_to_tensor(value, name=name)
    if value.dtype.base_dtype not in (dtypes.float32, dtypes.float64):
        raise TypeError(f"{name}.dtype={value.dtype} is not handled: float32 and float64 are.")
    return value


def ndtr(x, name="ndtr"):
    """Probability of at most `x` in the standard normal distribution; float32 or float64, else TypeError."""
    with name_scope(name, values=[x]):
        return _ndtr(_checked(x, "x"))


def _ndtr(x):
    half_root = tf.constant(math.sqrt(0.5), dtype=x.dtype.base_dtype, name="half_sqrt_2")
    scaled = x * half_root
    size = tf.abs(scaled)
    tail = tf.erfc(size)
    outer = tf.where_v2(tf.greater(scaled, 0.0), 2.0 - tail, tail)
    return 0.5 * tf.where_v2(tf.less(size, half_root), 1.0 + tf.erf(scaled), outer)


def _ratio(x, polynomials):
    """Quotient of two polynomials, by Horner's rule."""
    values = []
    for coefficients in polynomials:
        value = coefficients[0] * tf.ones_like(x)
        for coefficient in coefficients[1:]:
            value = value * x + coefficient
        values.append(value)
    return values[0] / values[1]


def ndtri(p, name="ndtri"):
    """The standard normal's quantile: `ndtri(ndtr(x)) = x`. -inf at 0, inf at 1; float32 or float64, else TypeError."""
    with name_scope(name, values=[p]):
        return _ndtri(_checked(p, "p"))


def _ndtri(p):
    edge = math.exp(-2.0)
    smaller = tf.where_v2(p > 1.0 - edge, 1.0 - p, p)
    # 0 would make gradients NaN on the way that is not taken.
    smaller = tf.where_v2(smaller <= 0.0, tf.fill(tf.shape(p), tf.constant(0.5, p.dtype.base_dtype)), smaller)
    from_half = smaller - 0.5
    squared = tf.square(from_half)
    middle = -math.sqrt(2.0 * math.pi) * (from_half + from_half * squared * _ratio(squared, _MIDDLE))
    z = tf.sqrt(-2.0 * tf.log(smaller))
    inverse = 1.0 / z
    start = z - tf.log(z) / z
    tails = tf.where_v2(z >= 8.0, start - _ratio(inverse, _FAR_TAIL) * inverse,
                        start - _ratio(inverse, _TAIL) * inverse)
    x = tf.where_v2(smaller > edge, middle, tails)
    x = tf.where_v2(p > 1.0 - edge, x, -x)
    infinity = tf.fill(tf.shape(p), tf.constant(math.inf, p.dtype.base_dtype))
    return tf.where_v2(p <= 0.0, -infinity, tf.where_v2(p >= 1.0, infinity, x))


def log_ndtr(x, series_order=3, name="log_ndtr"):
    """Logarithm of `ndtr(x)`, accurate far out: there a series of `series_order` terms.

    Raises TypeError for other dtypes than float32 and float64 and for an order that is no int, ValueError
    for one outside 0 to 30.
    """
    if not isinstance(series_order, int):
        raise TypeError("series_order must be a Python integer.")
    if series_order < 0:
        raise ValueError("series_order must be non-negative.")
    if series_order > 30:
        raise ValueError("series_order must be <= 30.")
    with name_scope(name, values=[x]):
        x = _checked(x, "x")
        wide = x.dtype.base_dtype == dtypes.float64
        lower = LOGNDTR_FLOAT64_LOWER if wide else LOGNDTR_FLOAT32_LOWER
        upper = LOGNDTR_FLOAT64_UPPER if wide else LOGNDTR_FLOAT32_UPPER
        # Each way sees only values it can bear: gradients of the others would be NaN.
        middle = tf.log(_ndtr(tf.maximum(x, lower)))
        low = _log_ndtr_lower(tf.minimum(x, lower), series_order)
        return tf.where_v2(tf.greater(x, upper), -_ndtr(-x), tf.where_v2(tf.greater(x, lower), middle, low))


def _log_ndtr_lower(x, series_order):
    squared = tf.square(x)
    scale = -0.5 * squared - tf.log(-x) - 0.5 * math.log(2.0 * math.pi)
    # 1 - 1/x^2 + 3/x^4 - 15/x^6 ...
    series, term = tf.ones_like(x), tf.ones_like(x)
    for n in range(1, series_order + 1):
        term = term * (-(2.0 * n - 1.0)) / squared
        series = series + term
    return scale + tf.log(series)


def erfinv(x, name="erfinv"):
    """Inverse of the error function; float32 or float64, else TypeError."""
    with name_scope(name, values=[x]):
        return ndtri((_checked(x, "x") + 1.0) / 2.0) / math.sqrt(2.0)


def log_cdf_laplace(x, name="log_cdf_laplace"):
    """Logarithm of the probability of at most `x` in the Laplace distribution of location 0 and scale 1."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        # exp of positive values, of the way that is not taken, would overflow.
        upper = tf.log1p(-0.5 * tf.exp(-tf.abs(x)))
        return tf.where_v2(x < 0.0, x - math.log(2.0), upper)
