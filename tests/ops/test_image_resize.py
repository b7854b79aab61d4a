"""Rows of resizing ops; values are TensorFlow's in test_images.py."""

import numpy as np

from tests.ops.harness import Sample, fixed, normal, sample_tests

SIZE = fixed(np.array([4, 6], np.int32)).keep
SMALL = fixed(np.array([2, 3], np.int32)).keep
NEAREST = np.ix_([0, 1], [0, 0, 1, 1], [0, 0, 1, 1, 2, 2], [0])


def _repeat(x, size):
    return x[NEAREST]


def _area(x, size):
    return x.reshape(2, 2, 2, 3, 2, 1).mean((2, 4))


SAMPLES = [
    Sample("ResizeNearestNeighbor", [normal(2, 2, 3, 1), SIZE], _repeat, dtypes="float32 float64 float16 int32 uint8",
           grad=(0,)),
    Sample("ResizeArea", [normal(2, 4, 6, 1), SMALL], _area, dtypes="float32"),
    Sample("ResizeBilinear", [normal(2, 2, 3, 1), SMALL], lambda x, s: x, dtypes="float32"),
    Sample("ResizeBicubic", [normal(2, 2, 3, 1), SMALL], lambda x, s: x, dtypes="float32"),
    Sample("ResizeBilinearGrad", [normal(2, 2, 3, 1), normal(2, 2, 3, 1)], lambda g, x: g, dtypes="float32"),
    Sample("ResizeBicubicGrad", [normal(2, 2, 3, 1), normal(2, 2, 3, 1)], lambda g, x: g, dtypes="float32"),
    Sample("ResizeNearestNeighborGrad", [normal(2, 4, 6, 1), SMALL], lambda g, s: _area(g, s) * 4,
           dtypes="float32 float64"),
]
test_samples = sample_tests(SAMPLES)
