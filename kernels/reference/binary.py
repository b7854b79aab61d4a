"""Reference kernels of `graphflow/ops/binary.py`: NumPy with TensorFlow's conventions.

Integers wrap around, divide by zero only with an error, and `Div` on them cuts towards zero.
"""

import numpy as np

from graphflow.framework import errors

from ..registry import reference
from .elementwise import broadcasting, is_integer, quiet


def _check_divisor(x, y):
    # With an empty dividend the result is empty: nothing is divided, whatever `y` holds.
    if x.size and is_integer(y) and not np.all(y):
        raise errors.InvalidArgumentError(None, None, "Integer division by zero")


def _no_complex(array, op):
    if array.dtype.kind == "c":
        raise errors.UnimplementedError(None, None, f"{op} of complex numbers is not defined")


def divide(x, y):
    """`Div` and `RealDiv`: the quotient, cut towards zero for integers."""
    return truncate_div(x, y) if is_integer(x) else np.divide(x, y)


def truncate_div(x, y):
    """Quotient cut towards zero."""
    _no_complex(x, "TruncateDiv")
    if not is_integer(x):
        return np.trunc(np.divide(x, y))
    _check_divisor(x, y)
    quotient = np.floor_divide(x, y)
    inexact = (np.fmod(x, y) != 0) & ((x < 0) != (y < 0))
    return quotient + inexact.astype(x.dtype)


def floor_div(x, y):
    """Quotient rounded down."""
    _no_complex(x, "FloorDiv")
    if not is_integer(x):
        return np.floor(np.divide(x, y))
    _check_divisor(x, y)
    return np.floor_divide(x, y)


def truncate_mod(x, y):
    """Remainder with the sign of `x`."""
    _check_divisor(x, y)
    return np.fmod(x, y)


def floor_mod(x, y):
    """Remainder with the sign of `y`."""
    rest = truncate_mod(x, y)
    return np.where((rest != 0) & ((y < 0) != (rest < 0)), rest + y, rest)


def power(x, y):
    """`x ** y`; integers only to powers that are not negative."""
    if is_integer(x) and x.size and np.any(y < 0):
        raise errors.InvalidArgumentError(
            None, None, "Integers to negative integer powers are not allowed")
    result = np.power(x, y)
    if x.dtype.kind == "c" or is_integer(x):
        return result
    # NumPy may take a root, which differs from the power 0.5 of -inf, and of -0.
    return np.where(np.equal(y, 0.5), np.where(np.isneginf(x), np.inf, result + 0.0), result)


def squared_difference(x, y):
    """|x - y| squared."""
    difference = x - y
    return difference * np.conj(difference)


for _op, _function in {
    "Add": np.add, "AddV2": np.add, "Sub": np.subtract, "Mul": np.multiply,
    "Div": divide, "RealDiv": divide, "TruncateDiv": truncate_div, "FloorDiv": floor_div,
    "Mod": truncate_mod, "TruncateMod": truncate_mod, "FloorMod": floor_mod,
    "Pow": power, "Maximum": np.maximum, "Minimum": np.minimum,
    "SquaredDifference": squared_difference,
}.items():
    reference.kernel(_op)(broadcasting(_function))


def add_n(*inputs):
    """Sum of all inputs, from left to right."""
    total = inputs[0]
    for value in inputs[1:]:
        if value.shape != total.shape:
            raise errors.InvalidArgumentError(
                None, None, f"Inputs to operation AddN must have the same size and shape. "
                f"Input 0: {list(total.shape)} != input {len(inputs) - 1}: {list(value.shape)}")
        total = np.add(total, value)
    return total


for _op in ("AddN", "AccumulateNV2"):
    reference.kernel(_op)(quiet(add_n))
