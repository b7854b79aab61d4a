"""Functions of the C library, and operations on bits, against the reference kernels: special values, broadcasting."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from tests.kernels.native_harness import bind, registry, run

SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.0, 3.0, -2.5, -3.0, 7.25, 30.0, -30.0, 1e-30,
           np.inf, -np.inf, np.nan]
UNARY = [*(("trigonometry", op) for op in ("Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh")),
         *(("special_math", op) for op in ("Erfc", "Lgamma", "Digamma"))]
BINARY = [("special_math", "Atan2"), ("binary", "FloorMod"), ("binary", "Mod"), ("binary", "TruncateMod"),
          ("no_nan", "MulNoNan"), ("no_nan", "Xdivy"), ("no_nan", "Xlogy")]


def compare(family, op, inputs, rtol=0.0):
    """Asserts that the compiled kernel gives what the reference kernel does."""
    dtype = inputs[0].dtype.name
    attrs = {"T": dtypes.as_dtype(dtype)}
    given = [dtypes.as_dtype(dtype)] * len(inputs)
    context = registry.KernelContext(op, op, attrs, given, given[:1])
    with np.errstate(all="ignore"):
        want = registry.reference.find(op, family, attrs)(context)(*inputs)
    found = run(family, op, inputs, [(want.shape, dtype)], attrs)
    np.testing.assert_allclose(found, want, rtol=rtol)
    np.testing.assert_array_equal(np.signbit(found[want == 0]), np.signbit(want[want == 0]))


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-6), ("float64", 1e-13)])
@pytest.mark.parametrize("family, op", UNARY)
def test_functions_of_one_number(family, op, dtype, rtol):
    ordinary = np.random.default_rng(0).normal(size=200) * 3
    compare(family, op, [np.concatenate([SPECIAL, ordinary]).astype(dtype)], rtol)


@pytest.mark.parametrize("dtype, rtol", [("float32", 2e-6), ("float64", 1e-13)])
@pytest.mark.parametrize("family, op", BINARY)
def test_functions_of_two_numbers(family, op, dtype, rtol):
    x = np.array(SPECIAL, dtype)
    compare(family, op, [x[:, None], x], rtol)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint16"])
@pytest.mark.parametrize("op", ["BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift"])
def test_bits(op, dtype):
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    x = np.array([least, most, 0, 1, 2, 7, 63, 100, most - 1, least + 1], dtype)
    compare("bitwise", op, [x[:, None], x])
    compare("bitwise", "Invert", [x])


def test_many_numbers_are_left_to_vectors():
    for size, is_native in ((4095, True), (4096, False)):
        x = np.zeros(size, np.float32)
        for family, op, count in (("trigonometry", "Sinh", 1), ("special_math", "Atan2", 2)):
            bound = bind(family, op, [x] * count, [(x.shape, "float32")], {"T": "float32"})
            assert (bound is not None) == is_native
