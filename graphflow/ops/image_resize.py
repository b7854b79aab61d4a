"""Resizing images: nearest, bilinear, bicubic and area, with TensorFlow 1's rules for corners.

Without `align_corners` pixel (0, 0) of the result is that of the image and the scale is in / out; with it
the corner pixels of both coincide. Holds no state.
"""

from graphflow.framework import dtypes, raw_ops, shapes
from graphflow.framework import public as tf
from graphflow.framework.api import tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.framework.op_def import RegisterGradient, register_op
from graphflow.framework.static_value import constant_value_as_shape
from graphflow.framework.undefined_gradient import undefined_gradient
from graphflow.ops.image_geometry import as_batch, dimensions, pad_to_bounding_box

_CORNERS = "align_corners: bool = false; half_pixel_centers: bool = false"
_IMAGES = "T: {int8, uint8, int16, uint16, int32, int64, half, float, double%s}; "


def _resized(c):
    batch, _, _, depth = shapes.with_rank(c.shape(0), 4)
    size = c.shape_value(1)
    height, width = (None, None) if size is None else shapes.with_rank(size, 2)
    return [(batch, height, width, depth)]


def _original(c):
    return [c.shape(1)]


register_op("ResizeBilinear", inputs="images: T, size: int32", outputs="resized_images: float",
            attrs=_IMAGES % ", bfloat16" + _CORNERS, shape=_resized)
register_op("ResizeBilinearGrad", inputs="grads: float, original_image: T", outputs="output: T",
            attrs="T: {float, bfloat16, half, double}; " + _CORNERS, shape=_original)
register_op("ResizeBicubic", inputs="images: T, size: int32", outputs="resized_images: float",
            attrs=_IMAGES % "" + _CORNERS, shape=_resized)
register_op("ResizeBicubicGrad", inputs="grads: float, original_image: T", outputs="output: T",
            attrs="T: {float, double}; " + _CORNERS, shape=_original)
register_op("ResizeNearestNeighbor", inputs="images: T, size: int32", outputs="resized_images: T",
            attrs=_IMAGES % "" + _CORNERS, shape=_resized)
register_op("ResizeNearestNeighborGrad", inputs="grads: T, size: int32", outputs="output: T",
            attrs="T: {uint8, int8, int32, half, float, double}; " + _CORNERS, shape=_resized)
register_op("ResizeArea", inputs="images: T, size: int32", outputs="resized_images: float",
            attrs=_IMAGES % "" + "align_corners: bool = false", shape=_resized)
undefined_gradient("ResizeArea", "ResizeBilinearGrad", "ResizeBicubicGrad", "ResizeNearestNeighborGrad")


def _corners(op):
    return {name: op.get_attr(name) for name in ("align_corners", "half_pixel_centers")}


@RegisterGradient("ResizeBilinear")
def _bilinear_grad(op, grad):
    if not op.inputs[0].dtype.is_floating:
        return None, None
    return raw_ops.ResizeBilinearGrad(grad, op.inputs[0], **_corners(op)), None


@RegisterGradient("ResizeBicubic")
def _bicubic_grad(op, grad):
    if op.inputs[0].dtype not in (dtypes.float32, dtypes.float64):
        return None, None
    return raw_ops.ResizeBicubicGrad(grad, op.inputs[0], **_corners(op)), None


@RegisterGradient("ResizeNearestNeighbor")
def _nearest_grad(op, grad):
    known = op.inputs[0]._shape
    if known is not None and None not in known[1:3]:
        size = list(known[1:3])
    else:
        size = tf.shape(op.inputs[0])[1:3]
    return raw_ops.ResizeNearestNeighborGrad(grad, size, **_corners(op)), None


