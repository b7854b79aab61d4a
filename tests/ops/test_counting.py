"""Counts, orders, positions, edit distances."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, apart, fixed, normal, sample_tests


def _distances(*inputs):
    return np.array([[2 / 3, 0.5], [np.inf, 0]], np.float32)


def ascending(x):
    return tf.sort(x, axis=0)


def descending(x):
    return tf.argsort(x, direction="DESCENDING")


INTS = fixed(np.array([[1, 3, 1], [0, 7, 3]], np.int32)).keep
SAMPLES = [
    Sample("Bincount", [INTS, fixed(np.int32(4)).keep, normal(2, 3)],
           lambda a, n, w: np.array([w[1, 0], w[0, 0] + w[0, 2], 0, w[0, 1] + w[1, 2]]),
           dtypes="float32 float64 int32 int64"),
    Sample("HistogramFixedWidth", [fixed([-1, 0, 1.5, 2, 5, 15]), fixed([0.0, 5.0]), fixed(np.int32(5)).keep],
           lambda v, r, n: np.array([2, 1, 1, 0, 2], np.int32), dtypes="float32 float64"),
    Sample("UnravelIndex", [fixed(np.array([0, 5, 11], np.int32)).keep, fixed(np.array([3, 4], np.int32)).keep],
           lambda i, d: np.array([[0, 1, 2], [0, 1, 3]], np.int32), dtypes="float32"),
    Sample("Cross", [normal(4, 3), normal(4, 3)], lambda a, b: np.cross(a, b), dtypes="float32 float64 int32",
           grad=(0, 1), second=True),
    Sample("EditDistance", [fixed(np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])).keep,
                            fixed([1, 2, 1, 9]), fixed(np.array([2, 2, 2])).keep,
                            fixed(np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 1, 0], [0, 1, 1]])).keep,
                            fixed([1, 3, 4, 1, 2]), fixed(np.array([2, 2, 3])).keep], _distances,
           dtypes="float32 int64"),
    Sample(ascending, [apart(3, 4)], lambda x: np.sort(x, 0), dtypes="float32 float64 int32", grad=(0,)),
    Sample(descending, [apart(3, 4)], lambda x: np.argsort(-x, -1).astype(np.int32), dtypes="float32 int32"),
]
test_samples = sample_tests(SAMPLES)


def run(fetches):
    with tf.Session() as session:
        return session.run(fetches)


def test_bincount():
    assert run(tf.bincount([1, 1, 5])).tolist() == [0, 2, 0, 0, 0, 1]
    assert run(tf.bincount([1, 1, 5], minlength=2, maxlength=3)).tolist() == [0, 2, 0]
    assert run(tf.bincount([1, 1, 2], weights=[0.5, 1, 2])).tolist() == [0, 1.5, 2]
    assert run(tf.bincount(tf.zeros([0], tf.int32), dtype=tf.int64)).tolist() == []


def test_histograms():
    values = [-1.0, 0.0, 1.5, 2.0, 5.0, 15]
    assert run(tf.histogram_fixed_width(values, [0.0, 5.0], nbins=5)).tolist() == [2, 1, 1, 0, 2]
    assert run(tf.histogram_fixed_width_bins(values, [0.0, 5.0], nbins=5)).tolist() == [0, 0, 1, 2, 4, 4]


@pytest.mark.parametrize("edges, nbins, message", [
    (1.0, 3, "Shape must be rank 1 but is rank 0"), ([1.0, 2.0, 3.0], 3, "Dimension must be 2 but is 3"),
    ([1.0, 5.0], [1, 2], "Shape must be rank 0 but is rank 1"), ([1.0, 5.0], -5, "Requires nbins > 0"),
])
def test_histograms_check_their_bins(edges, nbins, message):
    with pytest.raises(ValueError, match=message):
        tf.histogram_fixed_width([1.0], edges, nbins=nbins)


def test_edit_distance_counts_elements_in_their_order():
    # TensorFlow 2.21: positions within a sequence don't matter, and may lie outside of the shape.
    first = tf.SparseTensor([[0, 0, i] for i in range(4)], list("bear"), [1, 1, 1])
    second = tf.SparseTensor([[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 3], [0, 0, 4]], list("beers"), [1, 1, 1])
    assert run(tf.edit_distance(first, second, normalize=False)).tolist() == [[2.0]]
    outside = tf.SparseTensor([[0, 1, 0]], ["a"], [1, 1, 1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of bounds"):
        run(tf.edit_distance(outside, second))


def test_errors():
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be non-negative"):
        run(tf.bincount([-1]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of bound"):
        run(tf.unravel_index([12], [3, 4]))
    with pytest.raises(TypeError, match="Truth must be a SparseTensor"):
        tf.edit_distance(tf.SparseTensor([[0]], [1], [1]), [1])
    with pytest.raises(ValueError, match="should be one of"):
        tf.sort([1], direction="UP")
