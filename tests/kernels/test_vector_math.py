"""The vectorised functions against float64 or wider, over all exponents and the special values."""

import math

import numpy as np
import pytest

from tests.kernels.native_harness import run

# op -> (exact function, bound in ulp). The bounds are those vector_math.py states.
FUNCTIONS = {
    "Exp": (np.exp, 1.1),
    "Log": (np.log, 1.0),
    "Expm1": (np.expm1, 2.0),
    "Log1p": (np.log1p, 2.0),
    "Tanh": (np.tanh, 3.0),
    "Sigmoid": (lambda x: np.where(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x))), 3.0),
    "Softplus": (lambda x: np.maximum(x, 0) + np.log1p(np.exp(-abs(x))), 3.0),
    "Erf": (np.vectorize(math.erf, otypes=[float]), 2.0),
}
FAMILY = {"Softplus": "activation", "Erf": "special_math"}


def _apply(op, x):
    return run(FAMILY.get(op, "unary"), op, [x], [(x.shape, x.dtype.name)], {"T": x.dtype.name})


def _ulps(got, exact, dtype):
    """Distance in units in the last place of `dtype` at the exact value."""
    with np.errstate(all="ignore"):
        size = np.abs(exact).astype(dtype)
        unit = np.where(size > 0, np.spacing(np.maximum(size, np.finfo(dtype).tiny)), 0)
        unit = np.maximum(unit, np.spacing(np.zeros((), dtype)))
        return np.abs(got.astype(exact.dtype) - exact) / unit.astype(exact.dtype)


def _everywhere():
    """Floats of every sign and exponent, denormals too: 131,072 bit patterns evenly spread."""
    return np.arange(0, 2 ** 32, 32749, np.int64).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("op", FUNCTIONS)
def test_float32_everywhere(op):
    exact_of, bound = FUNCTIONS[op]
    x = _everywhere()
    x = np.concatenate([x, np.linspace(-110, 110, 40001, dtype=np.float32),
                        np.linspace(-2, 2, 40001, dtype=np.float32)])
    got = _apply(op, x)
    with np.errstate(all="ignore"):
        exact = exact_of(x.astype(np.float64))
        rounded = exact.astype(np.float32)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(rounded))
    ordinary = np.isfinite(rounded)
    np.testing.assert_array_equal(got[~ordinary & ~np.isnan(got)],
                                  rounded[~ordinary & ~np.isnan(got)])
    worst = _ulps(got[ordinary], exact[ordinary], np.float32)
    at = int(np.argmax(worst))
    assert worst[at] <= bound, f"{worst[at]:.2f} ulp at {x[ordinary][at]!r}"


@pytest.mark.parametrize("op", [op for op in FUNCTIONS if op != "Erf"])
def test_float64_samples(op):
    exact_of, bound = FUNCTIONS[op]
    if np.finfo(np.longdouble).nmant <= 52:
        pytest.skip("no wider float on this platform")
    bits = np.arange(0, 2 ** 64, 2 ** 64 // 50021, dtype=np.float64).astype(np.uint64)
    x = np.concatenate([bits.view(np.float64), np.linspace(-750, 750, 20001),
                        np.linspace(-2, 2, 20001)])
    got = _apply(op, x)
    with np.errstate(all="ignore"):
        exact = exact_of(x.astype(np.longdouble))
        rounded = exact.astype(np.float64)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(rounded))
    ordinary = np.isfinite(rounded)
    worst = _ulps(got[ordinary], exact[ordinary], np.float64)
    at = int(np.argmax(worst))
    assert worst[at] <= bound, f"{worst[at]:.2f} ulp at {x[ordinary][at]!r}"


SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], np.float32)


@pytest.mark.parametrize("op, expected", [
    ("Exp", [1, 1, np.inf, 0, np.nan]),
    ("Log", [-np.inf, -np.inf, np.inf, np.nan, np.nan]),
    ("Expm1", [0, -0.0, np.inf, -1, np.nan]),
    ("Log1p", [0, -0.0, np.inf, np.nan, np.nan]),
    ("Tanh", [0, -0.0, 1, -1, np.nan]),
    ("Sigmoid", [0.5, 0.5, 1, 0, np.nan]),
    ("Erf", [0, -0.0, 1, -1, np.nan]),
])
def test_special_values(op, expected):
    for dtype in (np.float32, np.float64):
        got = _apply(op, SPECIAL.astype(dtype))
        np.testing.assert_array_equal(got, np.array(expected, dtype))
        np.testing.assert_array_equal(np.signbit(got[:2]), np.signbit(np.array(expected[:2])))


def test_position_does_not_matter():
    """An element has the same bits in a vector, in a loop's rest and alone."""
    x = np.linspace(-5, 5, 1003, dtype=np.float32)
    for op in FUNCTIONS:
        whole = _apply(op, x)
        for i in (0, 17, 500, 1002):
            assert _apply(op, x[i:i + 1])[0].tobytes() == whole[i].tobytes()
