"""Signals in overlapping frames, their windows, and their Fourier transforms over short times.

Built of other ops; sizes may be numbers or scalar tensors. Holds no state.
"""

import math

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.static_value import constant_value


def _number(value, name):
    """A size as a Python number where the graph tells it, else as a scalar tensor."""
    tensor = convert_to_tensor(value, name=name)
    tensor.shape.assert_has_rank(0)
    known = constant_value(tensor)
    return tensor if known is None else int(known)


def _size(tensor, axis):
    known = tensor.shape[axis].value
    return tf.shape(tensor)[axis] if known is None else known


def _at_least_0(value):
    return max(value, 0) if isinstance(value, int) else tf.maximum(value, 0)


@tf_export("signal.frame", "contrib.signal.frame")
def frame(signal, frame_length, frame_step, pad_end=False, pad_value=0, axis=-1, name=None):
    """Parts of `frame_length` of a signal, one every `frame_step` along `axis`.

    Args:
      signal: [..., samples, ...] of known rank. pad_end: whether frames may reach over the end, where `pad_value` is.
    Returns [..., frames, frame_length, ...]. Raises ValueError for a signal of unknown rank or without `axis`.

    Example:
      >>> import graphflow as tf
      >>> with tf.Session() as sess:
      ...     print(sess.run(tf.signal.frame([1, 2, 3, 4, 5], 3, 2)).tolist())
      [[1, 2, 3], [3, 4, 5]]
    """
    with name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = convert_to_tensor(signal, name="signal")
        length, step = _number(frame_length, "frame_length"), _number(frame_step, "frame_step")
        rank = signal.shape.ndims
        if rank is None:
            raise ValueError("tf.signal.frame needs a signal of known rank")
        if not -rank <= axis < rank:
            raise ValueError(f"axis {axis} is not in [{-rank}, {rank})")
        axis %= rank
        samples = _size(signal, axis)
        if pad_end:
            frames = _at_least_0(-(-samples // step))
            missing = _at_least_0((frames - 1) * step + length - samples)
            paddings = [[0, missing if i == axis else 0] for i in range(rank)]
            signal = tf.pad(signal, paddings, constant_values=pad_value)
        else:
            frames = _at_least_0(1 + (samples - length) // step)
        places = tf.expand_dims(tf.range(frames) * step, 1) + tf.expand_dims(tf.range(length), 0)
        return tf.gather(signal, places, axis=axis)


@tf_export("signal.overlap_and_add", "contrib.signal.overlap_and_add")
def overlap_and_add(signal, frame_step, name=None):
    """Frames [..., frames, frame_length], each `frame_step` after the one before, added up: [..., samples]."""
    with name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        step = _number(frame_step, "frame_step")
        frames, length = _size(signal, -2), _size(signal, -1)
        places = tf.expand_dims(tf.range(frames) * step, 1) + tf.expand_dims(tf.range(length), 0)
        outer = tf.shape(signal)[:-2]
        flat = tf.transpose(tf.reshape(signal, [-1, frames * length]))
        total = (frames - 1) * step + length
        added = tf.unsorted_segment_sum(flat, tf.reshape(places, [-1]), total)
        result = tf.reshape(tf.transpose(added), tf.concat([outer, [total]], 0))
        result.set_shape(signal.shape[:-2].concatenate([total if isinstance(total, int) else None]))
        return result


def _raised_cosine(name, default_name, window_length, periodic, dtype, a, b):
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Found {dtype!r}")
    with name_scope(name, default_name, [window_length, periodic]):
        length = _number(window_length, "window_length")
        # Windows of odd length end with the value that they start with, periodic or not.
        even = 1 - length % 2 if periodic else 0
        if length == 1:
            return tf.ones([1], dtype)
        last = length + even - 1
        last = tf.maximum(last, 1) if not isinstance(last, int) else last
        angles = tf.constant(2 * math.pi, dtype) * tf.cast(tf.range(length), dtype) / tf.cast(last, dtype)
        window = a - b * tf.cos(angles)
        return window if isinstance(length, int) else tf.cond(
            tf.equal(length, 1), lambda: tf.ones([1], dtype), lambda: window)


@tf_export("signal.hann_window", "contrib.signal.hann_window")
def hann_window(window_length, periodic=True, dtype=dtypes.float32, name=None):
    """`0.5 - 0.5 * cos(2 * pi * n / window_length)`; without `periodic` the last value is the first again."""
    return _raised_cosine(name, "hann_window", window_length, periodic, dtype, 0.5, 0.5)


@tf_export("signal.hamming_window", "contrib.signal.hamming_window")
def hamming_window(window_length, periodic=True, dtype=dtypes.float32, name=None):
    """`0.54 - 0.46 * cos(2 * pi * n / window_length)`; without `periodic` the last value is the first again."""
    return _raised_cosine(name, "hamming_window", window_length, periodic, dtype, 0.54, 0.46)


def _fft_length(fft_length, frame_length):
    """The length asked for, by default the next power of two."""
    if fft_length is not None:
        return _number(fft_length, "fft_length")
    if isinstance(frame_length, int):
        return 2 ** math.ceil(math.log2(frame_length))
    exponent = tf.ceil(tf.log(tf.cast(frame_length, dtypes.float32)) / math.log(2.0))
    return tf.cast(tf.pow(2.0, exponent), dtypes.int32)


@tf_export("signal.stft", "contrib.signal.stft")
def stft(signals, frame_length, frame_step, fft_length=None, window_fn=hann_window, pad_end=False, name=None):
    """Fourier transforms of the windowed frames of real signals.

    Args:
      signals: float [..., samples]. fft_length: length that frames are padded to, by default the next power of two.
      window_fn: function of a length (and `dtype`) that gives a window, None for none. pad_end: see `tf.signal.frame`.
    Returns complex [..., frames, fft_length // 2 + 1].
    """
    with name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        length = _number(frame_length, "frame_length")
        framed = frame(signals, length, frame_step, pad_end=pad_end)
        if window_fn is not None:
            framed *= window_fn(length, dtype=framed.dtype)
        return lookup("signal.rfft")(framed, [_fft_length(fft_length, length)])


@tf_export("signal.inverse_stft_window_fn", "contrib.signal.inverse_stft_window_fn")
def inverse_stft_window_fn(frame_step, forward_window_fn=hann_window, name=None):
    """The window for `tf.signal.inverse_stft` that undoes the window of `tf.signal.stft`, as a function of a length."""
    def window(frame_length, dtype):
        with name_scope(name, "inverse_stft_window_fn"):
            length, step = _number(frame_length, "frame_length"), _number(frame_step, "frame_step")
            forward = forward_window_fn(length, dtype=dtype)
            overlaps = -(-length // step)
            weights = tf.pad(tf.square(forward), [(0, overlaps * step - length)])
            weights = tf.reduce_sum(tf.reshape(weights, [overlaps, step]), 0, keepdims=True)
            return forward / tf.reshape(tf.tile(weights, [overlaps, 1]), [-1])[:length]

    return window


@tf_export("signal.inverse_stft", "contrib.signal.inverse_stft")
def inverse_stft(stfts, frame_length, frame_step, fft_length=None, window_fn=hann_window, name=None):
    """Signals whose frames have these Fourier transforms, [..., samples].

    Args: stfts: complex [..., frames, fft_length // 2 + 1]. The others are those of `tf.signal.stft`; `window_fn` of
      `tf.signal.inverse_stft_window_fn` gives the signal back that was transformed.
    """
    with name_scope(name, "inverse_stft", [stfts]):
        stfts = convert_to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        length = _number(frame_length, "frame_length")
        frames = lookup("signal.irfft")(stfts, [_fft_length(fft_length, length)])[..., :length]
        missing = _at_least_0(length - _size(frames, -1))
        frames = tf.pad(frames, [[0, 0]] * (frames.shape.ndims - 1) + [[0, missing]])
        if window_fn is not None:
            frames *= window_fn(length, dtype=stfts.dtype.real_dtype)
        return overlap_and_add(frames, frame_step)
