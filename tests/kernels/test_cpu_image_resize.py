"""The cpu tier's resizing of images against the reference kernels, bit for bit but for sums."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from tests.kernels.native_harness import bind, registry, run

FLAGS = [(False, False), (True, False), (False, True)]
# images, size
CASES = [
    ((2, 4, 6, 3), (8, 12)),
    ((1, 7, 5, 1), (3, 11)),
    ((3, 5, 5, 4), (1, 1)),
    ((1, 1, 1, 2), (4, 3)),
    ((1, 9, 9, 2), (9, 9)),
    ((2, 60, 50, 5), (131, 97)),
]


def _check(op, arrays, shape, dtype, flags, tolerance=0.0):
    attrs = {"T": arrays[0].dtype.name, "align_corners": flags[0], "half_pixel_centers": flags[1]}
    named = {**attrs, "T": dtypes.as_dtype(attrs["T"])}
    context = registry.KernelContext(op, op, named, [dtypes.as_dtype(a.dtype) for a in arrays],
                                     [dtypes.as_dtype(dtype)], [a.shape for a in arrays], [shape])
    want = registry.reference.find(op, "image_resize", named)(context)(*arrays)
    for threads in (1, 2):
        got = run("image_resize", op, arrays, [(shape, dtype)], attrs, [1], threads=threads)
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * 50)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("shape, size", CASES)
def test_resizing(shape, size, flags):
    rng = np.random.default_rng(2)
    target, sizes = (shape[0], *size, shape[3]), np.array(size, np.int32)
    for dtype in ("uint8", "int32", "float32"):
        images = (rng.normal(size=shape) * 50).astype(dtype)
        _check("ResizeBilinear", [images, sizes], target, "float32", flags)
    for dtype in ("uint8", "float16", "float32", "int64"):
        _check("ResizeNearestNeighbor", [(rng.normal(size=shape) * 50).astype(dtype), sizes], target, dtype, flags)
    for dtype in ("float32", "float64"):
        _check("ResizeNearestNeighborGrad", [rng.normal(size=target).astype(dtype), np.array(shape[1:3], np.int32)],
               shape, dtype, flags)


@pytest.mark.parametrize("flags", FLAGS)
@pytest.mark.parametrize("shape, size", [*CASES, ((2, 50, 61, 3), (7, 9)), ((1, 3, 2, 40), (2, 30))])
def test_sums(shape, size, flags):
    rng = np.random.default_rng(2)
    target, sizes = (shape[0], *size, shape[3]), np.array(size, np.int32)
    for dtype in ("uint8", "int32", "float32"):
        images = (rng.uniform(size=shape) * 50).astype(dtype)
        _check("ResizeBicubic", [images, sizes], target, "float32", flags, 1e-6)
        if not flags[1] and not (flags[0] and 1 in shape[1:3]):
            _check("ResizeArea", [images, sizes], target, "float32", flags, 1e-6)
    original, grads = rng.normal(size=shape).astype("f"), rng.normal(size=target).astype("f")
    _check("ResizeBilinearGrad", [grads, original], shape, "float32", flags, 2e-6)
    _check("ResizeBicubicGrad", [grads, original], shape, "float32", flags, 2e-6)


def test_what_is_left_to_the_reference_kernel():
    images, size = np.zeros((1, 2, 2, 1), "f"), np.array([4, 4], np.int32)
    for flags, shape in (((True, True), images.shape), ((False, False), (0, 2, 2, 1))):
        attrs = {"T": "float32", "align_corners": flags[0], "half_pixel_centers": flags[1]}
        for op in ("ResizeBilinear", "ResizeBicubic"):
            assert bind("image_resize", op, [np.zeros(shape, "f"), size], [((shape[0], 4, 4, 1), "float32")],
                        attrs, [1]) is None
    attrs = {"T": "float32", "align_corners": True}         # of one row nothing is covered
    images = np.zeros((1, 1, 2, 1), "f")
    assert bind("image_resize", "ResizeArea", [images, size], [((1, 4, 4, 1), "float32")], attrs, [1]) is None
