"""Rows of colour ops; values are TensorFlow's in test_images.py."""

import numpy as np

from tests.ops.harness import Sample, fixed, normal, sample_tests, unit

SAMPLES = [
    Sample("RGBToHSV", [fixed(np.eye(3))], lambda x: np.array([[0, 1, 1], [1 / 3, 1, 1], [2 / 3, 1, 1]]),
           dtypes="float32 float64 float16 bfloat16"),
    Sample("HSVToRGB", [unit(2, 3)], None, dtypes="float32 float64"),
    Sample("AdjustContrastv2", [normal(2, 3, 1), fixed(np.float32(0)).keep],
           lambda x, f: np.broadcast_to(x.mean((0, 1)), x.shape), dtypes="float32 float16"),
    Sample("AdjustHue", [unit(2, 2, 3), fixed(np.float32(1)).keep], lambda x, d: x, dtypes="float32"),
    Sample("AdjustSaturation", [unit(2, 2, 3), fixed(np.float32(1)).keep], lambda x, s: x, dtypes="float32"),
]
test_samples = sample_tests(SAMPLES)
