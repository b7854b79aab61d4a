"""Rows of ops on boxes; more values are TensorFlow's in test_images.py."""

import numpy as np

from tests.ops.harness import Sample, fixed, normal, sample_tests

SMALL = fixed(np.array([2, 3], np.int32)).keep
BOX = [fixed(np.array([[0, 0, 1, 1], [1, 1, 0, 0]], np.float32)).keep, fixed(np.array([0, 1], np.int32)).keep]
WHOLE = fixed(np.array([2, 2, 3, 1], np.int32)).keep
SAMPLES = [
    Sample("CropAndResize", [normal(2, 2, 3, 1), *BOX, SMALL], lambda x, b, i, s: np.stack([x[0], x[1, ::-1, ::-1]]),
           dtypes="float32 float64 int32"),
    Sample("CropAndResizeGradImage", [normal(2, 2, 3, 1), *BOX, WHOLE],
           lambda g, b, i, s: np.stack([g[0], g[1, ::-1, ::-1]]), attrs={"T": "float32"}, dtypes="float32"),
    Sample("CropAndResizeGradBoxes", [fixed(np.zeros((2, 2, 3, 1))), normal(2, 2, 3, 1), *BOX],
           lambda g, x, b, i: np.zeros((2, 4), np.float32), dtypes="float32"),
    Sample("DrawBoundingBoxes", [fixed(np.zeros((1, 2, 2, 1))), fixed(np.array([[[0, 0, 0, 1]]], np.float32)).keep],
           lambda x, b: np.array([[1.0, 1], [0, 0]]).reshape(1, 2, 2, 1), dtypes="float32 float16"),
    Sample("DrawBoundingBoxesV2", [fixed(np.zeros((1, 2, 2, 1))), fixed(np.array([[[0, 0, 0, 1]]], np.float32)).keep,
                                   fixed(np.array([[5.0]], np.float32)).keep],
           lambda x, b, c: np.array([[5.0, 5], [0, 0]]).reshape(1, 2, 2, 1), dtypes="float32"),
]
_BOXES = [fixed(np.array([[0, 0, 1, 1], [0, 0, 1, 0.9], [2, 2, 3, 3]], np.float32)).keep,
          fixed(np.array([0.1, 0.9, 0.3], np.float32)).keep, fixed(np.int32(3)).keep]
_HALF = fixed(np.float32(0.5)).keep
SAMPLES += [
    Sample("NonMaxSuppression", _BOXES, lambda b, s, n: np.array([1, 2], np.int32), dtypes="float32"),
    Sample("NonMaxSuppressionV2", [*_BOXES, _HALF], lambda b, s, n, t: np.array([1, 2], np.int32), dtypes="float32"),
    Sample("NonMaxSuppressionV3", [*_BOXES, _HALF, _HALF], lambda b, s, n, t, l: np.array([1], np.int32),
           dtypes="float32"),
    Sample("NonMaxSuppressionV4", [*_BOXES, _HALF, _HALF], lambda b, s, n, t, l: (np.array([1, 0, 0], np.int32), 1),
           attrs={"pad_to_max_output_size": True}, dtypes="float32"),
]
test_samples = sample_tests(SAMPLES)
