"""Reference kernels of `graphflow/ops/image_color.py`."""

import numpy as np

from ..registry import reference
from .array_checks import debug, fail


def _check_rgb(images):
    if images.ndim < 1 or images.shape[-1] != 3:
        fail(f"input must have 3 channels but instead has shape {debug(images.shape)}")


def _to_hsv(rgb):
    """Hue in [0, 1), saturation, value; in double precision."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    span = value - np.minimum(np.minimum(red, green), blue)
    with np.errstate(all="ignore"):
        saturation = np.where(value > 0, span / value, 0.0)
        unit = np.where(span > 0, 1.0 / (6.0 * span), 0.0)
    hue = np.where(red == value, unit * (green - blue),
                   np.where(green == value, unit * (blue - red) + 2 / 6, unit * (red - green) + 4 / 6))
    hue = np.where(span > 0, hue, 0.0)
    return np.stack([np.where(hue < 0, hue + 1, hue), saturation, value], -1)


def _to_rgb(hsv):
    hue, saturation, value = np.moveaxis(hsv.astype(np.float64), -1, 0)[..., None]
    sixths = hue * 6
    distances = np.concatenate([np.abs(sixths - 3) - 1, 2 - np.abs(sixths - 2), 2 - np.abs(sixths - 4)], -1)
    return ((1 - saturation) + saturation * np.clip(distances, 0, 1)) * value


def _converter(op_type, function):
    def run(images):
        _check_rgb(images)
        return function(images).astype(images.dtype)

    reference.function(op_type, run)


_converter("RGBToHSV", _to_hsv)
_converter("HSVToRGB", _to_rgb)


def _check_scalar(name, value):
    if value.ndim:
        fail(f"{name} must be scalar: {debug(value.shape)}")


def _contrast(images, factor):
    if images.ndim < 3:
        fail(f"input must be at least 3-D, got shape{debug(images.shape)}")
    _check_scalar("contrast_factor", factor)
    wide = images.astype(np.float32)
    means = wide.mean((-3, -2), keepdims=True, dtype=np.float64).astype(np.float32)
    return ((wide - means) * factor + means).astype(images.dtype)


def _hue(images, delta):
    _check_rgb(images)
    _check_scalar("delta", delta)
    hsv = _to_hsv(images)
    hsv[..., 0] = (hsv[..., 0] + float(delta)) % 1.0
    return _to_rgb(hsv).astype(images.dtype)


def _saturation(images, scale):
    _check_rgb(images)
    _check_scalar("scale", scale)
    hsv = _to_hsv(images)
    hsv[..., 1] = np.clip(hsv[..., 1] * float(scale), 0, 1)
    return _to_rgb(hsv).astype(images.dtype)


reference.function("AdjustContrastv2", _contrast)
reference.function("AdjustHue", _hue)
reference.function("AdjustSaturation", _saturation)
