"""Differences within and between images: total variation, gradients, PSNR, SSIM. Holds no state."""

import numpy as np

from graphflow.framework import dtypes
from graphflow.framework import public as tf
from graphflow.framework.api import lookup, tf_export
from graphflow.framework.convert import convert_to_tensor
from graphflow.framework.graph_scopes import name_scope
from graphflow.ops.image_color import convert_image_dtype
from graphflow.ops.image_geometry import with_checks

_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@tf_export("image.total_variation")
def total_variation(images, name=None):
    """The sum of the differences of neighbours: a number for one image, [batch] for several."""
    with name_scope(name, "total_variation"):
        images = convert_to_tensor(images)
        rank = images.get_shape().ndims
        if rank not in (3, 4):
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        if rank == 3:
            rows, columns, axes = images[1:] - images[:-1], images[:, 1:] - images[:, :-1], None
        else:
            rows, columns = images[:, 1:] - images[:, :-1], images[:, :, 1:] - images[:, :, :-1]
            axes = [1, 2, 3]
        return tf.reduce_sum(tf.abs(rows), axis=axes) + tf.reduce_sum(tf.abs(columns), axis=axes)


@tf_export("image.image_gradients")
def image_gradients(image):
    """(dy, dx): differences to the next row and column of [batch, height, width, channels], 0 at the end."""
    if image.get_shape().ndims != 4:
        raise ValueError(f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.get_shape()}.")
    shape = tf.shape(image)
    batch, height, width, depth = tf.unstack(shape, 4)
    dy, dx = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
    dy = tf.concat([dy, tf.zeros(tf.stack([batch, 1, width, depth]), image.dtype)], 1)
    dx = tf.concat([dx, tf.zeros(tf.stack([batch, height, 1, depth]), image.dtype)], 2)
    return tf.reshape(dy, shape), tf.reshape(dx, shape)


@tf_export("image.sobel_edges")
def sobel_edges(image):
    """Sobel's slopes [batch, height, width, channels, 2] along y and x, with reflected borders."""
    shape = tf.shape(image)
    slopes = np.array([[[-1, -2, -1], [0, 0, 0], [1, 2, 1]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]])
    kernel = tf.constant(np.transpose(slopes, (1, 2, 0))[:, :, None], dtype=image.dtype)
    kernel = tf.tile(kernel, [1, 1, shape[-1], 1], name="sobel_filters")
    padded = tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    edges = lookup("nn.depthwise_conv2d")(padded, kernel, [1, 1, 1, 1], "VALID")
    edges = tf.reshape(edges, tf.concat([shape, [2]], 0))
    edges.set_shape(image.get_shape().concatenate([2]))
    return edges


def _shape_checks(a, b):
    """Assertions that two images can be compared; ValueError if known otherwise."""
    first, second = a.get_shape().with_rank_at_least(3), b.get_shape().with_rank_at_least(3)
    first[-3:].assert_is_compatible_with(second[-3:])
    if first.ndims is not None and second.ndims is not None:
        for x, y in zip(reversed(first.as_list()[:-3]), reversed(second.as_list()[:-3])):
            if None not in (x, y) and x != y and 1 not in (x, y):
                raise ValueError(f"Two images are not compatible: {first} and {second}")
    if first.is_fully_defined() and second.is_fully_defined():
        return []
    first, second = tf.shape(a), tf.shape(b)
    return [lookup("Assert")(tf.reduce_all(tf.equal(first[-3:], second[-3:])), [first, second], summarize=10)]


@tf_export("image.psnr")
def psnr(a, b, max_val, name=None):
    """The peak signal-to-noise ratio of images in decibels, [batch].

    Args: a, b: [..., height, width, channels]. max_val: the largest possible value less the smallest.
    """
    with name_scope(name, "PSNR", [a, b]):
        a, b = convert_to_tensor(a), convert_to_tensor(b)
        checks = _shape_checks(a, b)
        largest = convert_image_dtype(tf.cast(max_val, a.dtype), dtypes.float32)
        a, b = convert_image_dtype(a, dtypes.float32), convert_image_dtype(b, dtypes.float32)
        error = tf.reduce_mean(tf.squared_difference(a, b), [-3, -2, -1])
        ratio = tf.subtract(20 * tf.log(largest) / tf.log(10.0), np.float32(10 / np.log(10)) * tf.log(error),
                            name="psnr")
        return with_checks(checks, ratio)


