"""CTC with dense labels; the numbers are TensorFlow 2.21's."""

import numpy as np
import pytest

import graphflow as tf

LABELS, LENGTHS = [[3, 4, 4, 3], [1, 1, 1, 2], [5, 0, 0, 0]], [4, 3, 1]
LOGITS = np.random.RandomState(0).randn(6, 3, 7).astype("f")


def run(fetches):
    with tf.Session() as session:
        return session.run(fetches)


def test_labels_without_repetitions():
    labels, lengths = run(tf.nn.collapse_repeated(LABELS, LENGTHS))
    assert labels.tolist() == [[3, 4, 3], [1, 0, 0], [5, 0, 0]] and lengths.tolist() == [3, 1, 1]


def test_distinct_labels():
    labels, positions = run(tf.nn.ctc_unique_labels(LABELS))
    assert labels.tolist() == [[3, 4, 0, 0], [1, 2, 0, 0], [5, 0, 0, 0]] and labels.dtype == np.int64
    assert positions.tolist() == [[0, 1, 1, 0], [0, 0, 0, 1], [0, 1, 1, 1]] and positions.dtype == np.int32


def test_dense_labels():
    logits = tf.constant(LOGITS)
    loss = tf.nn.ctc_loss_v2(LABELS, logits, LENGTHS, [6, 6, 5], blank_index=6)
    slope = tf.reduce_sum(tf.gradients(loss, logits)[0] * logits)
    value, slope = run([loss, slope])
    np.testing.assert_allclose(value, [11.924705, 8.133403, 11.107883], rtol=1e-5)
    np.testing.assert_allclose(slope, 7.374972, rtol=1e-5)
    transposed = tf.transpose(logits, [1, 0, 2])
    again = tf.nn.ctc_loss_v2(LABELS, transposed, LENGTHS, [6, 6, 5], logits_time_major=False, blank_index=-1)
    np.testing.assert_array_equal(run(again), value)


def test_the_blank_is_class_0_by_default():
    loss = tf.nn.ctc_loss_v2([[3, 4, 4, 3], [1, 1, 1, 2], [5, 1, 1, 1]], LOGITS, LENGTHS, [6, 6, 5])
    np.testing.assert_allclose(run(loss), [12.657605, 8.652882, 7.453887], rtol=1e-5)


def test_sparse_labels_say_their_blank():
    labels = tf.SparseTensor([[0, 0]], [1], [1, 1])
    with pytest.raises(ValueError, match="blank_index must be given"):
        tf.nn.ctc_loss_v2(labels, LOGITS[:, :1], None, [6])
    nothing = tf.SparseTensor(np.zeros((0, 2), np.int64), np.zeros(0, np.int32), [0, 0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="batch_size must not be 0"):
        run(tf.nn.ctc_loss_v2(nothing, np.zeros((1, 0, 2), "f"), None, np.zeros(0, np.int32), blank_index=-1))
