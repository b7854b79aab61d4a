"""Special functions on float64 arrays, to double accuracy and without SciPy.

Series, continued fractions and asymptotic expansions, each where it converges fast. Holds no state.
"""

import math

import numpy as np

from .gamma_gradient import digamma as _positive_digamma
from .gamma_gradient import gamma_sample_gradient

# B_2k / (2k)!, the coefficients of Euler and Maclaurin.
_EULER_MACLAURIN = [b / math.factorial(2 * k) for k, b in enumerate((
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330, 854513 / 138, -236364091 / 2730), start=1)]
_TINY = 1e-300
_STEPS = 3000
_CONVERGED = 4e-16      # how near to one a last factor is; those after it may be farther, by rounding


def _lgamma(x):
    if math.isinf(x) or (x <= 0 and x == math.floor(x)):
        return math.inf
    try:
        return math.lgamma(x)
    except OverflowError:
        return math.inf


erf = np.vectorize(math.erf, otypes=[np.float64])
erfc = np.vectorize(math.erfc, otypes=[np.float64])
lgamma = np.vectorize(_lgamma, otypes=[np.float64])


def digamma(x):
    """The derivative of lgamma; NaN at 0, -1, -2, ..."""
    pole = (x <= 0) & (x == np.floor(x))
    reflected = np.where(x <= 0, 1 - x, x)
    value = _positive_digamma(np.where(np.isfinite(reflected), reflected, 1.0))
    value = np.where(np.isposinf(x), np.inf, value)
    value = np.where(x <= 0, value - np.pi / np.tan(np.pi * (x - np.floor(x))), value)
    return np.where(pole | np.isnan(x) | np.isneginf(x), np.nan, value)


def zeta(x, q):
    """Sum of (q + n)^-x: twelve and more terms, then Euler and Maclaurin for the rest."""
    x, q = np.broadcast_arrays(x, q)
    total, a = np.zeros(x.shape), np.array(q, np.float64)
    for n in range(1000):
        step = (a < 12) | (n < 3)
        if not step.any():
            break
        total = np.where(step, total + np.power(a, -x), total)
        a = np.where(step, a + 1, a)
    rest = np.power(a, 1 - x) / (x - 1) + 0.5 * np.power(a, -x)
    factor, power = x, np.power(a, -x - 1)
    for k, coefficient in enumerate(_EULER_MACLAURIN):
        rest = rest + coefficient * factor * power
        factor = factor * (x + 2 * k + 1) * (x + 2 * k + 2)
        power = power / (a * a)
    value = total + rest
    value = np.where((q <= 0) & (x != np.floor(x)), np.nan, value)
    value = np.where((q <= 0) & (q == np.floor(q)), np.inf, value)
    return np.where(x == 1, np.inf, np.where(x < 1, np.nan, value))


def polygamma(n, x):
    """Derivative of order n of digamma."""
    n, x = np.broadcast_arrays(n, x)
    sign = np.where(np.mod(n, 2) == 0, -1.0, 1.0)
    higher = sign * np.exp(lgamma(n + 1)) * zeta(np.where(n > 0, n + 1, 2.0), x)
    value = np.where(n == 0, digamma(x), higher)
    return np.where((n < 0) | (n != np.floor(n)), np.nan, value)


def _gamma_density(a, x):
    return np.exp(a * np.log(x) - x - lgamma(a))


def _lower_series(a, x):
    term = total = 1 / a
    for n in range(1, _STEPS):
        term = term * x / (a + n)
        total = total + term
        if np.all(np.abs(term) <= np.abs(total) * 1e-17):
            break
    return total * _gamma_density(a, x)


def _upper_fraction(a, x):
    """Lentz's evaluation of the continued fraction of the upper incomplete gamma function."""
    b = x + 1 - a
    c, d = np.full(a.shape, 1 / _TINY), 1 / b
    value, left = d, np.ones(a.shape, bool)
    for n in range(1, _STEPS):
        numerator = -n * (n - a)
        b = b + 2
        d = numerator * d + b
        d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = b + numerator / c
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        value = value * (c * d)
        left &= np.abs(c * d - 1) >= _CONVERGED
        if not left.any():
            break
    return value * _gamma_density(a, x)


