"""Functions of `vector_math` for kernels that Numba compiles: loops over them vectorise, unlike calls of the C library.
Holds no state."""

from numba import types
from numba.extending import intrinsic

from . import vector_math
from .values import Value


def _double(function):
    @intrinsic
    def compiled(typing, x):
        def generate(context, builder, signature, arguments):
            return function(Value(builder, "float64", arguments[0])).ir
        return types.float64(types.float64), generate
    return compiled


exp, log = _double(vector_math.exp), _double(vector_math.log)
