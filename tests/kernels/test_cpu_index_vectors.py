"""Slices picked and updated by index vectors, against NumPy."""

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, run

native = kernels("cpu.native")
# shape of the whole, index vectors
CASES = [((5,), [[0], [3], [0]]), ((4, 3), [[1], [1]]), ((4, 3), [[[1, 2], [0, 0]], [[3, 1], [1, 2]]]),
         ((2, 3, 4), [[1, 2], [1, 2], [0, 0]]), ((2, 3, 4), [2 * [1] + [3]]), ((3, 2), np.zeros((0, 2), int)),
         ((3, 2), np.zeros((2, 0), int)), ((), np.zeros((3, 0), int)), ((4, 0), [[1]]), ((2,), [1])]


def _attrs(dtype, index_type):
    return {"T": dtype, "Tparams": dtype, "Tindices": index_type}


def _case(shape, indices, dtype, index_type):
    indices, rng = np.array(indices, index_type), np.random.default_rng(0)
    x = np.array(rng.normal(size=shape) * 5, dtype)
    updates = np.array(rng.normal(size=indices.shape[:-1] + shape[indices.shape[-1]:]) * 5, dtype)
    return x, indices, updates


@pytest.mark.parametrize("dtype, index_type", [("float32", "int32"), ("int8", "int64"), ("complex128", "int32")])
def test_slices_are_picked(dtype, index_type):
    for shape, indices in CASES:
        x, indices, updates = _case(shape, indices, dtype, index_type)
        for family, op in (("gather_scatter", "GatherNd"), ("state", "ResourceGatherNd")):
            inputs, outputs = [x, indices], [(updates.shape, dtype)]
            bound = bind(family, op, inputs, outputs, _attrs(dtype, index_type))
            if 0 in shape or family == "state" and not indices.shape[-1]:
                assert bound is None
                continue
            want = np.broadcast_to(x[tuple(np.moveaxis(indices, -1, 0))], updates.shape)
            np.testing.assert_array_equal(run(family, op, inputs, outputs, _attrs(dtype, index_type)), want)


def _updated(x, indices, updates, rule):
    """`x` after one update after the other."""
    x, depth = x.copy(), indices.shape[-1]
    for vector, update in zip(indices.reshape(-1, depth) if depth else [()] * len(indices),
                              updates.reshape(-1, *x.shape[depth:]), strict=True):
        x[tuple(vector)] = rule(x[tuple(vector)], update)
    return x


ADD, SUB, UPDATE = (lambda x, u: x + u), (lambda x, u: x - u), (lambda x, u: u)


@pytest.mark.parametrize("dtype, index_type", [("float32", "int32"), ("int8", "int64")])
@pytest.mark.parametrize("family, op, rule", [
    ("gather_scatter", "TensorScatterAdd", ADD), ("gather_scatter", "TensorScatterSub", SUB),
    ("gather_scatter", "TensorScatterUpdate", UPDATE), ("gather_scatter", "ScatterNdNonAliasingAdd", ADD),
    ("state_scatter", "ScatterNdAdd", ADD), ("state_scatter", "ResourceScatterNdSub", SUB),
    ("state_scatter", "ScatterNdUpdate", UPDATE)])
def test_slices_are_updated_in_order(family, op, rule, dtype, index_type):
    for shape, indices in CASES:
        x, indices, updates = _case(shape, indices, dtype, index_type)
        inputs, outputs, attrs = [x, indices, updates], [(shape, dtype)], _attrs(dtype, index_type)
        if 0 in shape or family == "state_scatter" and not indices.shape[-1]:
            assert bind(family, op, inputs, outputs, attrs) is None
            continue
        want = _updated(x, indices, updates, rule)
        np.testing.assert_array_equal(run(family, op, inputs, outputs, attrs), want)
        execute(bind(family, op, inputs, outputs, attrs), inputs, [x])      # in place
        np.testing.assert_array_equal(x, want)


def test_updates_of_zeros():
    for shape, indices in CASES:
        if 0 in shape:
            continue
        _, indices, updates = _case(shape, indices, "float64", "int32")
        got = run("gather_scatter", "ScatterNd", [indices, updates, np.array(shape, np.int32)], [(shape, "float64")],
                  _attrs("float64", "int32"))
        np.testing.assert_array_equal(got, _updated(np.zeros(shape), indices, updates, ADD))


@pytest.mark.parametrize("outside", [-1, 3, 2 ** 31 - 1])
def test_indices_are_checked_before_anything_is_written(outside):
    x, indices = np.arange(6.0).reshape(2, 3), np.array([[0, 1], [1, outside]], np.int32)
    attrs, before = _attrs("float64", "int32"), x.copy()
    cases = ("GatherNd", [x, indices], np.zeros(2)), ("TensorScatterAdd", [x, indices, x[0, :2]], x)
    for op, inputs, output in cases:
        bound = bind("gather_scatter", op, inputs, [(output.shape, "float64")], attrs)
        failed, code, block = execute(bound, inputs, [output])
        assert (failed, code, block[0], block[1]) == (0, native.INDEX_OUT_OF_RANGE, 3, outside)
    np.testing.assert_array_equal(x, before)


def test_what_does_not_fit_is_left_to_the_reference():
    x, updates, attrs = np.zeros((2, 3)), np.zeros(2), _attrs("float64", "int32")
    for indices in ([[0, 0, 0]], [[0], [1]]):
        inputs = [x, np.array(indices, np.int32), updates]
        assert bind("gather_scatter", "TensorScatterAdd", inputs, [((2, 3), "float64")], attrs) is None
