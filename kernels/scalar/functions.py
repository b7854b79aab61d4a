"""What elementwise ops compute on one element, independent of the target.

`find(op, math)` returns a plain Python function of scalars. A target either compiles it (Numba) or
runs it on objects that write code as they are added and multiplied, so functions choose with
`where` and never with `if`. `math` is the target's: `const(x)` gives a constant of the op's dtype,
`where(condition, x, y)` chooses, and `exp`, `log`, `log1p`, `expm1`, `tanh`, `sigmoid`, `softplus`,
`sqrt`, `floor`, `ceil`, `rint`, `erf`, `sin`, `cos`, `pow`, `absolute` are its functions; a target that has other ops
has more of them, by the names of the C library, and `bits`, the size of a number.
No state but the table, filled by the decorators.
"""

_MAKERS = {}


def scalar(*ops):
    """Records a maker `(math) -> function of scalars` for `ops`."""
    def record(maker):
        for op in ops:
            _MAKERS[op] = maker
        return maker
    return record


def find(op, math):
    """The scalar function of `op`; KeyError if it is not elementwise or not known here."""
    return _MAKERS[op](math)


def supported():
    """Names of the ops that have a scalar function."""
    return frozenset(_MAKERS)


def _named(op, attribute):
    @scalar(op)
    def maker(m):
        function = getattr(m, attribute)
        return lambda x: function(x)


for _op, _attribute in {
        "Exp": "exp", "Log": "log", "Log1p": "log1p", "Expm1": "expm1", "Tanh": "tanh",
        "Sigmoid": "sigmoid", "Softplus": "softplus", "Sqrt": "sqrt", "Floor": "floor",
        "Ceil": "ceil", "Rint": "rint", "Round": "rint", "Erf": "erf", "Sin": "sin", "Cos": "cos",
        "Abs": "absolute", "Tan": "tan", "Asin": "asin", "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh",
        "Asinh": "asinh", "Acosh": "acosh", "Atanh": "atanh", "Erfc": "erfc", "Lgamma": "lgamma",
        "Digamma": "digamma"}.items():
    _named(_op, _attribute)

# Functions without constants.
for _op, _function in {
        "Identity": lambda x: x,
        "Neg": lambda x: -x,
        "Square": lambda x: x * x,
        "Add": lambda x, y: x + y,
        "AddV2": lambda x, y: x + y,
        "Sub": lambda x, y: x - y,
        "Mul": lambda x, y: x * y,
        "RealDiv": lambda x, y: x / y,
        "Div": lambda x, y: x / y,
        "SquaredDifference": lambda x, y: (x - y) * (x - y),
        "Equal": lambda x, y: x == y,
        "NotEqual": lambda x, y: x != y,
        "Less": lambda x, y: x < y,
        "LessEqual": lambda x, y: x <= y,
        "Greater": lambda x, y: x > y,
        "GreaterEqual": lambda x, y: x >= y,
        "IsNan": lambda x: x != x,
        "IsFinite": lambda x: x - x == x - x,       # inf - inf is NaN
        "IsInf": lambda x: (x == x) & (x - x != x - x),
        "LogicalAnd": lambda x, y: x & y,
        "LogicalOr": lambda x, y: x | y,
        "BitwiseAnd": lambda x, y: x & y,
        "BitwiseOr": lambda x, y: x | y,
        "BitwiseXor": lambda x, y: x ^ y,
        "Invert": lambda x: ~x}.items():
    scalar(_op)(lambda m, _function=_function: _function)


@scalar("LogicalNot")
def _logical_not(m):
    false = m.const(0)
    return lambda x: x == false


@scalar("Select", "SelectV2")
def _select(m):
    where = m.where
    return lambda c, x, y: where(c, x, y)


# NaN in either argument gives NaN, as in NumPy and TensorFlow.

@scalar("Maximum")
def _maximum(m):
    where = m.where
    return lambda x, y: where((x > y) | (x != x), x, y)


@scalar("Minimum")
def _minimum(m):
    where = m.where
    return lambda x, y: where((x < y) | (x != x), x, y)


@scalar("Sign")
def _sign(m):
    where, zero, one, minus = m.where, m.const(0), m.const(1), m.const(-1)
    return lambda x: where(x > zero, one, where(x < zero, minus, where(x == zero, zero, x)))


@scalar("Pow")
def _pow(m):
    power = m.pow
    return lambda x, y: power(x, y)


@scalar("Atan2")
def _atan2(m):
    atan2 = m.atan2
    return lambda y, x: atan2(y, x)


@scalar("Mod", "TruncateMod")
def _truncate_mod(m):
    rest = m.fmod
    return lambda x, y: rest(x, y)


@scalar("FloorMod")
def _floor_mod(m):
    """The remainder with the sign of `y`."""
    where, fmod, zero = m.where, m.fmod, m.const(0)

    def remainder(x, y):
        rest = fmod(x, y)
        return where((rest != zero) & ((y < zero) ^ (rest < zero)), rest + y, rest)
    return remainder


def _places(m, y):
    """By how many bits `y` shifts: not below 0, and less than there are."""
    last = m.const(m.bits - 1)
    y = m.where(y < m.const(0), m.const(0), y)
    return m.where(y > last, last, y)


