"""Cosine transforms and mel scales: errors. Values are compared with TensorFlow's in test_signal_frames.py."""

import pytest

import graphflow as tf


@pytest.mark.parametrize("call, error, message", [
    (lambda: tf.signal.dct([1.0, 2.0], type=4), ValueError, "Types I, II and III"),
    (lambda: tf.signal.dct([1.0, 2.0], axis=0), NotImplementedError, "axis must be -1"),
    (lambda: tf.signal.dct([1.0], type=1), ValueError, "greater than one"),
    (lambda: tf.signal.dct([1.0, 2.0], type=1, norm="ortho"), ValueError, "not supported for the Type-I"),
    (lambda: tf.signal.idct([1.0, 2.0], norm="l2"), ValueError, "Unknown normalization"),
    (lambda: tf.signal.dct([1.0, 2.0], n=0), ValueError, "positive integer"),
    (lambda: tf.signal.linear_to_mel_weight_matrix(upper_edge_hertz=5000.0), ValueError, "Nyquist"),
    (lambda: tf.signal.linear_to_mel_weight_matrix(0), ValueError, "num_mel_bins must be positive"),
    (lambda: tf.signal.linear_to_mel_weight_matrix(sample_rate=tf.placeholder(tf.float32, [])), ValueError,
     "non-constant"),
])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
