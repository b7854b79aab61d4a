"""Colours of images: conversions, brightness, contrast, hue, saturation, standardisation.

Integer images are taken as fractions of their type's largest value, and come back as integers. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.undefined_gradient import undefined_gradient
from graphflow.ops.image_geometry import checked_image, require, with_checks


def _image_shape(c):
    return [shapes.with_rank_at_least(c.shape(0), 3)]


def _rgb_shape(c):
    shape = shapes.with_rank_at_least(c.shape(0), 1)
    if shape is None:
        return [None]
    return [(*shape[:-1], shapes.merge_dim(shape[-1], 3))]


for _name in ("RGBToHSV", "HSVToRGB"):
    register_op(_name, inputs="images: T", outputs="output: T",
                attrs="T: {half, bfloat16, float, double} = DT_FLOAT", shape=_rgb_shape)
for _name, _amount in (("AdjustContrastv2", "contrast_factor"), ("AdjustHue", "delta"), ("AdjustSaturation", "scale")):
    register_op(_name, inputs=f"images: T, {_amount}: float", outputs="output: T",
                attrs="T: {half, float} = DT_FLOAT", shape=_image_shape)
undefined_gradient("HSVToRGB", "AdjustContrastv2", "AdjustHue", "AdjustSaturation")

# How the hue moves along each colour, by the largest of them: (green - blue) where that is red, ...
_HUE_STEPS = [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]


@RegisterGradient("RGBToHSV")
def _rgb_to_hsv_grad(op, grad):
    """Of equal colours, the first counts as the largest, and the last as the smallest."""
    colors, dtype = op.inputs[0], op.inputs[0].dtype
    largest = tf.reduce_max(colors, -1, keepdims=True)
    smallest = tf.reduce_min(colors, -1, keepdims=True)
    is_largest = tf.one_hot(tf.argmax(colors, -1), 3, dtype=dtype)
    is_smallest = tf.one_hot(2 - tf.argmin(tf.reverse(colors, [-1]), -1), 3, dtype=dtype)
    span = largest - smallest
    saturation = tf.div_no_nan(is_largest * smallest, tf.square(largest)) - tf.div_no_nan(is_smallest, largest)
    saturation *= tf.cast(colors > 0, dtype)
    steps = tf.tensordot(is_largest, tf.constant(_HUE_STEPS, dtype), 1)
    turned = tf.reduce_sum(steps * colors, -1, keepdims=True)
    hue = tf.div_no_nan(steps, span) - tf.div_no_nan(turned * (is_largest - is_smallest), tf.square(span))
    return grad[..., :1] * hue / 6 + grad[..., 1:2] * saturation + grad[..., 2:] * is_largest


@tf_export("image.convert_image_dtype")
def convert_image_dtype(image, dtype, saturate=False, name=None):
    """Images in another type, scaled so that largest values correspond: 255 of uint8 to 1.0.

    Args: saturate: whether values too large for `dtype` become its largest, rather than wrap.
    Raises AttributeError if `dtype` is neither integer nor float.
    """
    image = convert_to_tensor(image, name="image")
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating and not dtype.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    if dtype == image.dtype:
        return tf.identity(image, name=name)
    convert = tf.saturate_cast if saturate else tf.cast
    with name_scope(name, "convert_image", [image]) as name:
        if image.dtype.is_integer and dtype.is_integer:
            return _between_integers(image, dtype, convert, name)
        if image.dtype.is_floating and dtype.is_floating:
            return tf.cast(image, dtype, name=name)
        if image.dtype.is_integer:
            return tf.multiply(tf.cast(image, dtype), 1.0 / image.dtype.max, name=name)
        # Half more, so that values are not rounded down.
        return convert(tf.multiply(image, dtype.max + 0.5), dtype, name=name)


def _between_integers(image, dtype, convert, name):
    if image.dtype.max > dtype.max:
        scale = (image.dtype.max + 1) // (dtype.max + 1)
        return convert(tf.div(image, scale), dtype, name=name)
    scale = (dtype.max + 1) // (image.dtype.max + 1)
    return tf.multiply(convert(image, dtype), scale, name=name)


def _as_float(image, *more):
    """`image`, or a float32 one if it is neither float16 nor float32 (nor of the types `more`)."""
    if image.dtype in (dtypes.float16, dtypes.float32, *more):
        return image
    return convert_image_dtype(image, dtypes.float32)


@tf_export("image.adjust_brightness")
def adjust_brightness(image, delta):
    """Adds `delta` (as a fraction of full brightness) to all values."""
    with name_scope(None, "adjust_brightness", [image, delta]) as name:
        image = convert_to_tensor(image, name="image")
        floats = _as_float(image)
        return convert_image_dtype(tf.add(floats, tf.cast(delta, floats.dtype), name=name), image.dtype, saturate=True)


@tf_export("image.adjust_contrast")
def adjust_contrast(images, contrast_factor):
    """Scales the distance of each value from its channel's mean by `contrast_factor`."""
    with name_scope(None, "adjust_contrast", [images, contrast_factor]) as name:
        images = convert_to_tensor(images, name="images")
        adjusted = raw_ops.AdjustContrastv2(_as_float(images), contrast_factor, name=name)
        return convert_image_dtype(adjusted, images.dtype, saturate=True)


