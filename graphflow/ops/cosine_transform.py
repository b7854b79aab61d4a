"""Cosine transforms, shifts of spectra, and mel scales. Built of other ops; holds no state."""

import math

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor
from graphflow.ops.signal_frames import frame


def _check(tensor, kind, n, axis, norm):
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if kind not in (1, 2, 3):
        raise ValueError("Only Types I, II and III (I)DCT are supported.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    if kind == 1 and norm == "ortho":
        raise ValueError("Normalization is not supported for the Type-I DCT.")
    size = tensor.shape[-1].value
    if kind == 1 and size is not None and size < 2:
        raise ValueError("Type-I DCT requires the dimension to be greater than one.")


def _last_size(tensor):
    known = tensor.shape[-1].value
    return tf.shape(tensor)[-1] if known is None else known


def _of_length(tensor, n):
    """`tensor` with `n` entries along the last axis: cut off, or followed by zeros."""
    tensor = tensor[..., :n]
    missing = n - _last_size(tensor)
    return tf.pad(tensor, [[0, 0]] * (tensor.shape.ndims - 1) + [[0, missing]])


def _turns(size, sign):
    """exp(sign * i * pi * k / (2 * size)), twice, for all k below `size`."""
    size = tf.cast(size, dtypes.float32)
    return 2.0 * tf.exp(tf.complex(0.0, sign * tf.range(size) * math.pi * 0.5 / size))


def _ortho_weights(first, rest, size):
    return tf.pad(tf.expand_dims(first, 0), [[0, size - 1]], constant_values=rest)


@tf_export("signal.dct", "spectral.dct")
def dct(input, type=2, n=None, axis=-1, norm=None, name=None):  # noqa: A002 - TensorFlow's names
    """The discrete cosine transform of type 1, 2 or 3 along the last axis.

    Args: input: float32 [..., samples]. n: how many samples to take; zeros follow shorter ones. norm: None or "ortho".
    Raises ValueError for other types and norms, NotImplementedError for another axis.
    """
    tensor = convert_to_tensor(input, dtype=dtypes.float32)
    _check(tensor, type, n, axis, norm)
    rfft, irfft = lookup("signal.rfft"), lookup("signal.irfft")
    with name_scope(name, "dct", [tensor]):
        tensor = tensor if n is None else _of_length(tensor, n)
        if type == 1:
            return tf.real(rfft(tf.concat([tensor, tensor[..., -2:0:-1]], axis=-1)))
        size = _last_size(tensor)
        count = tf.cast(size, dtypes.float32)
        if type == 2:
            result = tf.real(rfft(tensor, fft_length=[2 * size])[..., :size] * _turns(size, -1))
            first = 0.5 * tf.rsqrt(count)
            return result if norm is None else result * _ortho_weights(first, first * math.sqrt(2.0), size)
        first = tf.sqrt(count)
        tensor *= count if norm is None else _ortho_weights(first, first * math.sqrt(0.5), size)
        return tf.real(irfft(_turns(size, 1) * tf.complex(tensor, 0.0), fft_length=[2 * size]))[..., :size]


@tf_export("signal.idct", "spectral.idct")
def idct(input, type=2, n=None, axis=-1, norm=None, name=None):  # noqa: A002 - TensorFlow's names
    """The inverse of `tf.signal.dct`, but for a factor unless norm is "ortho"; arguments are the same."""
    _check(convert_to_tensor(input, dtype=dtypes.float32), type, n, axis, norm)
    return dct(input, type={1: 1, 2: 3, 3: 2}[type], n=n, axis=axis, norm=norm, name=name)


def _shifted(x, axes, name, default, inverse):
    with name_scope(name, default) as scope:
        x = convert_to_tensor(x)
        axes = tuple(range(x.shape.ndims)) if axes is None else axes
        several = [axes] if isinstance(axes, int) else list(axes)
        sizes = [x.shape[axis].value for axis in several]
        shift = [-(size // 2) if inverse else size // 2 for size in sizes]
        return tf.roll(x, shift[0] if isinstance(axes, int) else shift, axes, name=scope)


@tf_export("signal.fftshift")
def fftshift(x, axes=None, name=None):
    """Moves frequency 0 to the middle of `axes` (a number or several; all by default), of known sizes."""
    return _shifted(x, axes, name, "fftshift", inverse=False)


@tf_export("signal.ifftshift")
def ifftshift(x, axes=None, name=None):
    """The inverse of `fftshift`."""
    return _shifted(x, axes, name, "ifftshift", inverse=True)


# ---------------------------------------------------------------- mel scales

def _hertz_to_mel(frequencies):
    return 1127.0 * tf.log(1.0 + frequencies / 700.0)


def _check_mel(bins, rate, lower, upper, dtype):
    if bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
    if rate <= 0.0:
        raise ValueError(f"sample_rate must be positive. Got: {rate}")
    if lower < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise ValueError(f"lower_edge_hertz {lower:.1f} >= upper_edge_hertz {upper:.1f}")
    if upper > rate / 2:
        raise ValueError("upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). "
                         f"Got: {upper} for sample_rate: {rate}")
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype!r}")


@tf_export("signal.linear_to_mel_weight_matrix", "contrib.signal.linear_to_mel_weight_matrix")
def linear_to_mel_weight_matrix(num_mel_bins=20, num_spectrogram_bins=129, sample_rate=8000, lower_edge_hertz=125.0,
                                upper_edge_hertz=3800.0, dtype=dtypes.float32, name=None):
    """The matrix [num_spectrogram_bins, num_mel_bins] that turns spectrograms into mel spectrograms.

    Args: sample_rate: of the signal; the spectrogram reaches to half of it. lower_edge_hertz, upper_edge_hertz: what
      the mel bins lie between. Raises ValueError for numbers that do not fit.
    """
    with name_scope(name, "linear_to_mel_weight_matrix") as scope:
        if isinstance(sample_rate, Tensor):
            sample_rate = constant_value(sample_rate)
            if sample_rate is None:
                raise ValueError("`sample_rate` was a non-constant Tensor. "
                                 "Must be a Python float or a constant Tensor.")
        dtype = dtypes.as_dtype(dtype)
        _check_mel(num_mel_bins, sample_rate, lower_edge_hertz, upper_edge_hertz, dtype)
        zero, nyquist = tf.constant(0.0, dtype), tf.constant(sample_rate / 2.0, dtype)
        # The first bin holds no frequency, and no mel bin takes from it.
        spectrum = tf.expand_dims(_hertz_to_mel(tf.linspace(zero, nyquist, num_spectrogram_bins)[1:]), 1)
        edges = tf.linspace(_hertz_to_mel(tf.constant(lower_edge_hertz, dtype)),
                            _hertz_to_mel(tf.constant(upper_edge_hertz, dtype)), num_mel_bins + 2)
        parts = tf.split(frame(edges, frame_length=3, frame_step=1), 3, axis=1)
        lower, center, upper = (tf.reshape(part, [1, num_mel_bins]) for part in parts)
        rising, falling = (spectrum - lower) / (center - lower), (upper - spectrum) / (upper - center)
        return tf.pad(tf.maximum(zero, tf.minimum(rising, falling)), [[1, 0], [0, 0]], name=scope)


@tf_export("signal.mfccs_from_log_mel_spectrograms", "contrib.signal.mfccs_from_log_mel_spectrograms")
def mfccs_from_log_mel_spectrograms(log_mel_spectrograms, name=None):
    """Mel-frequency cepstral coefficients of float32 [..., num_mel_bins], of the same shape."""
    with name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        spectrograms = convert_to_tensor(log_mel_spectrograms, dtype=dtypes.float32)
        bins = _last_size(spectrograms)
        if isinstance(bins, int) and bins == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {spectrograms}")
        return dct(spectrograms, type=2) * tf.rsqrt(tf.cast(bins, dtypes.float32) * 2.0)
