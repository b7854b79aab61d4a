"""Rows of colour ops; values are TensorFlow's in test_images.py."""

import colorsys

import numpy as np

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests, unit

SAMPLES = [
    Sample("RGBToHSV", [fixed(np.array([[0.9, 0.2, 0.5], [0.3, 0.8, 0.1], [0.2, 0.4, 0.7], [0.6, 0.5, 0.1]]))],
           lambda x: np.array([colorsys.rgb_to_hsv(*row) for row in x]), grad=(0,), tol=1e-4, id="apart"),
    Sample("RGBToHSV", [fixed(np.eye(3))], lambda x: np.array([[0, 1, 1], [1 / 3, 1, 1], [2 / 3, 1, 1]]),
           dtypes="float32 float64 float16 bfloat16"),
    Sample("HSVToRGB", [unit(2, 3)], None, dtypes="float32 float64"),
    Sample("AdjustContrastv2", [normal(2, 3, 1), fixed(np.float32(0)).keep],
           lambda x, f: np.broadcast_to(x.mean((0, 1)), x.shape), dtypes="float32 float16"),
    Sample("AdjustHue", [unit(2, 2, 3), fixed(np.float32(1)).keep], lambda x, d: x, dtypes="float32"),
    Sample("AdjustSaturation", [unit(2, 2, 3), fixed(np.float32(1)).keep], lambda x, s: x, dtypes="float32"),
]
test_samples = sample_tests(SAMPLES)


EQUAL = np.array([[5, 5, 5], [5, 5, 2], [2, 5, 5], [5, 2, 5], [2, 2, 5], [2, 5, 2], [5, 2, 2], [0, 0, 0], [10, 0, 0]],
                 np.float32) / 10
EQUAL_GRADIENTS = [[3, 0, -2], [1.244444, 0.555556, -2], [-2, 1.244444, 0.555556], [2.355556, -2, -0.555556],
                   [0.555556, -2.555556, 1.8], [-0.555556, 1.8, -1.444444], [1.8, 0.555556, -2.555556], [1, 0, 0],
                   [1, 0.166667, -0.166667]]


def test_gradient_of_equal_colours_is_tensorflows():
    # TensorFlow 2.21's answers for the same colours.
    colors = tf.constant(EQUAL)
    with tf.Session() as session:
        found = session.run(tf.gradients(tf.image.rgb_to_hsv(colors), colors)[0])
    np.testing.assert_allclose(found, EQUAL_GRADIENTS, rtol=1e-4, atol=1e-6)
