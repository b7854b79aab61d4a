"""exp, log, tanh, sigmoid, erf and friends as straight-line LLVM IR, which vectorises.

Calls into the C library do not. Worst errors over all float32 values (float64: over samples), in
units in the last place, as tests/kernels/test_vector_math.py checks:

    exp 1, log 1, expm1 2, log1p 2, tanh 3, sigmoid 3, softplus 3, erf 2 (float32 only)

All are right for zeros, infinities, NaN and denormals, in arguments and results. Fused
multiply-adds are explicit, never the compiler's choice, so that a fused expression has the bits of
its parts; so have vectors and single numbers. Coefficients: tools/fit_polynomials; logarithm's are
those of FreeBSD's msun.
No state.
"""

from math import inf, nan, pi

from .values import copysign, where
from .vectors import is_wide, scaled


class _Format:
    """Constants of one floating-point format."""

    def __init__(self, mantissa, bias, **constants):
        self.mantissa, self.bias = mantissa, bias
        self.magic = 1.5 * 2.0 ** mantissa      # adding it rounds to an integer in the low bits
        self.__dict__.update(constants)


_F32 = _Format(
    23, 127,
    exp_low=-104.0, exp_high=89.0,
    ln2_high=0.693145751953125, ln2_low=1.42860682030941723212e-6,
    exp_tail=(0.5, 0.166665768946066, 0.0416665544984137, 0.008363194882419041,
              0.0013926203361634337),
    log_tail=(0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841),
)
_F64 = _Format(
    52, 1023,
    exp_low=-746.0, exp_high=710.0,
    ln2_high=6.93147180369123816490e-01, ln2_low=1.90821492927058770002e-10,
    exp_tail=(0.5, 0.1666666666666667, 0.04166666666666667, 0.00833333333332612,
              0.0013888888888883737, 0.00019841269874873975, 2.480158732558584e-05,
              2.755725533255441e-06, 2.7557273594799413e-07, 2.510524515390137e-08,
              2.0914707069612355e-09),
    log_tail=(6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
              2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
              1.479819860511658591e-01),
)
_ERF_SMALL = (0.12837916584835082, -0.37612626666720017, 0.11283594715157716, -0.02685421201054097,
              0.005189087423292007, -0.0008016864286032994, 7.875875059207022e-05)
_ERF_LARGE = (1.128777894938252, 0.6346729062150995, 0.10693467657746238, -0.024255568311852306,
              0.003794851997195664, -0.00031827927215776836, -4.276007415691843e-06,
              3.5382077650685944e-06, -2.3106406878845248e-07)


_FORMATS = {"float32": _F32, "float64": _F64}


def _power_of_two(exponent, of):
    """2**exponent for an integer `exponent` within the format's normal range."""
    return ((exponent + of.bias) << of.mantissa).float_of_bits()


def _reduce(x, low, high):
    """(r, n, n's float) with x = n ln 2 + r, |r| <= ln2/2, n an integer; x clamped to [low, high]."""
    of = _FORMATS[x.dtype]
    x = where(x < low, x.const(low), x)             # NaN stays NaN
    x = where(x > high, x.const(high), x)
    shifted = x * 1.4426950408889634 + of.magic
    n = shifted - of.magic
    r = n.fma(-of.ln2_high, x)
    r = n.fma(-of.ln2_low, r)
    return r, shifted.bits() - x.const(of.magic).bits(), n


def _scale(x, n, float_n):
    """x * 2**n, rounded once also where the result is denormal."""
    if is_wide(x):
        return scaled(x, float_n)
    of = _FORMATS[x.dtype]
    half = n >> 1
    return x * _power_of_two(half, of) * _power_of_two(n - half, of)


def exp(x):
    """e**x."""
    of = _FORMATS[x.dtype]
    r, n, float_n = _reduce(x, of.exp_low, of.exp_high)
    tail = r.polynomial(of.exp_tail)
    return _scale((r * r).fma(tail, r) + 1.0, n, float_n)