@tf_export("image.adjust_gamma")
def adjust_gamma(image, gamma=1, gain=1):
    """`gain * image ** gamma`; ValueError for a negative gamma."""
    with name_scope(None, "adjust_gamma", [image, gamma, gain]):
        image = convert_to_tensor(image, name="image")
        gamma = with_checks(require(gamma >= 0, "Gamma should be a non-negative real number."), gamma)
        return convert_image_dtype(gain * _as_float(image) ** gamma, image.dtype, saturate=True)


@tf_export("image.adjust_hue")
def adjust_hue(image, delta, name=None):
    """Turns the hue of RGB images by `delta`, a fraction of the colour wheel in [-1, 1]."""
    with name_scope(name, "adjust_hue", [image]):
        image = convert_to_tensor(image, name="image")
        return convert_image_dtype(raw_ops.AdjustHue(_as_float(image), delta), image.dtype)


@tf_export("image.adjust_saturation")
def adjust_saturation(image, saturation_factor, name=None):
    """Multiplies the saturation of RGB images."""
    with name_scope(name, "adjust_saturation", [image]):
        image = convert_to_tensor(image, name="image")
        return convert_image_dtype(raw_ops.AdjustSaturation(_as_float(image), saturation_factor), image.dtype)


def _drawn(lower, upper, seed):
    return lookup("random_uniform")([], lower, upper, seed=seed)


def _check_span(max_delta, limit=None):
    if limit is not None and max_delta > limit:
        raise ValueError(f"max_delta must be <= {limit}.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")


def _check_range(lower, upper):
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


@tf_export("image.random_brightness")
def random_brightness(image, max_delta, seed=None):
    """`adjust_brightness` by a random amount in [-max_delta, max_delta)."""
    _check_span(max_delta)
    return adjust_brightness(image, _drawn(-max_delta, max_delta, seed))


@tf_export("image.random_contrast")
def random_contrast(image, lower, upper, seed=None):
    """`adjust_contrast` by a random factor in [lower, upper)."""
    _check_range(lower, upper)
    return adjust_contrast(image, _drawn(lower, upper, seed))


@tf_export("image.random_hue")
def random_hue(image, max_delta, seed=None):
    """`adjust_hue` by a random amount in [-max_delta, max_delta), at most 0.5."""
    _check_span(max_delta, 0.5)
    return adjust_hue(image, _drawn(-max_delta, max_delta, seed))


@tf_export("image.random_saturation")
def random_saturation(image, lower, upper, seed=None):
    """`adjust_saturation` by a random factor in [lower, upper)."""
    _check_range(lower, upper)
    return adjust_saturation(image, _drawn(lower, upper, seed))


