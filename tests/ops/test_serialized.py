"""Serialised tensors and JSON examples, as TensorFlow has them."""

import pytest

import graphflow as tf
from tests.ops.test_sequence_parsing import differing_results


def test_results_are_tensorflows():
    assert differing_results("tensors", "json") == {}


def test_errors_say_what_is_wrong():
    with tf.Session() as session:
        for op, message in (
                (tf.io.parse_tensor(tf.io.serialize_tensor([1.0]), tf.int32), r"parsed tensor \(float32\) and dtype"),
                (tf.io.parse_tensor(tf.constant("bogus"), tf.int32), "as TensorProto: 'bogus'"),
                (tf.io.parse_tensor(tf.placeholder_with_default(["a"], None), tf.int32), "a scalar, got shape: "),
                (tf.io.decode_json_example("{]"), "Error while parsing JSON")):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                session.run(op)
