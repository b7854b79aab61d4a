"""Fourier transforms: compared with NumPy; gradients with differences."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.framework import raw_ops
from tests.ops.harness import Sample, fixed, normal, sample_tests

COMPLEX = "complex64 complex128"
SAMPLES = []
for _rank, _suffix in ((1, ""), (2, "2D"), (3, "3D")):
    _axes = tuple(range(-_rank, 0))
    _length = fixed(np.array([4, 3, 5][-_rank:], np.int32)).keep
    _half = np.array([4, 3, 3][-_rank:])
    SAMPLES += [
        Sample("FFT" + _suffix, [normal(2, 4, 3, 5)], lambda x, a=_axes: np.fft.fftn(x, axes=a), dtypes=COMPLEX,
               tol=1e-5),
        Sample("IFFT" + _suffix, [normal(2, 4, 3, 5)], lambda x, a=_axes: np.fft.ifftn(x, axes=a), dtypes=COMPLEX,
               tol=1e-5),
        Sample("RFFT" + _suffix, [normal(2, 4, 3, 5), _length],
               lambda x, n, a=_axes: np.fft.rfftn(x, n, a).astype(np.complex64), dtypes="float32", tol=1e-5),
        Sample("IRFFT" + _suffix, [normal(2, 4, 3, 3), _length],
               lambda x, n, a=_axes: np.fft.irfftn(x, n, a).astype(np.float32), dtypes="complex64", tol=1e-5),
    ]
test_samples = sample_tests(SAMPLES)


def _slope(function, x, direction):
    step = 1e-2
    return (function(x + step * direction) - function(x - step * direction)) / (2 * step)


@pytest.mark.parametrize("length", [None, [5], [6], [9]])
def test_gradients_of_real_transforms(length):
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(2, 7)).astype(np.float32)
    spectrum = (rng.normal(size=(2, 4)) + 1j * rng.normal(size=(2, 4))).astype(np.complex64)
    with tf.Session() as session:
        x = tf.placeholder(tf.float32, [2, 7])
        loss = tf.reduce_sum(tf.square(tf.abs(tf.signal.rfft(x, length)))) / 10
        grad = session.run(tf.gradients(loss, x)[0], {x: signal})
        direction = rng.normal(size=signal.shape).astype(np.float32)
        slope = _slope(lambda v: session.run(loss, {x: v}).astype(float), signal, direction)
        np.testing.assert_allclose((grad * direction).sum(), slope, rtol=2e-2, atol=1e-2)
        z = tf.placeholder(tf.complex64, [2, 4])
        loss = tf.reduce_sum(tf.pow(tf.signal.irfft(z, length), 3.0))
        grad = session.run(tf.gradients(loss, z)[0], {z: spectrum})
        for turn in (1, 1j):
            slope = _slope(lambda v: session.run(loss, {z: v}).astype(float), spectrum, turn * direction[:, :4])
            np.testing.assert_allclose((np.conj(grad) * turn * direction[:, :4]).real.sum(), slope, rtol=2e-2,
                                       atol=2e-2)


def test_gradient_of_the_complex_transform():
    values = np.array([1 + 2j, -1, 0.5j], np.complex128)
    with tf.Session() as session:
        x = tf.constant(values)
        for transform, scale in ((tf.fft, 3), (tf.ifft, 1 / 3)):
            loss = tf.reduce_sum(tf.square(tf.abs(transform(x))))
            np.testing.assert_allclose(session.run(tf.gradients(loss, x)[0]), 2 * values * scale, rtol=1e-10)


def test_there_and_back():
    x = np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32)
    with tf.Session() as session:
        for forward, back in ((tf.signal.rfft, tf.signal.irfft), (tf.signal.rfft2d, tf.signal.irfft2d),
                              (tf.signal.rfft3d, tf.signal.irfft3d)):
            np.testing.assert_allclose(session.run(back(forward(x))), x, atol=1e-5)
        assert tf.signal.rfft(x, [4]).shape.as_list() == [3, 4, 3]
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have length of at least"):
            session.run(raw_ops.RFFT(x, [9]))
