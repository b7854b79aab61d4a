"""The cpu tier's pooling against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework import dtypes, windows
from tests.kernels.native_harness import bind, execute, native, registry, run

# shape, window, strides, padding
CASES = [
    ((2, 28, 28, 32), (2, 2), (2, 2), "SAME"),
    ((2, 7, 9, 5), (2, 2), (2, 2), "SAME"),
    ((2, 7, 9, 17), (3, 2), (1, 2), "VALID"),
    ((1, 8, 8, 1), (3, 3), (2, 2), "SAME"),
    ((3, 5, 6, 64), (5, 6), (1, 1), "VALID"),
    ((2, 9, 9, 3), (2, 3), (4, 4), "VALID"),
    ((70, 14, 14, 33), (3, 3), (1, 1), "SAME"),
    ((2, 4, 8, 6, 17), (2, 2, 2), (2, 2, 2), "SAME"),
    ((2, 5, 7, 9, 5), (2, 3, 2), (1, 2, 1), "SAME"),
    ((3, 8, 4, 7, 1), (3, 1, 2), (2, 3, 2), "VALID"),
    ((2, 3, 5, 6, 16), (3, 5, 6), (1, 1, 1), "VALID"),
    ((1, 6, 5, 5, 3), (1, 2, 2), (4, 2, 2), "VALID"),
    ((20, 9, 14, 14, 3), (3, 3, 3), (1, 2, 1), "SAME"),
]


def _attrs(window, strides, padding, channels_first=False):
    def of_all_axes(numbers):
        return [1, 1, *numbers] if channels_first else [1, *numbers, 1]
    axes = "DHW"[-len(window):]
    return {"T": "float32", "ksize": of_all_axes(window), "strides": of_all_axes(strides), "padding": padding.encode(),
            "data_format": (f"NC{axes}" if channels_first else f"N{axes}C").encode()}


def _check(op, inputs, shape, attrs, exact=True):
    named = {**attrs, "T": dtypes.as_dtype(attrs["T"])}
    context = registry.KernelContext(op, op, named, [dtypes.as_dtype(a.dtype) for a in inputs], [named["T"]],
                                     [a.shape for a in inputs], [shape])
    want = registry.reference.find(op, "pooling", named)(context)(*inputs)
    constants = [i for i, a in enumerate(inputs) if a.dtype == np.int32]
    got = run("pooling", op, inputs, [(shape, attrs["T"])], attrs, constants)
    if exact:
        np.testing.assert_array_equal(got, want)
    else:
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(run("pooling", op, inputs, [(shape, attrs["T"])], attrs, constants, threads=2), got)


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape, window, strides, padding", CASES)
def test_pooling(shape, window, strides, padding, dtype, channels_first):
    rng = np.random.default_rng(1)
    spatial = range(1 + channels_first, len(window) + 1 + channels_first)
    shape = (shape[0], shape[-1], *shape[1:-1]) if channels_first else shape
    op = "Pool3D" if len(window) == 3 else "Pool"
    out = list(shape)
    for i, k, stride in zip(spatial, window, strides, strict=True):
        out[i] = windows.output_size(shape[i], k, stride, padding.encode())
    attrs = {**_attrs(window, strides, padding, channels_first), "T": dtype}
    x = rng.integers(0, 4, shape).astype(dtype)     # with many ties
    dy = rng.normal(size=out).astype(dtype)
    _check(f"Max{op}", [x], tuple(out), attrs)
    _check(f"Avg{op}", [x], tuple(out), attrs)
    y = np.zeros(out, dtype)
    _check(f"Max{op}Grad", [x, y, dy], shape, {**attrs, "TInput": dtypes.as_dtype(dtype)}, exact=False)
    _check(f"Avg{op}Grad", [np.array(shape, np.int32), dy], shape, attrs, exact=False)


@pytest.mark.parametrize("index_type", ["int32", "int64"])
@pytest.mark.parametrize("counts_all", [False, True])
@pytest.mark.parametrize("shape, window, strides, padding", [case for case in CASES if len(case[0]) == 4])
def test_positions_of_maxima(shape, window, strides, padding, counts_all, index_type):
    rng = np.random.default_rng(1)
    attrs = {**_attrs(window, strides, padding), "include_batch_in_index": counts_all,
             "Targmax": dtypes.as_dtype(index_type)}
    x = rng.integers(0, 4, shape).astype("f")
    x[0, 0, 0, 0] = np.nan
    named = {**attrs, "T": dtypes.float32}

    def reference(op, *inputs):
        context = registry.KernelContext(op, op, named, [], [dtypes.float32, dtypes.as_dtype(index_type)])
        return registry.reference.find(op, "pooling", named)(context)(*inputs)

    y, places = reference("MaxPoolWithArgmax", x)
    outputs = [(y.shape, "float32"), (y.shape, index_type)]
    for threads in (1, 2):
        for found, want in zip(run("pooling", "MaxPoolWithArgmax", [x], outputs, attrs, threads=threads), (y, places)):
            np.testing.assert_array_equal(found, want)
    dy = rng.normal(size=y.shape).astype("f")
    np.testing.assert_allclose(run("pooling", "MaxPoolGradWithArgmax", [x, dy, places], [(shape, "float32")], attrs),
                               reference("MaxPoolGradWithArgmax", x, dy, places), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(
        run("pooling", "MaxPoolGradGradWithArgmax", [x, x, places], [(y.shape, "float32")], attrs),
        reference("MaxPoolGradGradWithArgmax", x, x, places))


@pytest.mark.parametrize("wrong", [-1, 16])
def test_positions_are_checked(wrong):
    attrs = {**_attrs((2, 2), (2, 2), "SAME"), "include_batch_in_index": True, "Targmax": dtypes.int64}
    x, dy, places = np.ones((2, 2, 4, 1), "f"), np.ones((2, 1, 2, 1), "f"), np.zeros((2, 1, 2, 1), np.int64)
    places[1, 0, 1, 0] = wrong
    for op, given, shape in (("MaxPoolGradWithArgmax", dy, x.shape), ("MaxPoolGradGradWithArgmax", x, dy.shape)):
        inputs = [x, given, places]
        bound = bind("pooling", op, inputs, [(shape, "float32")], attrs)
        failed, code, block = execute(bound, inputs, [np.zeros(shape, "f")])
        assert (failed, code, block[0], block[1]) == (0, native.INDEX_OUT_OF_RANGE, 3, wrong)


def test_nan_is_kept_only_when_first():
    x = np.array([[np.nan, 1, 2, np.nan], [3, 4, 5, np.nan]], "f").reshape(1, 2, 4, 1)
    got = run("pooling", "MaxPool", [x], [((1, 1, 2, 1), "float32")], _attrs((2, 2), (2, 2), "VALID"))
    assert np.isnan(got[0, 0, 0, 0]) and got[0, 0, 1, 0] == 5


def test_left_to_the_reference():
    x = np.ones((2, 4, 4, 4), "f")
    attrs = {**_attrs((2, 2), (2, 2), "SAME"), "ksize": [1, 2, 2, 2]}
    assert bind("pooling", "MaxPool", [x], [((2, 2, 2, 4), "float32")], attrs) is None
    x, dy = np.ones((1, 2, 2, 2, 1), "d"), np.ones((1, 1, 1, 1, 1), "f")
    attrs = {**_attrs((2, 2, 2), (2, 2, 2), "SAME"), "TInput": dtypes.float64}
    assert bind("pooling", "MaxPool3DGrad", [x, x, dy], [(x.shape, "float32")], attrs) is None
