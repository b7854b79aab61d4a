"""The cpu tier's convolutions against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework import dtypes, windows
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, registry, run

# images, filter, strides, dilations, padding (a name, or top, bottom, left, right)
CASES = [
    ((2, 9, 11, 3), (3, 3, 3, 5), (1, 1), (1, 1), "SAME"),
    ((1, 28, 28, 1), (5, 5, 1, 32), (1, 1), (1, 1), "SAME"),
    ((2, 14, 14, 32), (5, 5, 32, 64), (1, 1), (1, 1), "SAME"),
    ((2, 7, 9, 4), (3, 2, 4, 17), (2, 1), (1, 1), "VALID"),
    ((1, 12, 10, 2), (3, 3, 2, 70), (1, 2), (1, 1), "SAME"),
    ((2, 13, 15, 6), (3, 3, 6, 8), (1, 1), (2, 3), "SAME"),
    ((2, 13, 15, 5), (2, 3, 5, 8), (2, 3), (2, 2), "VALID"),
    ((3, 6, 5, 8), (1, 1, 8, 20), (1, 1), (1, 1), "VALID"),
    ((3, 7, 6, 8), (1, 1, 8, 33), (2, 2), (1, 1), "SAME"),
    ((2, 6, 7, 3), (3, 4, 3, 9), (1, 2), (1, 1), (2, 0, 1, 3)),
    ((1, 5, 5, 2), (5, 5, 2, 1), (1, 1), (1, 1), "VALID"),
    ((1, 224, 40, 3), (7, 7, 3, 16), (2, 2), (1, 1), "SAME"),
    ((2, 4, 4, 3), (2, 2, 3, 130), (3, 3), (1, 1), "VALID"),
    ((9, 8, 20, 1), (3, 20, 1, 5), (1, 1), (1, 1), "VALID"),
    ((70, 5, 6, 1), (3, 3, 1, 18), (2, 2), (1, 1), "SAME"),
    ((2, 6, 7, 20), (2, 2, 20, 9), (2, 1), (1, 2), (3, 0, 1, 2)),
    ((5, 40, 44, 17), (5, 5, 17, 16), (2, 3), (2, 1), "SAME"),
]


# volumes, filter, strides, dilations, padding
VOLUMES = [
    ((2, 5, 9, 11, 3), (3, 3, 3, 3, 5), (1, 1, 1), (1, 1, 1), "SAME"),
    ((3, 6, 7, 8, 1), (3, 3, 3, 1, 16), (1, 1, 1), (1, 1, 1), "SAME"),
    ((2, 7, 9, 6, 4), (2, 3, 4, 4, 18), (1, 1, 1), (1, 1, 1), "VALID"),
    ((2, 7, 9, 6, 4), (3, 3, 3, 4, 8), (2, 2, 2), (1, 1, 1), "SAME"),
    ((1, 9, 8, 10, 2), (5, 2, 3, 2, 33), (3, 1, 2), (1, 1, 1), "SAME"),
    ((2, 8, 7, 9, 17), (2, 2, 2, 17, 3), (2, 3, 1), (1, 1, 1), "VALID"),
    ((2, 9, 6, 9, 4), (3, 2, 3, 4, 5), (1, 2, 1), (2, 1, 2), "SAME"),
    ((2, 4, 8, 9, 3), (1, 3, 3, 3, 4), (1, 1, 1), (1, 2, 1), "SAME"),
    ((2, 7, 5, 6, 3), (1, 2, 2, 3, 4), (3, 2, 2), (1, 1, 1), "VALID"),
    ((2, 4, 5, 6, 8), (1, 1, 1, 8, 5), (1, 1, 1), (1, 1, 1), "SAME"),
    ((2, 4, 5, 6, 8), (1, 1, 1, 8, 5), (2, 2, 2), (1, 1, 1), "SAME"),
    ((3, 6, 4, 5, 2), (6, 4, 5, 2, 3), (1, 1, 1), (1, 1, 1), "VALID"),
    ((70, 3, 4, 3, 1), (3, 3, 3, 1, 20), (2, 2, 2), (1, 1, 1), "SAME"),
    ((1, 5, 40, 44, 20), (3, 3, 3, 20, 40), (1, 1, 1), (1, 1, 1), "SAME"),
]


def _attrs(strides, dilations, padding):
    explicit = [] if isinstance(padding, str) else [0, 0, *padding, 0, 0]
    return {"T": "float32", "strides": [1, *strides, 1], "dilations": [1, *dilations, 1],
            "padding": padding.encode() if isinstance(padding, str) else b"EXPLICIT",
            "explicit_paddings": explicit, "data_format": b"NHWC" if len(strides) == 2 else b"NDHWC",
            "use_cudnn_on_gpu": True}


def _out_sizes(images, filters, attrs):
    pairs = windows.explicit_pairs(attrs["explicit_paddings"], len(images))
    return [windows.output_size(images[i], filters[i - 1], attrs["strides"][i], attrs["padding"],
                                attrs["dilations"][i], *pairs[i]) for i in range(1, len(images) - 1)]


def _reference(op, inputs, output, attrs):
    attrs = {**attrs, "T": dtypes.as_dtype(attrs["T"])}
    kinds = [dtypes.as_dtype(a.dtype) for a in inputs]
    context = registry.KernelContext(op, op, attrs, kinds, [attrs["T"]], [a.shape for a in inputs], [output])
    return registry.reference.find(op, "conv", attrs)(context)(*inputs)


def _check(op, inputs, shape, attrs):
    # In double precision, so that only the kernel's own rounding counts.
    want = _reference(op, [a.astype(np.float64) if a.dtype.kind == "f" else a for a in inputs], shape,
                      {**attrs, "T": "float64"})
    outputs, constants = [(shape, attrs["T"])], [i for i, a in enumerate(inputs) if a.dtype == np.int32]
    got = run("conv", op, inputs, outputs, attrs, constants)
    tolerance = 2e-5 if attrs["T"] == "float32" else 1e-12
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * max(1, abs(want).max()))
    np.testing.assert_array_equal(run("conv", op, inputs, outputs, attrs, constants, threads=2), got)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("images, filters, strides, dilations, padding", CASES + VOLUMES)
def test_full(images, filters, strides, dilations, padding, dtype):
    attrs = {**_attrs(strides, dilations, padding), "T": dtype}
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=images).astype(dtype), rng.normal(size=filters).astype(dtype)
    out = (images[0], *_out_sizes(images, filters, attrs), filters[-1])
    dy = rng.normal(size=out).astype(dtype)
    op, version = ("Conv2D", "") if len(images) == 4 else ("Conv3D", "V2")
    _check(op, [x, w], out, attrs)
    _check(f"{op}BackpropInput{version}", [np.array(images, np.int32), w, dy], images, attrs)
    _check(f"{op}BackpropFilter{version}", [x, np.array(filters, np.int32), dy], filters, attrs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("images, filters, strides, dilations, padding", [
    ((2, 9, 11, 3), (3, 3, 3, 1), (1, 1), (1, 1), "SAME"),
    ((3, 14, 14, 32), (5, 5, 32, 1), (2, 2), (1, 1), "SAME"),
    ((2, 9, 8, 4), (3, 2, 4, 3), (1, 1), (2, 2), "VALID"),
    ((1, 30, 30, 17), (3, 3, 17, 2), (2, 2), (1, 1), "VALID"),
    ((2, 3, 3, 2), (5, 5, 2, 1), (1, 1), (1, 1), "SAME"),
    ((2, 15, 40, 24), (3, 3, 24, 1), (1, 1), (1, 1), "SAME"),
    ((3, 16, 17, 3), (11, 11, 3, 1), (1, 1), (1, 1), "VALID"),
    ((1, 13, 29, 48), (3, 4, 48, 1), (2, 2), (1, 1), "SAME"),
    ((2, 11, 17, 20), (5, 5, 20, 1), (3, 3), (1, 1), "SAME"),
    ((2, 12, 10, 40), (2, 3, 40, 1), (3, 3), (1, 1), "VALID"),
    ((2, 12, 19, 33), (3, 3, 33, 1), (2, 2), (1, 1), (0, 2, 1, 0)),
    ((4, 7, 7, 64), (3, 3, 64, 1), (1, 1), (1, 1), "SAME"),
    ((2, 9, 13, 17), (3, 3, 17, 1), (1, 1), (2, 3), "SAME"),
    ((2, 6, 5, 16), (1, 1, 16, 1), (2, 2), (1, 1), "SAME"),
    ((9, 33, 40, 5), (3, 3, 5, 1), (1, 1), (1, 1), "SAME"),
])
def test_depthwise(images, filters, strides, dilations, padding, dtype):
    attrs = {**_attrs(strides, dilations, padding), "T": dtype}
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=images).astype(dtype), rng.normal(size=filters).astype(dtype)
    out = (images[0], *_out_sizes(images, filters, attrs), filters[2] * filters[3])
    dy = rng.normal(size=out).astype(dtype)
    _check("DepthwiseConv2dNative", [x, w], out, attrs)
    _check("DepthwiseConv2dNativeBackpropInput", [np.array(images, np.int32), w, dy], images, attrs)
    _check("DepthwiseConv2dNativeBackpropFilter", [x, np.array(filters, np.int32), dy], filters, attrs)


def test_left_to_the_reference():
    x, w = np.ones((0, 4, 4, 3), "f"), np.ones((2, 2, 3, 5), "f")
    attrs = _attrs((1, 1), (1, 1), "SAME")
    assert bind("conv", "Conv2D", [x, w], [((0, 4, 4, 5), "float32")], attrs) is None
    x, w = np.ones((1, 4, 6, 4, 3), "f"), np.ones((2, 2, 1, 3, 5), "f")
    attrs = _attrs((1, 1, 1), (1, 2, 1), "SAME")
    assert bind("conv", "Conv3D", [x, w], [((1, 4, 6, 4, 5), "float32")], attrs) is None
    attrs = _attrs((1, 1), (1, 1), "SAME")
    w, groups = np.ones((2, 2, 3, 5), "f"), np.ones((1, 4, 4, 6), "f")
    assert bind("conv", "Conv2D", [groups, w], [((1, 4, 4, 5), "float32")], attrs) is None


def test_tiles_fit_the_registers():
    unit = kernels("cpu.vector_unit")
    for columns in (1, 16, 17, 48, 64, 100, 1000):
        for rows in (None, 1, 5, 9, 160, 192):
            vectors, tall = unit.tile_of("float32", columns, rows)
            assert 1 <= vectors * tall <= 28 and vectors <= 4
