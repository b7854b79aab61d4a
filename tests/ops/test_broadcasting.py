"""Sample rows of `graphflow/ops/broadcasting.py`."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, sample_tests


def _row(s0, s1, r0, r1, dtype="int32"):
    def expected(*shapes):
        return np.array(r0, dtype), np.array(r1, dtype)

    return Sample("BroadcastGradientArgs", [fixed(np.array(s0, dtype)), fixed(np.array(s1, dtype))],
                  expected, id=f"{s0}-{s1}-{dtype}", dtypes="int32", cpu=False)


# What TensorFlow answers.
test_samples = sample_tests([
    _row([1, 2], [1, 2], [], []), _row([1, 3], [2, 1], [0], [1]), _row([2, 1], [1, 1], [1], [0, 1]),
    _row([], [1], [0], [0]), _row([3], [2, 3], [0], []), _row([1, 1, 3], [1, 1], [0, 1], [0, 1, 2]),
    _row([0], [1], [], [0]), _row([2, 3], [3], [], [0], "int64"),
])


def test_shapes_that_do_not_broadcast():
    with tf.Graph().as_default(), tf.Session() as sess:
        args = raw_ops.BroadcastGradientArgs([2], [3])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"):
            sess.run(args[0])
