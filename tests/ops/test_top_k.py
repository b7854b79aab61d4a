"""Largest entries: sample rows, ties, entries that are not finite, gradients, errors."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, apart, fixed, normal, sample_tests

REAL = "float32 float64 float16 int32 uint8 int64"


def _top(x, k):
    order = np.argsort(-x.astype(np.float64), axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, order, -1), order.astype(np.int32)


PREDICTIONS = np.array([[1, 2, 2, 0], [np.nan, 5, 1, 0], [3, 2, 1, 0], [3, 2, 1, 0]], np.float32)
SAMPLES = [
    Sample("TopKV2", [apart(2, 5), fixed(3)], lambda x, k: _top(x, 3), dtypes=REAL, id="matrix"),
    Sample("TopKV2", [normal(7), fixed(0)], lambda x, k: _top(x, 0), dtypes="float32", id="none"),
    Sample("TopK", [normal(2, 2, 5)], lambda x: _top(x, 2), attrs={"k": 2}, dtypes=REAL, id="cube"),
    Sample(lambda x: tf.nn.top_k(x, 2).values, [apart(2, 5)], lambda x: _top(x, 2)[0], grad=(0,), id="values"),
    Sample("InTopKV2", [fixed(PREDICTIONS).keep, fixed([1, 1, 2, 7]), fixed(2)],
           lambda p, t, k: np.array([True, False, False, False]), dtypes="float32", id="v2"),
    Sample("InTopK", [fixed(PREDICTIONS).keep, fixed([2, 0, 1, -1])], lambda p, t: np.array([True, False, True, False]),
           attrs={"k": 2}, dtypes="float32", id="v1"),
    Sample("NthElement", [apart(2, 5), fixed(1)], lambda x, n: np.sort(x, -1)[:, 1], dtypes=REAL, grad=(0,), id="nth"),
    Sample("NthElement", [apart(2, 5), fixed(1)], lambda x, n: np.sort(x, -1)[:, -2], attrs={"reverse": True},
           id="reverse"),
]
test_samples = sample_tests(SAMPLES)


def test_of_equals_the_first():
    with tf.Session() as sess:
        assert sess.run(tf.nn.top_k([2, 1, 2, 2], 3).indices).tolist() == [0, 2, 3]
        assert sess.run(tf.nn.top_k(tf.constant([0, 255, 1], tf.uint8), 2).indices).tolist() == [1, 2]


def test_more_than_there_are():
    with pytest.raises(ValueError, match="input must have last dimension >= k = 4 but is 3"):
        tf.nn.top_k([1.0, 2.0, 3.0], 4)
    k = tf.placeholder(tf.int32, [])
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="k"):
        sess.run(tf.nn.top_k([1.0, 2.0, 3.0], k), {k: 4})


def test_names():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3])
        assert tf.nn.top_k(x).values.name == "TopKV2:0"
        assert tf.nn.in_top_k(x, [1], 1).name == "in_top_k/InTopKV2:0"
