"""Patches of images."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, normal, sample_tests


def patches(x):
    return tf.extract_image_patches(x, [1, 2, 3, 1], [1, 2, 1, 1], [1, 1, 2, 1], "SAME")


def _patches(x):
    padded = np.pad(x, [(0, 0), (0, 1), (2, 2), (0, 0)])
    return np.concatenate([padded[:, r:r + 3:2, c:c + 4] for r in (0, 1) for c in (0, 2, 4)], -1)


SAMPLES = [
    Sample(patches, [normal(2, 3, 4, 2)], _patches, dtypes="float32 float64 int32", grad=(0,), second=True),
]
test_samples = sample_tests(SAMPLES)


def test_shapes_and_arguments():
    x = tf.placeholder(tf.float32, [None, 9, 9, 2])
    valid = tf.image.extract_patches(x, [1, 3, 3, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")
    assert valid.shape.as_list() == [None, 4, 4, 18]
    with pytest.raises(ValueError, match="that are 1 for batch and depth"):
        tf.extract_image_patches(x, [2, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "SAME")
