"""Random parts of images: TensorFlow 2.21 drew the same ones, from the same seeds."""

import numpy as np
import pytest

import graphflow as tf

# Per case three draws: y, x, rows, columns.
RECORDED = [
    [[0, 2, 37, 44], [8, 2, 31, 26], [4, 7, 11, 12]],
    [[12, 65, 392, 444], [8, 24, 440, 584], [16, 176, 214, 272]],
    [[58, 0, 32, 29], [24, 0, 45, 30], [15, 0, 31, 30]],
    [[3, 0, 41, 40], [3, 12, 47, 38], [1, 3, 61, 59]],
]


def _draws(session, size, boxes, seed2, **kwargs):
    drawn = tf.image.sample_distorted_bounding_box(size, boxes, seed=7, seed2=seed2, **kwargs)
    return [session.run(drawn) for _ in range(3)]


CASES = [
    ([40, 50, 3], [[[0.1, 0.2, 0.6, 0.7]]], {}),
    ([480, 640, 3], [[[0.1, 0.2, 0.6, 0.7], [0, 0, 0.1, 0.1]]], {"min_object_covered": 0.5}),
    ([100, 30, 3], [[[0, 0, 1, 1]]], {"area_range": (0.3, 0.9), "aspect_ratio_range": (0.5, 2.0)}),
    ([64, 64, 3], np.zeros((1, 0, 4), np.float32), {"use_image_if_no_bounding_boxes": True}),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_parts_are_tensorflows(case):
    size, boxes, kwargs = CASES[case]
    with tf.Session() as session:
        draws = _draws(session, size, boxes, case, **kwargs)
    for (begin, extent, box), (y, x, rows, columns) in zip(draws, RECORDED[case]):
        assert begin.tolist() == [y, x, 0] and extent.tolist() == [rows, columns, -1]
        wanted = [y / size[0], x / size[1], (y + rows) / size[0], (x + columns) / size[1]]
        np.testing.assert_allclose(box, [[wanted]], rtol=1e-6)


def test_the_whole_image_if_nothing_fits():
    with tf.Session() as session:
        begin, size, _ = _draws(session, [10, 20, 1], [[[0, 0, 1, 1]]], 0, min_object_covered=1.0)[0]
    assert begin.tolist() == [0, 0, 0] and size.tolist() == [10, 20, -1]


def test_shapes_and_errors():
    begin, size, box = tf.image.sample_distorted_bounding_box([4, 4, 3], tf.zeros([1, 0, 4]))
    assert [t.shape.as_list() for t in (begin, size, box)] == [[3], [3], [1, 1, 4]]
    sample = tf.image.sample_distorted_bounding_box
    with tf.Session() as session:
        for boxes, kwargs, message in (
                (np.zeros((1, 0, 4)), {}, "use_image_if_no_bounding_boxes"), ([[[0, 0, 1.5, 1]]], {}, "must be in"),
                ([[[0, 0, 1, 1]]], {"area_range": [0.5, 0.1]}, "area_range"),
                ([[[0, 0, 1, 1]]], {"max_attempts": 0}, "attempts must be positive")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(sample([4, 4, 3], np.float32(boxes), **kwargs))
    with pytest.raises(ValueError, match="rank 3"):
        sample([4, 4, 3], [[0.0, 0.0, 1.0, 1.0]])
