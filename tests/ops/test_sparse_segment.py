"""Sample rows of `graphflow/ops/sparse_segment.py`."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, normal, sample_tests

ROWS, IDS = fixed([0, 3, 3, 1]), fixed([0, 0, 2, 2])
DIVISORS = {"Sum": lambda n: 1, "Mean": lambda n: n, "SqrtN": np.sqrt}


def segments(kind):
    def oracle(data, rows, ids, count=3):
        out = np.zeros((int(count), *data.shape[1:]))
        for i in set(ids.tolist()):
            out[i] = data[rows[ids == i]].sum(0) / DIVISORS[kind](np.sum(ids == i))
        return out.astype(data.dtype)

    return oracle


def spread(kind):
    def oracle(grad, rows, ids, count):
        out = np.zeros((int(count), *grad.shape[1:]))
        for row, i in zip(rows, ids):
            out[row] += grad[i] / DIVISORS[kind](np.sum(ids == i))
        return out

    return oracle


SAMPLES = [
    *(Sample(f"SparseSegment{kind}", [normal(4, 2), ROWS, IDS], segments(kind), grad=(0,),
             dtypes="float32 float64" + (" int32 float16" if kind == "Sum" else ""))
      for kind in DIVISORS),
    *(Sample(f"SparseSegment{kind}WithNumSegments", [normal(4, 2), ROWS, IDS, fixed(np.int32(5))],
             segments(kind), grad=(0,)) for kind in DIVISORS),
    *(Sample(f"SparseSegment{kind}Grad", [normal(3, 2), ROWS, IDS, fixed(np.int32(4))],
             spread(kind)) for kind in ("Mean", "SqrtN")),
]
test_samples = sample_tests(SAMPLES)


@pytest.mark.parametrize(("rows", "ids", "message"), [
    ([0, 9], [0, 1], r"indices\[1\] == 9 out of range \[0, 3\)"),
    ([0, 1], [1, 0], "not increasing"),
])
def test_wrong_rows(rows, ids, message):
    with tf.Graph().as_default(), tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            sess.run(tf.sparse_segment_sum(tf.ones([3, 2]), rows, ids))


def test_wrappers_with_a_number_of_segments():
    with tf.Graph().as_default(), tf.Session() as sess:
        for function in (tf.sparse_segment_sum, tf.sparse_segment_mean, tf.sparse_segment_sqrt_n):
            got = sess.run(function(tf.ones([3, 1]), [0, 2], [0, 2], num_segments=4))
            np.testing.assert_array_equal(got, [[1], [0], [1], [0]])


def test_gradients_check_their_inputs():
    grad, indices = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    with tf.Session() as session:
        for ids, given, rows, message in (
                ([0, 1, 1, 4], [8, 3, 0, 9], 3, "Invalid number of segments"),
                ([0, 1, 2, 2], [8, 3, 0, 10], 3, r"Index 10 out of range \[0, 10\)"),
                ([-1, 0, 1, 1], [8, 3, 0, 9], 2, r"Segment id -1 out of range \[0, 2\)")):
            total = raw_ops.SparseSegmentMeanGrad(grad, indices, ids, 10)
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(total, {grad: np.ones((rows, 4)), indices: given})
    with pytest.raises(ValueError, match="Cannot specify a negative value for num_segments"):
        tf.sparse_segment_sum(tf.ones([10, 4]), [8, 3], [0, 1], num_segments=-2)
