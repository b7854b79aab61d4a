"""Sample rows of `graphflow/ops/no_nan.py`."""

import numpy as np

import graphflow as tf
from tests.ops.harness import Sample, normal, positive, sample_tests

FLOATS = "float16 bfloat16 float32 float64 complex64 complex128"

test_samples = sample_tests(
    [
        Sample("MulNoNan", [normal(2, 3), normal(3)], np.multiply, dtypes=FLOATS, grad=(0, 1)),
        Sample(
            "MulNoNan",
            [normal(2, 3), normal(2, 3)],
            np.multiply,
            grad=(0, 1),
            second=True,
            id="same",
        ),
        Sample(
            "DivNoNan",
            [normal(2, 3), positive(3)],
            np.divide,
            dtypes=FLOATS,
            grad=(0, 1),
            second=True,
        ),
        Sample(
            "Xdivy", [normal(2, 3), positive(3)], np.divide, dtypes=FLOATS, grad=(0, 1), second=True
        ),
        Sample(
            "Xlogy",
            [normal(2, 3), positive(3)],
            lambda x, y: x * np.log(y),
            dtypes=FLOATS,
            grad=(0, 1),
            second=True,
        ),
    ]
)


def test_zeros_win():
    nan, inf = np.nan, np.inf
    with tf.Graph().as_default(), tf.Session() as sess:
        got = sess.run([
            tf.math.multiply_no_nan([nan, inf, 1.0], [0.0, 0.0, nan]),
            tf.math.divide_no_nan([nan, inf, 1.0], [0.0, 0.0, nan]),
            tf.math.xdivy([0.0, 0.0, 1.0, 0.0], [0.0, nan, 0.0, 1.0]),
            tf.math.xlogy([0.0, 0.0, 1.0, 0.0], [0.0, nan, 0.0, -1.0]),
            tf.math.reciprocal_no_nan([0.0, 2.0]),
        ])
    expected = [[0, 0, nan], [0, 0, nan], [0, 0, inf, 0], [0, 0, -inf, 0], [0, 0.5]]
    for actual, wanted in zip(got, expected):
        np.testing.assert_array_equal(actual, wanted)