@tf_export("image.ResizeMethod")
class ResizeMethod:
    """Numbers of the methods of `tf.image.resize_images`."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_METHODS = {0: "ResizeBilinear", 1: "ResizeNearestNeighbor", 2: "ResizeBicubic", 3: "ResizeArea",
            "bilinear": "ResizeBilinear", "nearest": "ResizeNearestNeighbor", "bicubic": "ResizeBicubic",
            "area": "ResizeArea"}


@tf_export("image.resize_images", "image.resize")
def resize_images(images, size, method=ResizeMethod.BILINEAR, align_corners=False, preserve_aspect_ratio=False,
                  name=None):
    """Images in another size.

    Args:
      images: [batch, height, width, channels] or [height, width, channels].
      size: int32 vector: new height and width. method: one of `tf.image.ResizeMethod`.
      align_corners: whether centres of corner pixels stay corners.
      preserve_aspect_ratio: whether the result is only as large as fits `size` without distortion.
    Returns float32 images, unless the method is nearest or the size stays the same: then of the input's type.
    Raises ValueError for other ranks, sizes or methods.

    Example:
      >>> import graphflow as tf
      >>> tf.image.resize_images(tf.zeros([2, 10, 8, 3]), [5, 4]).shape.as_list()
      [2, 5, 4, 3]
    """
    if method not in _METHODS:
        raise ValueError("Resize method is not implemented.")
    with name_scope(name, "resize", [images, size]):
        images = convert_to_tensor(images, name="images")
        if images.get_shape().ndims is None:
            raise ValueError("'images' contains no shape.")
        images, single = as_batch(images)
        size, new = _checked_size(size)
        if preserve_aspect_ratio:
            size, new = _fitting_size(images, new)
        if None not in new and new == images.get_shape().as_list()[1:3]:
            return tf.squeeze(images, axis=[0]) if single else images
        images = getattr(raw_ops, _METHODS[method])(images, size, align_corners=align_corners)
        images.set_shape([None, *new, None])
        return tf.squeeze(images, axis=[0]) if single else images


def _checked_size(size):
    """(int32 tensor, its two values as far as known)."""
    try:
        size = convert_to_tensor(size, dtypes.int32, name="size")
    except (TypeError, ValueError) as error:
        raise ValueError("'size' must be a 1-D int32 Tensor") from error
    if not size.get_shape().is_compatible_with([2]):
        raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
    return size, [d.value for d in constant_value_as_shape(size).dims]


def _fitting_size(images, wanted):
    """The largest size within `wanted` that has the proportions of `images`."""
    if None in wanted:
        raise ValueError("preserve_aspect_ratio needs a size that is known when the graph is built")
    _, *current, _ = dimensions(images, 4)
    factors = [tf.cast(w, dtypes.float32) / tf.cast(c, dtypes.float32) for w, c in zip(wanted, current)]
    factor = tf.minimum(*factors)
    scaled = [tf.cast(tf.round(factor * tf.cast(c, dtypes.float32)), dtypes.int32) for c in current]
    return _checked_size(scaled)


@tf_export("image.resize_bilinear")
def resize_bilinear(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """Bilinear interpolation of [batch, height, width, channels] images, as float32."""
    return raw_ops.ResizeBilinear(images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers,
                                  name=name)


@tf_export("image.resize_nearest_neighbor")
def resize_nearest_neighbor(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """The nearest pixels of [batch, height, width, channels] images."""
    return raw_ops.ResizeNearestNeighbor(images, size, align_corners=align_corners,
                                         half_pixel_centers=half_pixel_centers, name=name)


@tf_export("image.resize_bicubic")
def resize_bicubic(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """Bicubic interpolation of [batch, height, width, channels] images, as float32."""
    return raw_ops.ResizeBicubic(images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers,
                                 name=name)


@tf_export("image.resize_area")
def resize_area(images, size, align_corners=False, name=None):
    """Means over areas of [batch, height, width, channels] images, as float32. Not differentiable."""
    return raw_ops.ResizeArea(images, size, align_corners=align_corners, name=name)


@tf_export("image.resize_image_with_pad")
def resize_image_with_pad(image, target_height, target_width, method=ResizeMethod.BILINEAR, align_corners=False):
    """The image as large as fits, undistorted, centred on zeros."""
    with name_scope(None, "resize_image_with_pad", [image]):
        image, single = as_batch(convert_to_tensor(image, name="image"))
        _, *current, _ = dimensions(image, 4)
        current = [tf.cast(d, dtypes.float64) for d in current]
        target = [tf.cast(d, dtypes.float64) for d in (target_height, target_width)]
        ratio = tf.maximum(current[1] / target[1], current[0] / target[0])
        scaled = [c / ratio for c in current]
        margins = [tf.maximum(0, tf.cast(tf.floor((t - s) / 2), dtypes.int32)) for t, s in zip(target, scaled)]
        size = [tf.cast(tf.floor(s), dtypes.int32) for s in scaled]
        image = resize_images(image, size, method, align_corners=align_corners)
        image = pad_to_bounding_box(image, *margins, target_height, target_width)
        return tf.squeeze(image, axis=[0]) if single else image
