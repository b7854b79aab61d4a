"""Sample rows of `graphflow/ops/bitwise.py`."""

import numpy as np

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests, unit

INTEGERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64"

test_samples = sample_tests(
    [
        *(
            Sample(op, [normal(2, 3), normal(3)], oracle, dtypes=INTEGERS)
            for op, oracle in (
                ("BitwiseAnd", np.bitwise_and),
                ("BitwiseOr", np.bitwise_or),
                ("BitwiseXor", np.bitwise_xor),
            )
        ),
        Sample("LeftShift", [normal(2, 3), unit(3)], np.left_shift, dtypes=INTEGERS),
        Sample("RightShift", [normal(2, 3), unit(3)], np.right_shift, dtypes=INTEGERS),
        Sample("Invert", [normal(2, 3)], np.invert, dtypes=INTEGERS),
        Sample(
            "PopulationCount",
            [normal(2, 3)],
            dtypes=INTEGERS,
            oracle=lambda x: np.vectorize(
                lambda v: bin(int(v) & (2 ** (8 * x.itemsize) - 1)).count("1")
            )(x).astype(np.uint8),
        ),
    ]
)


def test_shifts_are_clamped():
    with tf.Graph().as_default(), tf.Session() as sess:
        def shift(function, x, y):
            return sess.run(function(tf.constant(x, tf.int8), tf.constant(y, tf.int8))).tolist()

        assert shift(tf.bitwise.left_shift, [1, 1, -1, 1], [9, -1, 3, 7]) == [-128, 1, -8, -128]
        assert shift(tf.bitwise.right_shift, [1, -128, -1, 100], [9, 7, 3, -1]) == [0, -1, -1, 100]
