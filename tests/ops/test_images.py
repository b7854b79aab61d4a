"""Images: what TensorFlow made of the programs in `image_programs`, shapes that are not known, errors."""

from pathlib import Path

import numpy as np
import pytest

import graphflow as tf
from tests.ops import image_programs

GOLDEN = Path(__file__).parent.parent / "golden" / "images.npz"


@pytest.fixture(scope="module")
def results():
    return image_programs.results(tf)


def test_images_are_tensorflows(results):
    with np.load(GOLDEN) as recorded:
        assert sorted(results) == sorted(recorded)
        wrong = []
        for name, theirs in recorded.items():
            ours = results[name]
            tolerance = {"rtol": 2e-5, "atol": 2e-5}
            if theirs.dtype.kind in "iu" and theirs.dtype != np.int32:
                tolerance = {"atol": 1, "rtol": 0}      # floats that were rounded down
            if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
                wrong.append(f"{name}: {ours.dtype}{ours.shape}, not {theirs.dtype}{theirs.shape}")
            elif not np.allclose(ours.astype(np.float64), theirs.astype(np.float64), **tolerance):
                wrong.append(f"{name}: differs by {np.abs(ours.astype(float) - theirs.astype(float)).max()}")
        assert not wrong, "\n".join(wrong)


def test_sizes_that_are_not_known():
    x = tf.placeholder(tf.float32, [None, None, 3])
    size = tf.placeholder(tf.int32, [2])
    image = image_programs.FLOATS[0]
    fetches = {
        "resized": tf.image.resize_images(x, size), "flipped": tf.image.flip_left_right(x),
        "turned": tf.image.rot90(x), "middle": tf.image.central_crop(x, 0.5),
        "cropped": tf.image.crop_to_bounding_box(x, 1, 1, size[0], size[1]),
        "padded": tf.image.pad_to_bounding_box(x, 1, 1, size[0] + 8, size[1] + 8),
        "either": tf.image.resize_image_with_crop_or_pad(x, 4, 9),
        "standard": tf.image.per_image_standardization(x), "random": tf.image.random_flip_up_down(x),
        "window": tf.random_crop(x, [2, 2, 3]),
    }
    shapes = {"resized": (3, 4, 3), "flipped": (5, 7, 3), "turned": (7, 5, 3), "middle": (3, 5, 3),
              "cropped": (3, 4, 3), "padded": (11, 12, 3), "either": (4, 9, 3), "standard": (5, 7, 3),
              "random": (5, 7, 3), "window": (2, 2, 3)}
    with tf.Session() as session:
        found = session.run(fetches, {x: image, size: [3, 4]})
    assert {name: value.shape for name, value in found.items()} == shapes
    assert fetches["either"].shape.as_list() == [4, 9, 3] and fetches["turned"].shape.as_list() == [None, None, 3]


def test_equal_pixels_stay_equal():
    white = np.full([1, 7, 9, 3], 255, np.uint8)
    with tf.Session() as session:
        for align in (False, True):
            resized = session.run(tf.image.resize_bilinear(white, [13, 31], align_corners=align))
            assert (resized == 255).all()


def test_same_size_is_the_same_tensor():
    x = tf.zeros([4, 4, 1], tf.uint8)
    assert tf.image.resize_images(x, [4, 4]).dtype == tf.uint8
    assert tf.image.resize_images(x, [4, 5]).dtype == tf.float32


def test_errors():
    x = tf.zeros([4, 4, 3])
    for call, message in (
            (lambda: tf.image.resize_images(tf.zeros([4, 4]), [2, 2]), "either 3 or 4 dimensions"),
            (lambda: tf.image.resize_images(x, [2, 2, 2]), "1-D Tensor of 2 elements"),
            (lambda: tf.image.resize_images(x, [2, 2], method=9), "not implemented"),
            (lambda: tf.image.central_crop(x, 0.0), "within"),
            (lambda: tf.image.crop_to_bounding_box(x, 0, 2, 4, 4), "width must be >= target"),
            (lambda: tf.image.pad_to_bounding_box(x, 0, 0, 3, 4), "height must be <= target"),
            (lambda: tf.image.random_hue(x, 0.7), "max_delta must be <= 0.5"),
            (lambda: tf.image.random_contrast(x, 2, 1), "upper must be > lower"),
            (lambda: tf.image.grayscale_to_rgb(x), "should be size 1"),
            (lambda: tf.image.flip_up_down(tf.zeros([0, 4, 3])), "must be > 0"),
            (lambda: tf.image.rgb_to_hsv(tf.zeros([4, 4, 2])), "Dimensions must be equal")):
        with pytest.raises(ValueError, match=message):
            call()
    size = tf.placeholder(tf.int32, [2])
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError, match="must be positive"):
            session.run(tf.image.resize_bilinear(x[None], size), {size: [0, 2]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="box_index"):
            session.run(tf.image.crop_and_resize(x[None], [[0.0, 0, 1, 1]], [1], [2, 2]))
    with pytest.raises(LookupError, match="ResizeArea"):
        tf.gradients(tf.image.resize_area(x[None], [2, 2]), x)