def expm1(x):
    """e**x - 1, accurate near 0."""
    of = _FORMATS[x.dtype]
    r, n, float_n = _reduce(x, -60.0, of.exp_high)
    tail = (r * r).fma(r.polynomial(of.exp_tail), r)            # e**r - 1
    power = _power_of_two(where(n > of.bias, n.const(0), n), of)
    result = where(n > of.mantissa + 2, _scale(tail + 1.0, n, float_n), power.fma(tail, power - 1.0))
    return where(x == 0.0, x, result)                           # keeps the sign of zero


def _log_finite(x):
    """log x for positive finite x."""
    of = _FORMATS[x.dtype]
    tiny = x < 2.0 ** (2 - of.bias)
    bits = where(tiny, x * 2.0 ** (of.mantissa + 2), x).bits()
    # x = 2**k (1 + f) with 1 + f within [sqrt(1/2), sqrt(2)]
    exponent = (bits - x.const(0.70710678118654752).bits()) >> of.mantissa
    f = (bits - (exponent << of.mantissa)).float_of_bits() - 1.0
    exponent = exponent - where(tiny, bits.const(of.mantissa + 2), bits.const(0))
    # a small integer to float without a conversion (only AVX-512 converts int64)
    k = (exponent + x.const(of.magic).bits()).float_of_bits() - of.magic
    s = f / (f + 2.0)
    z = s * s
    tail = z * z.polynomial(of.log_tail)
    half = f * f * 0.5
    correction = s * (half + tail) + k * of.ln2_low
    return k * of.ln2_high - ((half - correction) - f)


def log(x):
    """Natural logarithm."""
    result = where(x == inf, x, _log_finite(x))
    result = where(x == 0.0, x.const(-inf), result)
    result = where(x < 0.0, x.const(nan), result)
    return where(x != x, x, result)


def log1p(x):
    """log(1 + x), accurate near 0."""
    u = x + 1.0
    correction = (x - (u - 1.0)) / u                # what rounding 1 + x lost
    result = log(u)
    result = where((u == inf) | (u == 0.0), result, result + correction)
    return where(u == 1.0, x, result)


def tanh(x):
    """Hyperbolic tangent."""
    # expm1 of what is never positive: 2**n cannot overflow
    of = _FORMATS[x.dtype]
    r, n, _ = _reduce(x.intrinsic("fabs") * -2.0, -60.0, 0.0)
    tail = (r * r).fma(r.polynomial(of.exp_tail), r)
    power = _power_of_two(n, of)
    e = power.fma(tail, power - 1.0)
    return copysign(-e / (e + 2.0), x)


def sigmoid(x):
    """1 / (1 + e**-x)."""
    e = exp(-x.intrinsic("fabs"))
    return where(x < 0.0, e, x.const(1.0)) / (e + 1.0)


def softplus(x):
    """log(1 + e**x)."""
    return where(x < 0.0, x.const(0.0), x) + log1p(exp(-x.intrinsic("fabs")))


def erf(x):
    """The error function; the C library's for float64."""
    if x.dtype == "float64":
        return x.library("erf")
    size = x.intrinsic("fabs")
    small = (x * x).polynomial(_ERF_SMALL).fma(x, x)
    bounded = where(size > 4.0, x.const(4.0), size)
    large = 1.0 - exp(-(bounded * bounded.polynomial(_ERF_LARGE)))
    return where(size < 1.0, small, copysign(large, x))


# Of the digamma function: -B_2k / (2k), for powers of 1 / x**2.
_DIGAMMA_TAIL = (-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760)
_DIGAMMA_FROM = 10


def digamma(x):
    """The derivative of log(gamma(x)), in float64; for single numbers."""
    wide = x.cast("float64")
    reflects = wide <= 0.0
    y, total = where(reflects, 1.0 - wide, wide), wide.const(0.0)
    for _ in range(_DIGAMMA_FROM):      # digamma(y) = digamma(y + 1) - 1 / y
        is_small = y < float(_DIGAMMA_FROM)
        total, y = where(is_small, total - wide.const(1.0) / y, total), where(is_small, y + 1.0, y)
    square = wide.const(1.0) / (y * y)
    total = total + (log(y) - wide.const(0.5) / y + square * square.polynomial(_DIGAMMA_TAIL))
    below = wide.intrinsic("floor")
    slope = wide.const(pi) / ((wide - below) * pi).library("tan")
    total = where(reflects, total - slope, total)
    return where(reflects & (wide == below), total.const(nan), total).cast(x.dtype)
