"""Assertions and checks that hold: the reference kernel words those that don't. Holds no state."""

from math import prod

import numpy as np

from ..registry import In, Native, Out, cpu
from . import native
from .elementwise import FLOATS


@cpu.kernel("Assert")
def assert_(ctx):
    """Looks at the condition only; what is to be told must be numbers, or texts that never change."""
    if prod(ctx.input_shapes[0]) != 1:
        return None
    for number, dtype in enumerate(ctx.input_dtypes):
        if np.dtype(dtype.as_numpy_dtype).hasobject and ctx.value(number) is None:
            return None
    return Native(native.function("debugging.holds", str(native.ASSERTION_FAILED)), [0, 0, In(0)])


@cpu.kernel("CheckNumerics", T=FLOATS)
def check_numerics(ctx):
    code = native.function("debugging.is_finite", ctx.output_dtypes[0].name, str(native.ASSERTION_FAILED))
    kernel = Native(code, [0, 0, Out(0), In(0), prod(ctx.input_shapes[0])])
    kernel.in_place = ((0, 0),)
    return kernel
