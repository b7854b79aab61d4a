"""exp, log, tanh, sigmoid, erf and friends as straight-line LLVM IR, which vectorises.

Calls into the C library do not. Worst errors over all float32 values (float64: over samples), in
units in the last place, as tests/kernels/test_vector_math.py checks:

    exp 1, log 1, expm1 2, log1p 2, tanh 3, sigmoid 3, softplus 3, erf 2 (float32 only)

All are right for zeros, infinities, NaN and denormals, in arguments and results. Fused
multiply-adds are explicit, never the compiler's choice, so that a fused expression has the bits of
its parts. Coefficients: tools/fit_polynomials; logarithm's are those of FreeBSD's msun.
No state.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


class _Format:
    """Constants of one floating-point format."""

    def __init__(self, kind, bits, mantissa, bias, **constants):
        self.kind, self.bits, self.mantissa, self.bias = kind, ir.IntType(bits), mantissa, bias
        self.suffix = f"f{bits}"
        self.magic = 1.5 * 2.0 ** mantissa      # adding it rounds to an integer in the low bits
        self.__dict__.update(constants)


_F32 = _Format(
    ir.FloatType(), 32, 23, 127,
    exp_low=-104.0, exp_high=89.0, expm1_high=89.0,
    ln2_high=0.693145751953125, ln2_low=1.42860682030941723212e-6,
    exp_tail=(0.5, 0.166665768946066, 0.0416665544984137, 0.008363194882419041,
              0.0013926203361634337),
    log_tail=(0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841),
)
_F64 = _Format(
    ir.DoubleType(), 64, 52, 1023,
    exp_low=-746.0, exp_high=710.0, expm1_high=710.0,
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


class _Value:
    """A float in IR, with Python's operators. `of` is its format, `b` the builder."""

    def __init__(self, b, of, ir_value):
        self.b, self.of, self.ir = b, of, ir_value

    def const(self, number):
        return _Value(self.b, self.of, ir.Constant(self.of.kind, number))

    def _lift(self, other):
        return other if isinstance(other, _Value) else self.const(other)

    def _new(self, ir_value):
        return _Value(self.b, self.of, ir_value)

    def __add__(self, other):
        return self._new(self.b.fadd(self.ir, self._lift(other).ir))

    def __sub__(self, other):
        return self._new(self.b.fsub(self.ir, self._lift(other).ir))

    def __rsub__(self, other):
        return self._lift(other) - self

    def __mul__(self, other):
        return self._new(self.b.fmul(self.ir, self._lift(other).ir))

    def __truediv__(self, other):
        return self._new(self.b.fdiv(self.ir, self._lift(other).ir))

    def __neg__(self):
        return self._new(self.b.fneg(self.ir))

    __radd__, __rmul__ = __add__, __mul__

    def _call(self, name, *values):
        kind = self.of.kind
        function = self.b.module.declare_intrinsic(
            f"llvm.{name}", [kind], ir.FunctionType(kind, [kind] * len(values)))
        return self._new(self.b.call(function, [v.ir for v in values]))

    def fma(self, factor, term):
        """self * factor + term, rounded once."""
        return self._call("fma", self, self._lift(factor), self._lift(term))

    def abs(self):
        return self._call("fabs", self)

    def copysign(self, sign):
        return self._call("copysign", self, sign)

    def compare(self, operator, other):
        """Ordered comparison: false for NaN."""
        return self.b.fcmp_ordered(operator, self.ir, self._lift(other).ir)

    def is_nan(self):
        return self.b.fcmp_unordered("uno", self.ir, self.ir)

    def where(self, condition, other):
        """self where `condition`, else `other`."""
        return self._new(self.b.select(condition, self.ir, self._lift(other).ir))

    def polynomial(self, coefficients):
        total = self.const(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = total.fma(self, c)
        return total

    def bits(self):
        return self.b.bitcast(self.ir, self.of.bits)

    def from_bits(self, bits):
        return self._new(self.b.bitcast(bits, self.of.kind))


def _int(x, number):
    return ir.Constant(x.of.bits, number)


def _power_of_two(x, exponent):
    """2**exponent for an integer `exponent` within the format's normal range."""
    b = x.b
    return x.from_bits(b.shl(b.add(exponent, _int(x, x.of.bias)), _int(x, x.of.mantissa)))


def _reduce(x, low, high):
    """(r, n) with x = n ln 2 + r, |r| <= ln2/2, n an integer; x clamped to [low, high]."""
    x = x.where(x.b.not_(x.compare("<", low)), low)      # NaN stays NaN
    x = x.where(x.b.not_(x.compare(">", high)), high)
    shifted = x * 1.4426950408889634 + x.of.magic
    n = shifted - x.of.magic
    r = n.fma(-x.of.ln2_high, x)
    r = n.fma(-x.of.ln2_low, r)
    return r, x.b.sub(shifted.bits(), x.const(x.of.magic).bits())


def _scale(x, n):
    """x * 2**n, rounded once also where the result is denormal."""
    half = x.b.ashr(n, _int(x, 1))
    return x * _power_of_two(x, half) * _power_of_two(x, x.b.sub(n, half))


def _exp(x):
    r, n = _reduce(x, x.of.exp_low, x.of.exp_high)
    tail = r.polynomial(x.of.exp_tail)
    return _scale((r * r).fma(tail, r) + 1.0, n)


def _expm1(x):
    r, n = _reduce(x, -60.0, x.of.expm1_high)
    tail = (r * r).fma(r.polynomial(x.of.exp_tail), r)          # e**r - 1
    half = x.b.ashr(n, _int(x, 1))                              # 2**n itself may overflow
    first, second = _power_of_two(x, half), _power_of_two(x, x.b.sub(n, half))
    large = (tail + 1.0) * first * second
    power = _power_of_two(x, x.b.select(
        x.b.icmp_signed(">", n, _int(x, x.of.bias)), _int(x, 0), n))
    result = large.where(x.b.icmp_signed(">", n, _int(x, x.of.mantissa + 2)),
                         power.fma(tail, power - 1.0))
    return x.where(x.compare("==", 0.0), result)                # keeps the sign of zero


def _log_parts(x):
    """(f, k) with x = 2**k (1 + f), 1 + f within [sqrt(1/2), sqrt(2)], for positive finite x."""
    b, of = x.b, x.of
    tiny = x.compare("<", 2.0 ** (2 - of.bias))
    x = (x * 2.0 ** (of.mantissa + 2)).where(tiny, x)
    bits = x.bits()
    # Subtracting sqrt(1/2)'s bits moves the exponent's carry to where the mantissa passes it.
    offset = x.const(0.70710678118654752).bits()
    exponent = b.ashr(b.sub(bits, offset), _int(x, of.mantissa))
    mantissa = x.from_bits(b.sub(bits, b.shl(exponent, _int(x, of.mantissa))))
    exponent = b.sub(exponent, b.select(tiny, _int(x, of.mantissa + 2), _int(x, 0)))
    # Small integer to float without a conversion (AVX-512 alone converts int64).
    k = x.from_bits(b.add(exponent, x.const(of.magic).bits())) - of.magic
    return mantissa - 1.0, k


def _log_finite(x):
    f, k = _log_parts(x)
    s = f / (f + 2.0)
    z = s * s
    tail = z * z.polynomial(x.of.log_tail)
    half = f * f * 0.5
    correction = s * (half + tail) + k * x.of.ln2_low
    return k * x.of.ln2_high - ((half - correction) - f)


def _log_special(x, result):
    """log's values at zero, below it, at infinity and NaN."""
    result = x.where(x.compare("==", float("inf")), result)
    result = x.const(float("-inf")).where(x.compare("==", 0.0), result)
    result = x.const(float("nan")).where(x.compare("<", 0.0), result)
    return x.where(x.is_nan(), result)


def _log(x):
    return _log_special(x, _log_finite(x))


def _log1p(x):
    u = x + 1.0
    correction = (x - (u - 1.0)) / u                # what rounding 1 + x lost
    result = _log_special(u, _log_finite(u))
    corrected = result + correction
    plain = x.b.or_(u.compare("==", float("inf")), u.compare("==", 0.0))
    result = result.where(plain, corrected)
    return x.where(u.compare("==", 1.0), result)


def _tanh(x):
    e = _expm1(x.abs() * -2.0)
    result = (-e / (e + 2.0)).copysign(x)
    return result


def _sigmoid(x):
    e = _exp(-x.abs())
    numerator = x.const(1.0).where(x.b.not_(x.compare("<", 0.0)), e)
    return numerator / (e + 1.0)


def _softplus(x):
    positive = x.where(x.b.not_(x.compare("<", 0.0)), 0.0)
    return positive + _log1p(_exp(-x.abs()))


def _erf(x):
    size = x.abs()
    small = (x * x).polynomial(_ERF_SMALL).fma(x, x)
    bounded = size.where(x.b.not_(size.compare(">", 4.0)), 4.0)
    large = 1.0 - _exp(-(bounded * bounded.polynomial(_ERF_LARGE)))
    return small.where(size.compare("<", 1.0), large.copysign(x))


def _make(emit, only_single=False):
    """A function for kernels, of float32 or float64, from one that emits IR."""
    @intrinsic
    def function(typing, x):
        of = {types.float32: _F32, types.float64: None if only_single else _F64}[x]

        def generate(context, builder, signature, arguments):
            return emit(_Value(builder, of, arguments[0])).ir

        return x(x), generate

    return function


exp = _make(_exp)
expm1 = _make(_expm1)
log = _make(_log)
log1p = _make(_log1p)
tanh = _make(_tanh)
sigmoid = _make(_sigmoid)
softplus = _make(_softplus)
erf_single = _make(_erf, only_single=True)


def _rounding(name):
    return _make(lambda x: x._call(name, x))


floor, ceil, rint, trunc = map(_rounding, ("floor", "ceil", "rint", "trunc"))
sqrt, fabs = map(_rounding, ("sqrt", "fabs"))
