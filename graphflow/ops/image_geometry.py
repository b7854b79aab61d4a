"""Images turned, mirrored, cropped and padded.

All take [height, width, channels] or a batch [batch, height, width, channels]. Holds no state.
"""

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import control_dependencies, name_scope
from graphflow.framework.static_value import constant_value
from graphflow.framework.tensor import Tensor


def is_tensor(value):
    """Whether `value` is known only when the graph runs."""
    return isinstance(value, Tensor) or hasattr(value, "_as_graph_element")


def dimensions(image, rank):
    """Sizes of an image of `rank` dimensions: ints where known, else scalar tensors."""
    static = image.get_shape().with_rank(rank).as_list()
    if None not in static:
        return static
    dynamic = tf.unstack(tf.shape(image), rank)
    return [d if s is None else s for s, d in zip(static, dynamic)]


def image_checks(image):
    """Assertions that an image has at least three dimensions, none empty; ValueError if known otherwise."""
    shape = image.get_shape()
    if shape.ndims is not None and shape.ndims < 3:
        raise ValueError("'image' must be at least three-dimensional.")
    if shape.ndims is not None and 0 in shape.as_list():
        raise ValueError(f"all dims of 'image.shape' must be > 0: {shape}")
    if shape.is_fully_defined():
        return []
    return [lookup("assert_positive")(tf.shape(image), ["all dims of 'image.shape' must be > 0."]),
            lookup("assert_greater_equal")(tf.rank(image), 3, message="'image' must be at least three-dimensional.")]


def with_checks(checks, value):
    """`value` after `checks` have passed."""
    if not checks:
        return value
    with control_dependencies(checks):
        return tf.identity(value)


def checked_image(image):
    """`image` as a tensor that is checked to be one or more images."""
    image = convert_to_tensor(image, name="image")
    return with_checks(image_checks(image), image)


def require(condition, message):
    """A list of assertions; ValueError if the condition is known to fail."""
    if is_tensor(condition):
        return [lookup("Assert")(condition, [message])]
    if not condition:
        raise ValueError(message)
    return []


def as_batch(image):
    """(`image` with 4 dimensions, whether it had 3)."""
    rank = image.get_shape().ndims
    if rank == 4:
        return image, False
    if rank not in (3, None):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    batch = tf.expand_dims(image, 0)
    if rank is None:
        batch.set_shape([None] * 4)
    return batch, True


def _rank(image):
    """3 or 4; images of unknown rank count as one image."""
    rank = image.get_shape().ndims
    if rank not in (3, 4, None):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    return rank or 3


# ---------------------------------------------------------------- mirrored and turned

def _reversed(image, axis):
    """`image` mirrored along height (0) or width (1)."""
    result = tf.reverse(image, [axis + _rank(image) - 3])
    if image.get_shape().ndims is None:
        result.set_shape([None, None, None])
    return result


def _flip(image, axis, name):
    with name_scope(None, name, [image]):
        return _reversed(checked_image(image), axis)


@tf_export("image.flip_left_right")
def flip_left_right(image):
    """Images with their columns in reverse order."""
    return _flip(image, 1, "flip_left_right")


@tf_export("image.flip_up_down")
def flip_up_down(image):
    """Images with their rows in reverse order."""
    return _flip(image, 0, "flip_up_down")


def _random_flip(image, axis, seed, name):
    with name_scope(None, name, [image]):
        image = checked_image(image)
        if _rank(image) == 3:
            drawn = tf.random_uniform([], 0, 1.0, seed=seed)
            # A choice, where TensorFlow 1.15 has a branch: both pictures cost less than a branch does.
            return tf.where(tf.less(drawn, 0.5), _reversed(image, axis), image)
        count = tf.shape(image)[0]
        drawn = tf.random_uniform([count], 0, 1.0, seed=seed)
        flips = tf.cast(tf.round(tf.reshape(drawn, [count, 1, 1, 1])), image.dtype)
        return flips * _reversed(image, axis) + (1 - flips) * image


@tf_export("image.random_flip_left_right")
def random_flip_left_right(image, seed=None):
    """Mirrors each image left to right with probability 1/2."""
    return _random_flip(image, 1, seed, "random_flip_left_right")


@tf_export("image.random_flip_up_down")
def random_flip_up_down(image, seed=None):
    """Mirrors each image top to bottom with probability 1/2."""
    return _random_flip(image, 0, seed, "random_flip_up_down")


def _transposed(image):
    return tf.transpose(image, [1, 0, 2] if _rank(image) == 3 else [0, 2, 1, 3])


@tf_export("image.transpose", "image.transpose_image")
def transpose(image, name=None):
    """Images with rows as columns."""
    with name_scope(name, "transpose", [image]):
        return _transposed(checked_image(image))


@tf_export("image.rot90")
def rot90(image, k=1, name=None):
    """Images turned counter-clockwise by `k` quarters; `k` may be a tensor."""
    with name_scope(name, "rot90", [image, k]):
        image = checked_image(image)
        k = convert_to_tensor(k, dtype=dtypes.int32, name="k")
        k.get_shape().assert_has_rank(0)
        turns = [lambda: image, lambda: _transposed(_reversed(image, 1)),
                 lambda: _reversed(_reversed(image, 0), 1), lambda: _reversed(_transposed(image), 1)]
        known = constant_value(k)
        if known is not None:
            return turns[int(known) % 4]()
        k = tf.mod(k, 4)
        result = lookup("case")([(tf.equal(k, i), turns[i]) for i in (1, 2, 3)], default=turns[0], exclusive=True)
        if _rank(image) == 3:
            result.set_shape([None, None, image.get_shape()[2]])
        return result