def _gaussian(size, sigma, depth):
    """The filter [size, size, depth, 1] of a normal distribution."""
    offsets = np.arange(size) - (size - 1) / 2
    exponents = -0.5 * (offsets / sigma) ** 2
    weights = np.exp(exponents[None, :] + exponents[:, None])
    kernel = tf.constant((weights / weights.sum())[:, :, None, None], dtypes.float32)
    return tf.tile(kernel, [1, 1, depth, 1])


def _similarity(a, b, max_val, size, sigma, k1, k2):
    """(SSIM, contrast and structure), both [..., channels]."""
    shape = tf.shape(a)
    enough = tf.reduce_all(tf.greater_equal(shape[-3:-1], size))
    a = with_checks([lookup("Assert")(enough, [shape, size], summarize=8)], a)
    kernel = _gaussian(size, sigma, shape[-1])

    def mean(x):
        whole = tf.shape(x)
        flat = tf.reshape(x, tf.concat([[-1], whole[-3:]], 0))
        y = lookup("nn.depthwise_conv2d")(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        return tf.reshape(y, tf.concat([whole[:-3], tf.shape(y)[1:]], 0))

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_a, mean_b = mean(a), mean(b)
    product, squares = mean_a * mean_b * 2.0, tf.square(mean_a) + tf.square(mean_b)
    luminance = (product + c1) / (squares + c1)
    both = mean(a * b) * 2.0
    own = mean(tf.square(a) + tf.square(b))
    structure = (both - product + c2) / (own - squares + c2)
    return tf.reduce_mean(luminance * structure, [-3, -2]), tf.reduce_mean(structure, [-3, -2])


def _comparable(a, b, max_val):
    """Both images and the largest value as float32."""
    a = with_checks(_shape_checks(a, b), a)
    largest = convert_image_dtype(tf.cast(max_val, a.dtype), dtypes.float32)
    return convert_image_dtype(a, dtypes.float32), convert_image_dtype(b, dtypes.float32), largest


@tf_export("image.ssim")
def ssim(img1, img2, max_val, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03):
    """The structural similarity of images (Wang et al. 2004) in (-1, 1], [batch].

    Args:
      img1, img2: [..., height, width, channels], not smaller than the filter. max_val: their largest value.
      filter_size, filter_sigma: of the Gaussian window. k1, k2: stabilise small values.
    """
    a, b, largest = _comparable(convert_to_tensor(img1), convert_to_tensor(img2), max_val)
    return tf.reduce_mean(_similarity(a, b, largest, filter_size, filter_sigma, k1, k2)[0], [-1])


@tf_export("image.ssim_multiscale")
def ssim_multiscale(img1, img2, max_val, power_factors=_SCALE_WEIGHTS, filter_size=11, filter_sigma=1.5, k1=0.01,
                    k2=0.03):
    """SSIM over images and their halves, quarters..., one per power factor. Arguments: see `tf.image.ssim`."""
    with name_scope(None, "MS-SSIM", [img1, img2]):
        a, b, largest = _comparable(convert_to_tensor(img1, name="img1"), convert_to_tensor(img2, name="img2"),
                                    max_val)
        scores = []
        for scale in range(len(power_factors)):
            if scale:
                a, b = _halved(a), _halved(b)
            similarity, structure = _similarity(a, b, largest, filter_size, filter_sigma, k1, k2)
            scores.append(lookup("nn.relu")(structure))
        scores[-1] = lookup("nn.relu")(similarity)
        product = tf.reduce_prod(tf.pow(tf.stack(scores, axis=-1), list(power_factors)), [-1])
        return tf.reduce_mean(product, [-1])


def _halved(images):
    """Means of two by two pixels; odd images repeat their last row and column."""
    shape = tf.shape(images)
    flat = tf.reshape(images, tf.concat([[-1], shape[-3:]], 0))
    odd = tf.reshape(shape[-3:-1] % 2, [2, 1])
    padding = tf.pad(odd, [[1, 1], [1, 0]])
    flat = tf.pad(flat, padding, mode="SYMMETRIC")
    small = lookup("nn.avg_pool")(flat, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
    return tf.reshape(small, tf.concat([shape[:-3], tf.shape(small)[1:]], 0))
