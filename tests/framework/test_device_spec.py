"""Device names: written, merged, replaced."""

import pytest

import graphflow as tf


def test_replace_and_make_merged_spec_leave_the_spec_alone():
    spec = tf.DeviceSpec(job="ps", task=1, device_type="cpu")
    assert spec.replace(task=None, device_type="GPU", device_index=2).to_string() == "/job:ps/device:GPU:2"
    merged = spec.make_merged_spec(tf.DeviceSpec.from_string("/task:3/device:GPU:*"))
    assert merged.to_string() == "/job:ps/task:3/device:GPU:*"
    assert spec.to_string() == "/job:ps/task:1/device:CPU:*"


def test_types_that_are_not_everyday_keep_their_case():
    spec = tf.DeviceSpec.from_string("/device:MyDevice:2")
    assert spec.device_type == "MyDevice"
    assert tf.DeviceSpec.from_string("/gpu:1").to_string() == "/device:GPU:1"


def test_one_device_of_a_name():
    with pytest.raises(ValueError, match="Cannot specify multiple device types: '/gpu:0/cpu:0'"):
        tf.DeviceSpec.from_string("/gpu:0/cpu:0")
    with pytest.raises(ValueError, match="Unknown attribute: 'room'"):
        tf.DeviceSpec.from_string("/room:3")
