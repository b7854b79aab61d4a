"""Clipping against TensorFlow's values, names and nodes; the ClipByValue op of old graphs."""

import numpy as np
import pytest

import graphflow as tf
from tests.ops.harness import Sample, fixed, normal, sample_tests
from tests.training import programs
from tests.training.golden import assert_same_ops, recorded

_RANGE = fixed(np.float64(-0.5)), fixed(np.float64(0.7))
SAMPLES = [
    Sample("ClipByValue", [normal(3, 4), *_RANGE], np.clip, dtypes="float32 float64 float16",
           grad=(0,), id="scalars"),
    Sample("ClipByValue", [normal(5), fixed(np.full(5, -0.4)), fixed(np.full(5, 0.3))], np.clip,
           dtypes="float32 float64 int32", grad=(0, 1, 2), id="arrays"),
]
test_samples = sample_tests(SAMPLES)


# Why TensorFlow 1.15 makes other nodes than the recorded 2.x.
OTHER_NODES = {
    "norm": "2.x calls the shape inside ones_like otherwise",
    "global": "1.15 selects NaN where 2.x adds infinity minus infinity",
}


@pytest.mark.parametrize("name", programs.CLIPS)
def test_clip(name):
    got, expected = programs.clip(tf, name), recorded()["clip"][name]
    for mine, theirs in zip(got["values"], expected["values"]):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)
    assert (got["names"], got["kinds"]) == (expected["names"], expected["kinds"])
    if name == "global_norm" or name.split("_")[0] not in OTHER_NODES:
        assert_same_ops(got["ops"], expected["ops"])


def test_errors():
    with tf.Graph().as_default():
        with pytest.raises(ValueError):
            tf.clip_by_value(tf.zeros([2]), tf.zeros([3, 2]), 1.0)
        with pytest.raises(TypeError, match="t_list should be a sequence"):
            tf.global_norm(tf.zeros([2]))
        with pytest.raises(TypeError, match="t_list should be a sequence"):
            tf.clip_by_global_norm(tf.zeros([2]), 1.0)
