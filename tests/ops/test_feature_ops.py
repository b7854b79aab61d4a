"""Buckets and crosses of features. Hashes are compared with TensorFlow's in tests/feature_column."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests

INDICES = np.array([[0, 0], [0, 1], [2, 0]], np.int64)
WORDS = np.array([b"a", b"b", b"c"], object)
DENSE = np.array([[b"x", b"y"], [b"z", b"w"], [b"x", b"x"]], object)


def _crossed(indices, words, shape, dense):
    values = [b"a_X_x", b"a_X_y", b"b_X_x", b"b_X_y", b"c_X_x", b"c_X_x"]
    places = [[0, 0], [0, 1], [0, 2], [0, 3], [2, 0], [2, 1]]
    return np.array(places), np.array(values, object), np.array([3, 4])


SAMPLES = [
    Sample("Bucketize", [fixed([-1.0, 0.0, 0.5, 2.0, 9.0])], lambda x: np.digitize(x, [0.0, 2.0]),
           attrs={"boundaries": [0.0, 2.0]}, dtypes="float32 float64 int32 int64"),
    Sample("Bucketize", [normal(2, 0)], lambda x: np.zeros((2, 0)), attrs={"boundaries": []}, dtypes="float32"),
    Sample("SparseCross", [[fixed(INDICES).keep], [fixed(WORDS).keep], [fixed(np.array([3, 2])).keep],
                           [fixed(DENSE).keep]], _crossed, dtypes="string",
           attrs={"hashed_output": False, "num_buckets": 0, "hash_key": 1, "out_type": tf.string,
                  "internal_type": tf.string}, exact_shape=False),
]
test_samples = sample_tests(SAMPLES)


def run(tensor):
    with tf.Session() as session:
        return session.run(tensor)


def test_hashed_crosses():
    """As TensorFlow 2.21 hashes them."""
    words, numbers = tf.constant([["a", "b"]]), tf.constant([[1]], tf.int32)
    assert run(tf.sparse.cross([words, numbers])).values.tolist() == [b"a_X_1", b"b_X_1"]
    assert run(tf.sparse.cross_hashed([words, numbers])).values.tolist() == [
        2928842892298887678, 5354134812324246176]
    assert run(tf.sparse.cross_hashed([words, numbers], 100)).values.tolist() == [85, 83]


def test_rows_without_features():
    empty = tf.SparseTensor(np.zeros((0, 2), np.int64), np.zeros(0, np.int64), [2, 0])
    crossed = run(tf.sparse.cross_hashed([empty, tf.constant([["a"], ["b"]])], 10))
    assert crossed.values.size == 0 and crossed.dense_shape.tolist() == [2, 0]


def test_refused():
    with pytest.raises(TypeError, match="must be a list"):
        tf.sparse.cross((tf.constant([["a"]]),))
    with pytest.raises(TypeError, match="must be SparseTensors"):
        tf.sparse.cross([[["a"]]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected batch size 1, got 2"):
        run(tf.sparse.cross([tf.constant([["a"]]), tf.constant([["a"], ["b"]])]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="should be a matrix"):
        run(tf.sparse.cross([tf.constant(["a"])]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected sorted boundaries"):
        run(tf.raw_ops.Bucketize(input=[1.0], boundaries=[2.0, 1.0]))
