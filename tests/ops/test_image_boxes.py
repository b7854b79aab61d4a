"""Rows of ops on boxes; more values are TensorFlow's in test_images.py."""

import numpy as np
import pytest

import graphflow as tf
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


def _overlap(one, other):
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = np.prod(np.maximum(high - low, 0))
    areas = [np.prod(box[2:] - box[:2]) for box in (one, other)]
    return shared / (sum(areas) - shared) if min(areas) > 0 else 0


@pytest.mark.parametrize("count", [0, 7, 1000])
def test_suppression_is_greedy(count):
    rng = np.random.default_rng(0)
    corners = np.sort(rng.uniform(size=(300, 2, 2)), 1).reshape(-1, 4).astype("f")
    corners[5] = corners[6]
    corners[7, 2:] = corners[7, :2]
    scores = rng.uniform(size=300).astype("f")
    scores[20] = np.nan
    expected = []
    for i in np.argsort(-scores, kind="stable")[:-1]:
        if scores[i] > 0.2 and len(expected) < count and all(
                _overlap(corners[i], corners[j]) <= 0.4 for j in expected):
            expected.append(i)
    turned = corners[:, [2, 1, 0, 3]]       # any two corners will do
    with tf.Session() as sess:
        found = sess.run(tf.image.non_max_suppression(turned, scores, count, 0.4, 0.2))
    np.testing.assert_array_equal(found, expected)
    assert len(found) == count if count < 10 else 10 < len(found) < 200
