"""Sample rows of `graphflow/ops/special_math.py`; the oracle values are TensorFlow 2.21's."""

import math

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework.kernel_loader import kernels
from tests.ops.harness import Sample, fixed, normal, positive, sample_tests, unit

FLOATS = "float16 bfloat16 float32 float64"


def each(function):
    return np.vectorize(function, otypes=[np.float64])


def digamma(x):
    """By differences of lgamma, to about 1e-9."""
    step = 1e-4
    values = [each(math.lgamma)(x.astype(np.float64) + k * step) for k in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)


def bessel(order):
    """By the integral over one period, which the trapezoidal rule does exactly."""
    angles = (np.arange(400) + 0.5) * np.pi / 400

    def value(x):
        return np.mean(np.exp(x * np.cos(angles) - abs(x)) * np.cos(order * angles))

    return each(value)


def midpoint_rule(density, power):
    """The integral from 0 to x of `t^(power-1) density(t)`, substituting t = s^(1/power)."""
    def value(*parameters):
        *shape, x = parameters
        first = power(*shape)
        top = x**first
        points = ((np.arange(20000) + 0.5) / 20000 * top) ** (1 / first)
        return np.mean(density(points, *shape)) * top / first

    return each(value)


igamma = midpoint_rule(lambda t, a: np.exp(-t) / math.gamma(a), lambda a: a)
betainc = midpoint_rule(
    lambda t, a, b: (1 - t) ** (b - 1) * math.gamma(a + b) / math.gamma(a) / math.gamma(b),
    lambda a, b: a,
)
zeta = each(
    lambda x, q: sum((q + n) ** -x for n in range(20000)) + (q + 19999.5) ** (1 - x) / (x - 1)
)
ORDERS = fixed(np.array([2.5, 3.0, 4.0]))
WHOLE = fixed(np.array([1.0, 2.0, 3.0]))

test_samples = sample_tests(
    [
        Sample("Erf", [normal(2, 3)], each(math.erf), dtypes=FLOATS, grad=(0,), second=True),
        Sample("Erfc", [normal(2, 3)], each(math.erfc), dtypes=FLOATS, grad=(0,), second=True),
        Sample(
            "Lgamma", [positive(2, 3)], each(math.lgamma), dtypes=FLOATS, grad=(0,), second=True
        ),
        Sample(
            "Digamma", [positive(2, 3)], digamma, dtypes=FLOATS, grad=(0,), second=True, tol64=1e-7
        ),
        Sample("BesselI0e", [normal(2, 3)], bessel(0), dtypes=FLOATS, grad=(0,), second=True),
        Sample("BesselI1e", [normal(2, 3)], bessel(1), dtypes=FLOATS, grad=(0,), second=True),
        Sample("Igamma", [positive(2, 3), positive(3)], igamma, grad=(0, 1), tol64=1e-6),
        Sample(
            "Igammac",
            [positive(2, 3), positive(3)],
            lambda a, x: 1 - igamma(a, x),
            grad=(0, 1),
            tol64=1e-6,
        ),
        Sample(
            "IgammaGradA",
            [positive(2, 3), positive(3)],
            tol=1e-4,
            tol64=1e-5,
            oracle=lambda a, x: (igamma(a + 1e-3, x) - igamma(a - 1e-3, x)) / 2e-3,
        ),
        Sample(
            "Polygamma",
            [WHOLE, positive(2, 3)],
            grad=(1,),
            tol64=1e-6,
            oracle=lambda n, x: (-1) ** (n + 1) * each(math.gamma)(n + 1) * zeta(n + 1, x),
        ),
        Sample("Zeta", [ORDERS, positive(2, 3)], zeta, grad=(1,), second=True, tol64=1e-6),
        Sample(
            "Betainc",
            [positive(2, 3), positive(2, 3), unit(2, 3)],
            betainc,
            grad=(2,),
            tol=1e-4,
            tol64=1e-5,
        ),
        Sample(
            "Atan2",
            [normal(2, 3), positive(3)],
            np.arctan2,
            dtypes=FLOATS,
            grad=(0, 1),
            second=True,
        ),
        Sample("NextAfter", [normal(2, 3), normal(3)], np.nextafter, grad=None, tol=1e-9),
    ]
)


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        (
            tf.lgamma,
            [0.0, -1.0, -0.5, np.nan, -np.inf, 1.0],
            [np.inf, np.inf, 1.2655121, np.nan, np.inf, 0],
        ),
        (
            tf.digamma,
            [0.0, -1.0, -0.5, np.nan, -np.inf, np.inf],
            [np.nan, np.nan, 0.03648998, np.nan, np.nan, np.inf],
        ),
        (tf.log_sigmoid, [-100.0, 0.0], [-100, -np.log(2)]),
        (lambda x: tf.igamma(x, [0.0, 0.0, 0.0, 1.0]), [0.0, -1.0, np.nan, 0.0], [0, 0, 0, np.nan]),
        (lambda x: tf.igammac(x, [0.0, 0.0, 0.0, 0.0]), [1.0, 0.0, -1.0, np.nan], [1, np.nan, np.nan, np.nan]),
        (tf.math.bessel_i0, [0.0, 40.0], [1, 1.4894774793419e16]),
        (tf.math.bessel_i1, [0.0, -1.0], [0, -0.5651591]),
        (tf.lbeta, [2.0, 3.0], math.lgamma(2) + math.lgamma(3) - math.lgamma(5)),
    ],
)
def test_values(function, values, expected):
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant(values, tf.float32)
        np.testing.assert_allclose(sess.run(function(x)), expected, rtol=1e-5, atol=1e-6)


def test_polyval():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.constant([1.0, 2.0])
        np.testing.assert_array_equal(sess.run(tf.math.polyval([1.0, 2.0, 3.0], x)), [6, 11])
        np.testing.assert_array_equal(sess.run(tf.math.polyval([], x)), [0, 0])


def test_fractions_end_once_they_have_converged(monkeypatch):
    """Rounding moves what has converged: all at once are never done."""
    special = kernels("reference.special_functions")
    rounds = []
    monkeypatch.setattr(special, "range", lambda *ends: (rounds.append(i) or i for i in range(*ends)), raising=False)
    x = np.random.default_rng(0).uniform(0.1, 0.9, 5000)
    special.incomplete_gamma(5 * x, 10 * x, upper=True)
    special.incomplete_beta(3 * x, 2 * x, x)
    assert 10 < len(rounds) < 1000