def incomplete_gamma(a, x, upper):
    """The regularised incomplete gamma function; NaN for x < 0 or a <= 0, but the lower one of x = 0 is 0."""
    a, x = (np.array(v, np.float64) for v in np.broadcast_arrays(a, x))
    invalid = ~((x >= 0) & (a > 0)) & (upper | (x != 0))
    regular = ~invalid & (x > 0) & np.isfinite(x) & np.isfinite(a)
    by_fraction = regular & (x > 1) & (x > a)
    by_series = regular & ~by_fraction
    lower = np.where(np.isinf(x) & ~np.isinf(a), 1.0, 0.0)
    result = 1 - lower if upper else lower
    series = _lower_series(a[by_series], x[by_series])
    fraction = _upper_fraction(a[by_fraction], x[by_fraction])
    result[by_series] = 1 - series if upper else series
    result[by_fraction] = fraction if upper else 1 - fraction
    result[invalid] = np.nan
    return result


def incomplete_gamma_slope(a, x):
    """Derivative of the lower incomplete gamma function in `a`."""
    a, x = (np.array(v, np.float64) for v in np.broadcast_arrays(a, x))
    shape = a.shape
    a, x = a.ravel(), x.ravel()
    slope = -gamma_sample_gradient(a, x) * _gamma_density(a, x) / x
    return np.where(x == 0, 0.0, slope).reshape(shape)


def _beta_fraction(a, b, x):
    """Lentz's evaluation of the continued fraction of the incomplete beta function."""
    c, d = np.ones(a.shape), 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
    value, left = d, np.ones(a.shape, bool)
    for m in range(1, _STEPS):
        for numerator in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                          -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 + numerator * d
            d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
            c = 1 + numerator / c
            c = np.where(np.abs(c) < _TINY, _TINY, c)
            value = value * (c * d)
        left &= np.abs(c * d - 1) >= _CONVERGED
        if not left.any():
            break
    return value


def incomplete_beta(a, b, x):
    """The regularised incomplete beta function; NaN for x outside [0, 1] or a, b <= 0."""
    a, b, x = (np.array(v, np.float64) for v in np.broadcast_arrays(a, b, x))
    mirrored = x > (a + 1) / (a + b + 2)
    first, second = np.where(mirrored, b, a), np.where(mirrored, a, b)
    point = np.where(mirrored, 1 - x, x)
    inside = (x > 0) & (x < 1) & (a > 0) & (b > 0)
    point = np.where(inside, point, 0.5)
    front = np.exp(lgamma(a + b) - lgamma(a) - lgamma(b) + first * np.log(point)
                   + second * np.log1p(-point))
    value = front * _beta_fraction(first, second, point) / first
    value = np.where(mirrored, 1 - value, value)
    value = np.where(x == 0, 0.0, np.where(x == 1, 1.0, value))
    return np.where((x >= 0) & (x <= 1) & (a > 0) & (b > 0), value, np.nan)


def scaled_bessel(x, order):
    """exp(-|x|) I_order(x) for order 0 or 1: power series, from 30 on the asymptotic series."""
    size = np.abs(x)
    small = np.minimum(size, 30)
    term = (small / 2) ** order
    series = term
    for k in range(1, 90):
        term = term * (small / 2) ** 2 / (k * (k + order))
        series = series + term
    large = np.maximum(size, 30)
    term = expansion = np.ones_like(large)
    for k in range(1, 26):
        term = -term * (4 * order - (2 * k - 1) ** 2) / (8 * k * large)
        expansion = expansion + term
    far = expansion / np.sqrt(2 * np.pi * large)
    value = np.where(size > 30, far, series * np.exp(-small))
    value = np.where(np.isnan(x), np.nan, value)
    return np.sign(x) * value if order == 1 else value
