"""Rows rotated, turned around, picked within batches, and checked: against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute
from tests.kernels.test_cpu_space import compare, images

native = kernels("cpu.native")


@pytest.mark.parametrize("shape, axis", [((5,), 0), ((3, 4), -1), ((2, 3, 4), 1), ((4, 1), 1)])
@pytest.mark.parametrize("dtype", ["float32", "int8", "complex128"])
def test_rotations(shape, axis, dtype):
    for shift in (0, 1, -1, 3, 17, -23):
        for form in (np.array, lambda number: np.array([number])):
            compare("padding", "Roll", [images(*shape, dtype=dtype), form(shift), form(axis)], {}, constants=(2,))
    inputs = [images(*shape, dtype=dtype), np.int32(1), np.int32(9)]
    assert bind("padding", "Roll", inputs, [(shape, dtype)], {"T": dtype}, (2,)) is None


@pytest.mark.parametrize("shape, batch, time", [
    ((3, 5, 2), 0, 1), ((5, 3, 2), 1, 0), ((2, 3, 4, 5), 1, 3), ((4, 2, 3), 2, 0), ((3, 4), 0, 1), ((0, 4, 2), 0, 1)])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_sequences_are_turned(shape, batch, time, dtype):
    x, attrs = images(*shape, dtype=dtype), {"batch_dim": batch, "seq_dim": time}
    for lengths in (np.full(shape[batch], shape[time]), np.arange(shape[batch]), np.zeros(shape[batch], np.int32)):
        compare("padding", "ReverseSequence", [x, lengths], attrs)


def test_lengths_are_checked():
    for outside in (-1, 6):
        inputs, attrs = [images(2, 5), np.array([3, outside])], {"T": "float32", "batch_dim": 0, "seq_dim": 1}
        failed, code, block = execute(bind("padding", "ReverseSequence", inputs, [((2, 5), "float32")], attrs), inputs,
                                      [np.zeros((2, 5), "f")])
        assert (failed, code, block[0], block[1]) == (0, native.INDEX_OUT_OF_RANGE, 1, outside)


@pytest.mark.parametrize("params, indices, axis, batch", [
    ((3, 5), (3, 2), 1, 1), ((3, 4, 5), (3, 2), 2, 1), ((2, 3, 4, 5), (2, 3, 2, 2), 2, 2), ((2, 3, 4), (2, 2), 1, -1),
    ((2, 3, 4, 5), (2, 3), 3, -1)])
def test_rows_are_picked_within_batches(params, indices, axis, batch):
    x, attrs = images(*params), {"batch_dims": batch, "Tparams": "float32"}
    chosen = np.random.default_rng(0).integers(0, params[axis], indices)
    compare("gather_scatter", "GatherV2", [x, chosen, np.int32(axis)], attrs, constants=(2,))
    if batch == axis:
        compare("state", "ResourceGather", [x, chosen], attrs)
    chosen.flat[-1] = params[axis]
    inputs = [x, chosen, np.array(axis)]
    shape = (*params[:axis], *indices[batch:], *params[axis + 1:])
    bound = bind("gather_scatter", "GatherV2", inputs, [(shape, "float32")], attrs, (2,))
    assert execute(bound, inputs, [np.zeros(shape, "f")])[1] == native.INDEX_OUT_OF_RANGE


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_checked(dtype):
    for size in (0, 1, 100):
        x = np.linspace(-1e30, 1e30, size).astype(dtype)
        compare("debugging", "CheckNumerics", [x], {"message": b"here"})
    bound = bind("debugging", "CheckNumerics", [x], [(x.shape, dtype)], {"T": dtype, "message": b""})
    for number in (np.nan, np.inf, -np.inf):
        x[77] = number
        assert execute(bound, [x], [np.zeros_like(x)])[1] == native.ASSERTION_FAILED


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_cross_products(dtype):
    for shape in ((3,), (4, 3), (2, 0, 3)):
        x = images(*shape, dtype=dtype)
        compare("counting", "Cross", [x, x[..., ::-1].copy() ** 2], {})
    assert bind("counting", "Cross", [images(4)] * 2, [((4,), "float32")], {"T": "float32"}) is None
