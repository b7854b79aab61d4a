"""Switches of TensorFlow 2's behaviour."""

import pytest

import graphflow as tf


def test_there_is_only_the_first_version():
    tf.disable_v2_behavior()
    tf.disable_eager_execution()
    tf.compat.v1.disable_v2_behavior()
    assert not tf.executing_eagerly()
    assert not tf.control_flow_v2_enabled()


@pytest.mark.parametrize("name", ["enable_eager_execution", "enable_v2_behavior", "enable_tensor_equality"])
def test_the_second_is_refused_by_name(name):
    with pytest.raises(tf.errors.UnimplementedError, match=name):
        getattr(tf, name)()
