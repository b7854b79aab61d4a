"""Optimizer updates have the bits of the reference kernels: of whole variables, of rows, in place."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.op_def import get_op_def
from tests.kernels.native_harness import bind, execute, registry

NUMBERS = {"beta1_power": 0.9, "lr": 0.05, "alpha": 0.1, "beta1": 0.9, "beta2": 0.99, "rho": 0.9, "momentum": 0.5,
           "epsilon": 1e-6, "l1": 0.3, "l2": 0.2, "l2_shrinkage": 0.1, "lr_power": -0.5}
ROWS = np.array([3, 0, 3, 6, 3])


def _inputs(op, dtype, **numbers):
    """(arrays, numbers of those that are coefficients) for an op."""
    rng, arrays, coefficients = np.random.default_rng(0), [], []
    for position, argument in enumerate(get_op_def(op).inputs):
        rows = "Sparse" in op and argument.name == "grad"
        if argument.name in NUMBERS:
            array = np.array(numbers.get(argument.name, NUMBERS[argument.name]), dtype)
            coefficients.append(position)
        elif argument.name == "indices":
            array = ROWS
        else:
            array = rng.normal(size=(len(ROWS) if rows else 7, 13))
            array = (array if argument.name in ("var", "grad", "linear") else array ** 2 + 1).astype(dtype)
        arrays.append(array)
    return arrays, coefficients


def _attrs(dtype):
    return {"T": dtypes.as_dtype(dtype), "use_locking": False}


def _reference(op, arrays, dtype):
    given = [dtypes.as_dtype(array.dtype) for array in arrays]
    context = registry.KernelContext(op, op, _attrs(dtype), given, given[:1])
    return registry.reference.find(op, "training_ops", _attrs(dtype))(context)(*arrays)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", ["ApplyAdaMax", "ApplyFtrl", "ApplyFtrlV2", "SparseApplyFtrl", "SparseApplyFtrlV2",
                                "SparseApplyRMSProp", "SparseApplyCenteredRMSProp", "ResourceApplyFtrl",
                                "ResourceSparseApplyRMSProp", "ApplyProximalAdagrad", "SparseApplyProximalAdagrad",
                                "ApplyProximalGradientDescent", "SparseApplyProximalGradientDescent"])
@pytest.mark.parametrize("l1", [0.3, 0.0])
def test_updates_have_the_reference_bits(op, l1, dtype):
    arrays, coefficients = _inputs(op, dtype, l1=l1)
    if "Centered" in op:
        arrays[1] *= 0.1        # of means, the square of one stays below the other
    want = _reference(op, arrays, dtype)
    outputs = [(arrays[0].shape, dtype)] * len(want)
    bound = bind("training_ops", op, arrays, outputs, _attrs(dtype), coefficients)
    found = [np.empty_like(array) for array in want]
    execute(bound, arrays, found)
    execute(bound, arrays, arrays[:len(want)])      # in place
    for one, other, expected in zip(found, arrays, want):
        assert np.isfinite(expected).all()
        np.testing.assert_array_equal(one, expected)
        np.testing.assert_array_equal(other, expected)


@pytest.mark.parametrize("op", ["ApplyFtrl", "ApplyAdaMax"])
def test_what_serves_until_they_are_compiled_has_the_same_bits(op):
    arrays, coefficients = _inputs(op, "float32")
    want = _reference(op, arrays, "float32")
    outputs = [(arrays[0].shape, "float32")] * len(want)
    bound = bind("training_ops", op, arrays, outputs, _attrs("float32"), coefficients)
    for one, expected in zip(bound.meanwhile(*arrays), want):
        np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("op", ["ApplyFtrl", "SparseApplyFtrlV2"])
def test_coefficients_are_known_to_be_right(op):
    for numbers in ({"lr": 0}, {"l1": -1}, {"l2": -0.5}, {"lr_power": -0.3}):
        arrays, coefficients = _inputs(op, "float32", **numbers)
        outputs = [(arrays[0].shape, "float32")] * 3
        assert bind("training_ops", op, arrays, outputs, _attrs("float32"), coefficients) is None
    arrays, coefficients = _inputs(op, "float32")
    assert bind("training_ops", op, arrays, outputs, _attrs("float32"), coefficients[1:]) is None
