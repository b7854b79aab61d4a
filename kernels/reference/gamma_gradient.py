"""The derivative of a gamma sample with respect to its shape parameter.

For a sample x of Gamma(a), with distribution function P(a, x) and density p(a, x), implicit
reparameterisation gives dx/da = -(dP/da) / p. Both expansions of the incomplete gamma function
are p(a, x) times a sum (or a continued fraction), so the density cancels and no exponential is
taken. Float64, elementwise, no state.
"""

import numpy as np

_ITERATIONS = 2000
_TOLERANCE = 2.0**-53
_BIG = 2.0**52
# Coefficients of the asymptotic series of digamma in 1/x**2: B_2n / 2n.
_DIGAMMA = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)


def digamma(x: np.ndarray) -> np.ndarray:
    """Logarithmic derivative of the gamma function, for positive x."""
    x = np.array(x, np.float64)
    result = np.zeros_like(x)
    for _ in range(10):
        small = x < 10.0
        result[small] -= 1.0 / x[small]
        x[small] += 1.0
    inverse = 1.0 / (x * x)
    series = np.zeros_like(x)
    for coefficient in reversed(_DIGAMMA):
        series = (series + coefficient) * inverse
    return result + np.log(x) - 0.5 / x - series


def gamma_sample_gradient(alpha: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """d sample / d alpha for float64 arrays of equal shape; NaN outside of alpha > 0, x >= 0."""
    result = np.full(alpha.shape, np.nan)
    result[(alpha > 0) & (sample == 0)] = 0.0
    valid = (alpha > 0) & (sample > 0) & np.isfinite(alpha) & np.isfinite(sample)
    upper = valid & (sample > 1) & (sample > alpha)
    lower = valid & ~upper
    result[lower] = _by_series(alpha[lower], sample[lower])
    result[upper] = _by_fraction(alpha[upper], sample[upper])
    return result


def _by_series(a, x):
    """P = p x / a * S with S = sum of x**n / ((a+1) ... (a+n))."""
    term, term_slope = np.ones_like(a), np.zeros_like(a)
    total, slope = np.ones_like(a), np.zeros_like(a)
    for n in range(1, _ITERATIONS):
        ratio = x / (a + n)
        term_slope = ratio * (term_slope - term / (a + n))
        term = ratio * term
        total += term
        slope += term_slope
        if np.all(np.abs(term_slope) <= _TOLERANCE * np.abs(slope)):
            break
    return -(x / a) * (total * (np.log(x) - digamma(a + 1.0)) + slope)


def _by_fraction(a, x):
    """1 - P = p x F with F the continued fraction of the upper incomplete gamma function."""
    y, z = 1.0 - a, x + 2.0 - a
    numerators, denominators = [np.ones_like(a), x + 1.0], [x.copy(), z * x]
    numerator_slopes, denominator_slopes = [np.zeros_like(a)] * 2, [np.zeros_like(a), -x]
    value = numerators[1] / denominators[1]
    slope = -value * denominator_slopes[1] / denominators[1]
    for n in range(1, _ITERATIONS):
        y, z = y + 1.0, z + 2.0
        numerators, numerator_slopes = _advance(numerators, numerator_slopes, z, y, n)
        denominators, denominator_slopes = _advance(denominators, denominator_slopes, z, y, n)
        value = numerators[1] / denominators[1]
        old = slope
        slope = (numerator_slopes[1] - value * denominator_slopes[1]) / denominators[1]
        if np.all(np.abs(slope - old) <= _TOLERANCE * np.abs(slope)):
            break
        scale = np.where(np.abs(numerators[1]) > _BIG, 1.0 / _BIG, 1.0)
        for pair in (numerators, numerator_slopes, denominators, denominator_slopes):
            pair[:] = [item * scale for item in pair]
    return x * (value * (np.log(x) - digamma(a)) + slope)


def _advance(values, slopes, z, y, n):
    """One step of the three-term recurrence and of its derivative (dz/da = dy/da = -1)."""
    newest = values[1] * z - values[0] * (y * n)
    slope = slopes[1] * z - values[1] - slopes[0] * (y * n) + values[0] * n
    return [values[1], newest], [slopes[1], slope]
