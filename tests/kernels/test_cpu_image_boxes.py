"""The cpu tier's crops of images against the reference kernels."""

import numpy as np
import pytest

from graphflow.framework import dtypes
from graphflow.framework.kernel_loader import kernels
from tests.kernels.native_harness import bind, execute, registry, run

native = kernels("cpu.native")
# images, size of crops, number of boxes
CASES = [((2, 9, 7, 3), (5, 4), 6), ((1, 1, 1, 1), (3, 3), 2), ((3, 6, 8, 20), (1, 6), 9), ((2, 5, 5, 2), (7, 1), 3),
         ((8, 30, 40, 3), (24, 20), 40), ((2, 4, 4, 1), (3, 3), 0)]


def _boxes(shape, count):
    """Boxes inside, across the borders, turned round, on pixels, outside, and not numbers."""
    rng = np.random.default_rng(0)
    boxes = rng.uniform(-0.3, 1.3, (count, 4)).astype("f")
    boxes[:1] = [0, 0, 1, 1]
    boxes[2:3] = [1, 0, 0, 1]
    boxes[3:4] = [np.nan, 0, 1, np.inf]
    boxes[4:5] = [1.5, 2, 3, 4]
    return boxes, rng.integers(0, shape[0], count).astype(np.int32)


def _check(op, inputs, shape, dtype, attrs, tolerance=0.0):
    named = {name: dtypes.as_dtype(value) if name == "T" else value for name, value in attrs.items()}
    context = registry.KernelContext(op, op, named, [dtypes.as_dtype(a.dtype) for a in inputs],
                                     [dtypes.as_dtype(dtype)])
    with np.errstate(all="ignore"):
        want = registry.reference.find(op, "image_boxes", named)(context)(*inputs)
    for threads in (1, 2):
        found = run("image_boxes", op, inputs, [(shape, dtype)], attrs, threads=threads)
        np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("method", [b"bilinear", b"nearest"])
@pytest.mark.parametrize("shape, size, count", CASES, ids=str)
def test_crops(shape, size, count, method):
    boxes, indices = _boxes(shape, count)
    rng = np.random.default_rng(1)
    crops = (count, *size, shape[3])
    for dtype in ("float32", "uint8", "float64"):
        images = (rng.uniform(size=shape) * 255).astype(dtype)
        _check("CropAndResize", [images, boxes, indices, np.array(size, np.int32)], crops, "float32",
               {"T": dtype, "method": method, "extrapolation_value": -0.7}, 1e-6)
    grads = rng.normal(size=crops).astype("f")
    for dtype in ("float32", "float64"):
        _check("CropAndResizeGradImage", [grads, boxes, indices, np.array(shape, np.int32)], shape, dtype,
               {"T": dtype, "method": method}, 1e-5)
    images = rng.normal(size=shape).astype("f")
    _check("CropAndResizeGradBoxes", [grads, images, boxes, indices], (count, 4), "float32",
           {"T": "float32", "method": b"bilinear"}, 1e-4)


@pytest.mark.parametrize("wrong", [-1, 2])
def test_boxes_of_no_image(wrong):
    images, boxes, grads = np.ones((2, 3, 3, 1), "f"), np.zeros((3, 4), "f"), np.ones((3, 2, 2, 1), "f")
    indices, size = np.array([0, 1, wrong], np.int32), np.array([2, 2], np.int32)
    for op, inputs, shape in (
            ("CropAndResize", [images, boxes, indices, size], grads.shape),
            ("CropAndResizeGradImage", [grads, boxes, indices, np.array(images.shape, np.int32)], images.shape),
            ("CropAndResizeGradBoxes", [grads, images, boxes, indices], boxes.shape)):
        attrs = {"T": "float32", "method": b"bilinear", "extrapolation_value": 0.0}
        bound = bind("image_boxes", op, inputs, [(shape, "float32")], attrs)
        failed, code, _ = execute(bound, inputs, [np.zeros(shape, "f")])
        assert (failed, code) == (0, native.INDEX_OUT_OF_RANGE)


def test_left_to_the_reference():
    images, boxes, indices = np.ones((2, 3, 3, 1), "f"), np.zeros((3, 4), "f"), np.zeros(3, np.int32)
    attrs, size = {"T": "float32", "method": b"bilinear", "extrapolation_value": 0.0}, np.array([2, 2], np.int32)
    for wrong in ([images[0], boxes, indices], [images[:, :0], boxes, indices], [images, boxes[:, :3], indices],
                  [images, boxes, indices[:2]]):
        assert bind("image_boxes", "CropAndResize", [*wrong, size], [((3, 2, 2, 1), "float32")], attrs) is None
