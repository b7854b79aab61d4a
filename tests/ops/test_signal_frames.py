"""Frames, windows and short-time transforms: what TensorFlow made of the programs in `signal_programs`."""

from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from tests.ops import signal_programs

GOLDEN = Path(__file__).parent.parent / "golden" / "signals.npz"


def test_signals_are_tensorflows():
    results, recorded = signal_programs.results(tf), np.load(GOLDEN)
    assert sorted(results) == sorted(recorded.files)
    for name, value in results.items():
        np.testing.assert_allclose(value, recorded[name], rtol=1e-4, atol=2e-5, err_msg=name)


def test_shapes():
    wave = tf.placeholder(tf.float32, [None, 30])
    assert tf.signal.frame(wave, 7, 3).shape.as_list() == [None, 8, 7]
    assert tf.signal.stft(wave, 12, 4).shape.as_list() == [None, 5, 9]
    assert tf.signal.overlap_and_add(tf.zeros([2, 4, 5]), 3).shape.as_list() == [2, 14]
    assert tf.contrib.signal.hann_window(4).shape.as_list() == [4]


def test_gradients():
    wave = tf.constant(np.random.RandomState(0).randn(20))
    for build in (lambda x: tf.signal.frame(x, 6, 4, pad_end=True),
                  lambda x: tf.signal.overlap_and_add(tf.reshape(x, [4, 5]), 2)):
        with tf.Session():
            error = tf.test.compute_gradient_error(wave, [20], build(wave), build(wave).shape.as_list())
        assert error < 1e-6


@pytest.mark.parametrize("call, error, message", [
    (lambda: tf.signal.frame(tf.placeholder(tf.float32), 2, 1), ValueError, "known rank"),
    (lambda: tf.signal.frame([1.0], 2, 1, axis=1), ValueError, "axis 1 is not in"),
    (lambda: tf.signal.hann_window(4, dtype=tf.int32), ValueError, "floating point"),
    (lambda: tf.signal.overlap_and_add([1.0], 1), ValueError, "rank at least 2"),
    (lambda: tf.signal.stft([[1.0]], [2], 1), ValueError, "must have rank 0"),
])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
