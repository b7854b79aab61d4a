"""Programs on signals that run in TensorFlow (to be recorded) and in GraphFlow (to be compared)."""

import numpy as np


def results(tf):
    """Name -> array; complex ones as pairs of real numbers."""
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(_fetches(tf))
    return {name: np.stack([v.real, v.imag], -1) if np.iscomplexobj(v) else v for name, v in found.items()}


def _fetches(tf):
    s = tf.signal
    rng = np.random.RandomState(0)
    wave, rows = tf.constant(rng.randn(2, 30).astype("f")), tf.constant(rng.randn(3, 8).astype("f"))
    length = tf.placeholder_with_default(12, [])
    stft = s.stft(wave, 12, 4)
    fetches = {
        "frames": s.frame(wave, 7, 3), "padded frames": s.frame(wave, 7, 3, pad_end=True, pad_value=9),
        "frames of an axis": s.frame(tf.transpose(wave), 8, 5, axis=0), "no frames": s.frame(wave, 40, 3),
        "added": s.overlap_and_add(s.frame(wave, 7, 3), 3), "hann": s.hann_window(8), "odd hann": s.hann_window(7),
        "symmetric hann": s.hann_window(8, periodic=False), "hamming": s.hamming_window(9, dtype=tf.float64),
        "one": s.hann_window(1), "unknown length": s.hann_window(length), "stft": stft,
        "stft of 32": s.stft(wave, 12, 5, fft_length=32, window_fn=None, pad_end=True),
        "stft of unknown length": s.stft(wave, length, 4),
        "back": s.inverse_stft(stft, 12, 4, window_fn=s.inverse_stft_window_fn(4)),
        "back of 8": s.inverse_stft(stft, 20, 4, fft_length=16), "shifted": s.fftshift(rows),
        "shifted rows": s.ifftshift(rows, axes=1), "mel": s.linear_to_mel_weight_matrix(5, 17),
        "mfcc": s.mfccs_from_log_mel_spectrograms(rows)}
    for kind in (1, 2, 3):
        fetches[f"dct {kind}"] = s.dct(rows, kind)
        fetches[f"idct {kind}"] = s.idct(rows, kind)
    for kind in (2, 3):
        fetches[f"ortho dct {kind}"] = s.dct(rows, kind, norm="ortho")
    fetches["short dct"], fetches["long dct"] = s.dct(rows, n=5), s.dct(rows, n=11)
    return fetches
