"""The cpu tier's random numbers of seeds: the reference kernels' bits."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry, run

native = kernels("cpu.native")
SEEDS = [np.array([7, 11], np.int32), np.array([-3, 2 ** 31 - 1], np.int32), np.array([2 ** 63 - 1, -2 ** 63])]
# A kernel takes a second to compile: not all dtypes with all kinds of seeds.
REALS = [("float32", SEEDS[0]), ("float32", SEEDS[1]), ("float32", SEEDS[2]), ("float64", SEEDS[0])]
INTEGERS = [("int32", SEEDS[0]), ("int32", SEEDS[1]), ("int64", SEEDS[2])]


def _check(op, inputs, shape, dtype, attrs):
    named = {name: dtypes.as_dtype(value) for name, value in attrs.items()}
    kinds = [dtypes.as_dtype(array.dtype) for array in inputs]
    context = registry.KernelContext(op, op, named, kinds, [dtypes.as_dtype(dtype)])
    want = registry.reference.find(op, "stateless_random", named)(context)(*inputs)
    np.testing.assert_array_equal(run("stateless_random", op, inputs, [(shape, dtype)], named), want)


@pytest.mark.parametrize("dtype, seed", REALS, ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (5, 7), (0, 2)])
def test_reals(shape, dtype, seed):
    for op in ("StatelessRandomUniform", "StatelessRandomNormal", "StatelessTruncatedNormal"):
        _check(op, [np.array(shape, np.int32), seed], shape, dtype, {"dtype": dtype})


@pytest.mark.parametrize("dtype, seed", INTEGERS, ids=str)
def test_integers_and_classes(dtype, seed):
    bounds = np.array(-7, dtype), np.array(2 ** 31 - 1, dtype)
    _check("StatelessRandomUniformInt", [np.array([4, 3]), seed, *bounds], (4, 3), dtype, {"dtype": dtype})
    logits = np.random.default_rng(0).normal(size=(4, 9))
    for logits_type in ("float32", "float64") if dtype == "int32" else ("float32",):
        _check("StatelessMultinomial", [logits.astype(logits_type), np.array(5, np.int32), seed], (4, 5), dtype,
               {"T": logits_type, "output_dtype": dtype})


def test_errors_are_left_to_the_reference():
    attrs, shape = {"dtype": "int32"}, np.array([2], np.int32)
    bounds = [np.array(n, np.int32) for n in (5, 5)]
    inputs = [shape, SEEDS[0], *bounds]
    bound = bind("stateless_random", "StatelessRandomUniformInt", inputs, [((2,), "int32")], attrs)
    assert execute(bound, inputs, [np.zeros(2, np.int32)])[1] == native.EMPTY_RANGE
    wrong = [shape, np.array([1, 2, 3]), *bounds]
    assert bind("stateless_random", "StatelessRandomUniformInt", wrong, [((2,), "int32")], attrs) is None
