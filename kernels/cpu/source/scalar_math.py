"""The cpu's `math` for `kernels/scalar`: functions of Values. Holds no state."""

from . import vector_math
from .values import BYTES, Value, constant, register_type, where


class IrMath:
    """Functions and constants for code over numbers of one dtype (a name)."""

    exp, expm1 = staticmethod(vector_math.exp), staticmethod(vector_math.expm1)
    log, log1p = staticmethod(vector_math.log), staticmethod(vector_math.log1p)
    tanh, sigmoid = staticmethod(vector_math.tanh), staticmethod(vector_math.sigmoid)
    softplus, erf = staticmethod(vector_math.softplus), staticmethod(vector_math.erf)
    digamma = staticmethod(vector_math.digamma)
    where = staticmethod(where)

    def __init__(self, builder, dtype, kind=None):
        """`kind`: the IR type of the numbers, if they are vectors."""
        self._builder, self._dtype, self._kind = builder, dtype, kind or register_type(dtype)

    def const(self, number):
        """`number` as a constant of the dtype."""
        number = float(number) if self._dtype.startswith("float") else int(number)
        return Value(self._builder, self._dtype, constant(self._kind, number))

    @staticmethod
    def sqrt(x):
        return x.intrinsic("sqrt")

    @staticmethod
    def floor(x):
        return x.intrinsic("floor")

    @staticmethod
    def ceil(x):
        return x.intrinsic("ceil")

    @staticmethod
    def rint(x):
        return x.intrinsic("rint")

    @staticmethod
    def absolute(x):
        return x.intrinsic("fabs") if x.is_float else where(x < 0, -x, x)

    @property
    def bits(self):
        """Bits of a number."""
        return 8 * BYTES[self._dtype]


def _from_library(name):
    def function(x, *others):
        return x.library(name, *others)

    return staticmethod(function)


for _name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "erfc", "lgamma",
              "pow", "atan2", "fmod"):
    setattr(IrMath, _name, _from_library(_name))
