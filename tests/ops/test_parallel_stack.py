"""`tf.parallel_stack`."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests

test_samples = sample_tests([
    Sample("ParallelConcat", [[normal(1, 2)] * 3], lambda *xs: np.concatenate(xs[0]),
           attrs={"shape": [3, 2]}, dtypes="float32 int32 string bool"),
])


def test_stacks():
    stacked = tf.parallel_stack([[1, 4], [2, 5], [3, 6]])
    assert stacked.op.name == "parallel_stack/ParallelConcat"
    with tf.Session() as session:
        assert session.run(stacked).tolist() == [[1, 4], [2, 5], [3, 6]]
    with pytest.raises(ValueError, match="fully defined"):
        tf.parallel_stack([tf.placeholder(tf.float32, [None])])