@tf_export("image.per_image_standardization", legacy=("image.per_image_whitening",))
def per_image_standardization(image):
    """Each image less its mean, over its standard deviation (at least 1 / sqrt(number of values))."""
    with name_scope(None, "per_image_standardization", [image]) as scope:
        image = checked_image(image)
        original = image.dtype
        image = _as_float(image)
        count = tf.reduce_prod(tf.shape(image)[-3:])
        mean = tf.reduce_mean(image, axis=[-1, -2, -3], keepdims=True)
        deviation = lookup("math.reduce_std")(image, axis=[-1, -2, -3], keepdims=True)
        least = tf.rsqrt(tf.cast(count, image.dtype))
        image = tf.div(image - mean, tf.maximum(deviation, least), name=scope)
        return convert_image_dtype(image, original, saturate=True)


@tf_export("image.rgb_to_grayscale")
def rgb_to_grayscale(images, name=None):
    """The brightness of RGB images, with one channel."""
    with name_scope(name, "rgb_to_grayscale", [images]) as name:
        images = convert_to_tensor(images, name="images")
        floats = convert_image_dtype(images, dtypes.float32)
        gray = tf.expand_dims(tf.tensordot(floats, [0.2989, 0.5870, 0.1140], [-1, -1]), -1)
        return convert_image_dtype(gray, images.dtype, name=name)


@tf_export("image.grayscale_to_rgb")
def grayscale_to_rgb(images, name=None):
    """Images of one channel with that channel three times."""
    with name_scope(name, "grayscale_to_rgb", [images]) as name:
        images = convert_to_tensor(images, name="images")
        shape = images.get_shape()
        if shape.ndims is not None and shape.ndims < 2:
            raise ValueError("A grayscale image must be at least two-dimensional.")
        message = "Last dimension of a grayscale image should be size 1."
        depth = shape[-1].value if shape.ndims else None
        if depth not in (None, 1):
            raise ValueError(message)
        if depth is None:
            images = with_checks([lookup("assert_equal")(tf.shape(images)[-1], 1, message=message)], images)
        rank = tf.expand_dims(tf.rank(images) - 1, 0)
        multiples = tf.concat([tf.ones(rank, dtype=dtypes.int32), tf.expand_dims(3, 0)], 0)
        rgb = tf.tile(images, multiples, name=name)
        rgb.set_shape(images.get_shape()[:-1].concatenate([3]))
        return rgb


@tf_export("image.rgb_to_hsv")
def rgb_to_hsv(images, name=None):
    """Hue, saturation and value, all in [0, 1], of RGB images of floats in [0, 1]."""
    return raw_ops.RGBToHSV(images, name=name)


@tf_export("image.hsv_to_rgb")
def hsv_to_rgb(images, name=None):
    """The inverse of `rgb_to_hsv`."""
    return raw_ops.HSVToRGB(images, name=name)


_TO_YIQ = [[0.299, 0.59590059, 0.2115], [0.587, -0.27455667, -0.52273617], [0.114, -0.32134392, 0.31119955]]
_FROM_YIQ = [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021], [0.6208248, -0.64720424, 1.70423049]]
_TO_YUV = [[0.299, -0.14714119, 0.61497538], [0.587, -0.28886916, -0.51496512], [0.114, 0.43601035, -0.10001026]]
_FROM_YUV = [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]]


def _mixed(images, matrix):
    images = convert_to_tensor(images, name="images")
    return tf.tensordot(images, convert_to_tensor(matrix, dtype=images.dtype, name="kernel"),
                        axes=[[images.get_shape().ndims - 1], [0]])


@tf_export("image.rgb_to_yiq")
def rgb_to_yiq(images):
    """RGB images as YIQ."""
    return _mixed(images, _TO_YIQ)


@tf_export("image.yiq_to_rgb")
def yiq_to_rgb(images):
    """YIQ images as RGB."""
    return _mixed(images, _FROM_YIQ)


@tf_export("image.rgb_to_yuv")
def rgb_to_yuv(images):
    """RGB images as YUV."""
    return _mixed(images, _TO_YUV)


@tf_export("image.yuv_to_rgb")
def yuv_to_rgb(images):
    """YUV images as RGB."""
    return _mixed(images, _FROM_YUV)