# ---------------------------------------------------------------- cropped and padded

@tf_export("image.central_crop")
def central_crop(image, central_fraction):
    """The middle of images, of `central_fraction` of their height and width.

    Raises ValueError unless the fraction is in (0, 1].
    """
    with name_scope(None, "central_crop", [image]):
        image = convert_to_tensor(image, name="image")
        if not 0.0 < central_fraction <= 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image
        image_checks(image)
        rank = image.get_shape().ndims
        if rank not in (3, 4):
            raise ValueError(f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {rank}.")
        lead = rank - 3
        begin, size, static = [0] * rank, [-1] * rank, image.get_shape().as_list()
        for axis in (lead, lead + 1):
            begin[axis], size[axis] = _central(image, axis, central_fraction)
            static[axis] = None if is_tensor(size[axis]) else size[axis]
        result = tf.slice(image, tf.stack(begin), tf.stack(size))
        result.set_shape(static)
        return result


def _central(image, axis, fraction):
    """(start, size) of the middle of one dimension."""
    size = image.get_shape().as_list()[axis]
    if size is not None:
        start = int((size - float(size) * fraction) / 2)
    else:
        size = tf.shape(image)[axis]
        wide = tf.cast(size, dtypes.float64)
        start = tf.cast((wide - wide * fraction) / 2, dtypes.int32)
    return start, size - start * 2


def _static(sizes):
    return [None if is_tensor(s) else s for s in sizes]


@tf_export("image.pad_to_bounding_box")
def pad_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """Images on zeros of the target size, with so many rows above and columns to the left.

    Raises ValueError for negative offsets, and for images that do not fit.
    """
    with name_scope(None, "pad_to_bounding_box", [image]):
        image, single = as_batch(convert_to_tensor(image, name="image"))
        checks = image_checks(image)
        batch, height, width, depth = dimensions(image, 4)
        below, right = target_height - offset_height - height, target_width - offset_width - width
        checks += require(offset_height >= 0, "offset_height must be >= 0")
        checks += require(offset_width >= 0, "offset_width must be >= 0")
        checks += require(right >= 0, "width must be <= target - offset")
        checks += require(below >= 0, "height must be <= target - offset")
        image = with_checks(checks, image)
        margins = tf.reshape(tf.stack([0, 0, offset_height, below, offset_width, right, 0, 0]), [4, 2])
        padded = tf.pad(image, margins)
        padded.set_shape(_static([batch, target_height, target_width, depth]))
        return tf.squeeze(padded, axis=[0]) if single else padded


@tf_export("image.crop_to_bounding_box")
def crop_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """A window of images; ValueError unless it lies inside."""
    with name_scope(None, "crop_to_bounding_box", [image]):
        image, single = as_batch(convert_to_tensor(image, name="image"))
        checks = image_checks(image)
        batch, height, width, depth = dimensions(image, 4)
        checks += require(offset_width >= 0, "offset_width must be >= 0.")
        checks += require(offset_height >= 0, "offset_height must be >= 0.")
        checks += require(target_width > 0, "target_width must be > 0.")
        checks += require(target_height > 0, "target_height must be > 0.")
        checks += require(width >= target_width + offset_width, "width must be >= target + offset.")
        checks += require(height >= target_height + offset_height, "height must be >= target + offset.")
        image = with_checks(checks, image)
        cropped = tf.slice(image, tf.stack([0, offset_height, offset_width, 0]),
                           tf.stack([-1, target_height, target_width, -1]))
        cropped.set_shape(_static([batch, target_height, target_width, depth]))
        return tf.squeeze(cropped, axis=[0]) if single else cropped


def _either(python, graph, x, y):
    """`python(x, y)`, or `graph(x, y)` if one is a tensor."""
    return graph(x, y) if is_tensor(x) or is_tensor(y) else python(x, y)


@tf_export("image.resize_with_crop_or_pad", "image.resize_image_with_crop_or_pad")
def resize_image_with_crop_or_pad(image, target_height, target_width):
    """Images cropped or padded with zeros, evenly on both sides, to the target size."""
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, single = as_batch(convert_to_tensor(image, name="image"))
        checks = image_checks(image)
        checks += require(target_width > 0, "target_width must be > 0.")
        checks += require(target_height > 0, "target_height must be > 0.")
        image = with_checks(checks, image)
        _, height, width, _ = dimensions(image, 4)
        crops, pads, sizes = [], [], []
        for current, target in ((height, target_height), (width, target_width)):
            difference = target - current
            crops.append(_either(max, tf.maximum, -difference // 2, 0))
            pads.append(_either(max, tf.maximum, difference // 2, 0))
            sizes.append(_either(min, tf.minimum, target, current))
        cropped = crop_to_bounding_box(image, *crops, *sizes)
        resized = pad_to_bounding_box(cropped, *pads, target_height, target_width)
        return tf.squeeze(resized, axis=[0]) if single else resized