@scalar("LeftShift")
def _left_shift(m):
    return lambda x, y: x << _places(m, y)


@scalar("RightShift")
def _right_shift(m):
    return lambda x, y: x >> _places(m, y)


@scalar("FloorDiv")
def _floor_div(m):
    floor = m.floor
    return lambda x, y: floor(x / y)


@scalar("DivNoNan")
def _div_no_nan(m):
    where, zero = m.where, m.const(0)
    return lambda x, y: where(y == zero, zero, x / y)


@scalar("MulNoNan")
def _mul_no_nan(m):
    where, zero = m.where, m.const(0)
    return lambda x, y: where(y == zero, zero, x * y)


@scalar("Xdivy")
def _x_div_y(m):
    where, zero = m.where, m.const(0)
    return lambda x, y: where(x == zero, zero, x / y)


@scalar("Xlogy")
def _x_log_y(m):
    where, zero, log = m.where, m.const(0), m.log
    return lambda x, y: where(x == zero, zero, x * log(y))


@scalar("Rsqrt")
def _rsqrt(m):
    sqrt, one = m.sqrt, m.const(1)
    return lambda x: one / sqrt(x)


@scalar("Reciprocal", "Inv")
def _reciprocal(m):
    one = m.const(1)
    return lambda x: one / x


@scalar("Relu")
def _relu(m):
    where, zero = m.where, m.const(0)
    return lambda x: where(x <= zero, zero, x)      # 0 for -0 too, NaN for NaN


@scalar("Relu6")
def _relu6(m):
    where, zero, six = m.where, m.const(0), m.const(6)
    return lambda x: where(x <= zero, zero, where(x > six, six, x))


@scalar("Elu")
def _elu(m):
    where, zero, expm1 = m.where, m.const(0), m.expm1
    return lambda x: where(x < zero, expm1(x), x)


_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_SCALE_ALPHA = 1.7580993408473768599402175208123


@scalar("Selu")
def _selu(m):
    where, zero, expm1 = m.where, m.const(0), m.expm1
    scale, scale_alpha = m.const(_SELU_SCALE), m.const(_SELU_SCALE_ALPHA)
    return lambda x: where(x < zero, scale_alpha * expm1(x), scale * x)


@scalar("LeakyRelu")
def _leaky_relu(m):
    where, zero = m.where, m.const(0)
    return lambda x, alpha: where(x > zero, x, x * alpha)


@scalar("Softsign")
def _softsign(m):
    one, absolute = m.const(1), m.absolute
    return lambda x: x / (one + absolute(x))


# Gradients of y = f(x): of (y, dy) or of (dy, x), in the order of the op's inputs.

@scalar("TanhGrad")
def _tanh_grad(m):
    one = m.const(1)
    return lambda y, dy: dy * (one - y * y)


@scalar("SigmoidGrad")
def _sigmoid_grad(m):
    one = m.const(1)
    return lambda y, dy: dy * y * (one - y)


@scalar("SqrtGrad")
def _sqrt_grad(m):
    where, zero, half = m.where, m.const(0), m.const(0.5)
    return lambda y, dy: where(dy == zero, zero, dy * half / y)


@scalar("RsqrtGrad")
def _rsqrt_grad(m):
    where, zero, factor = m.where, m.const(0), m.const(-0.5)
    return lambda y, dy: where(dy == zero, zero, factor * (dy * y) * (y * y))


@scalar("InvGrad", "ReciprocalGrad")
def _reciprocal_grad(m):
    where, zero = m.where, m.const(0)
    return lambda y, dy: where(dy == zero, zero, -y * dy * y)


# Products, as TensorFlow's: an infinite gradient of what is cut off gives NaN.

@scalar("ReluGrad")
def _relu_grad(m):
    where, zero, one = m.where, m.const(0), m.const(1)
    return lambda dy, x: dy * where(x > zero, one, zero)


@scalar("Relu6Grad")
def _relu6_grad(m):
    where, zero, one, six = m.where, m.const(0), m.const(1), m.const(6)
    return lambda dy, x: dy * where((x > zero) & (x < six), one, zero)


@scalar("EluGrad")
def _elu_grad(m):
    where, zero, one = m.where, m.const(0), m.const(1)
    return lambda dy, y: where(y < zero, dy * (y + one), dy)


@scalar("SeluGrad")
def _selu_grad(m):
    where, zero = m.where, m.const(0)
    scale, scale_alpha = m.const(_SELU_SCALE), m.const(_SELU_SCALE_ALPHA)
    return lambda dy, y: where(y < zero, dy * (y + scale_alpha), dy * scale)


@scalar("LeakyReluGrad")
def _leaky_relu_grad(m):
    where, zero = m.where, m.const(0)
    return lambda dy, x, alpha: where(x > zero, dy, dy * alpha)


@scalar("SoftplusGrad")
def _softplus_grad(m):
    exp, one = m.exp, m.const(1)
    return lambda dy, x: dy / (exp(-x) + one)


@scalar("SoftsignGrad")
def _softsign_grad(m):
    one, absolute = m.const(1), m.absolute

    def gradient(dy, x):
        size = one + absolute(x)
        return dy / (size * size)
    return gradient
