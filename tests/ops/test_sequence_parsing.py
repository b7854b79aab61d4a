"""Messages of sequences: what TensorFlow read in `message_programs`, shapes, errors."""

import json
from pathlib import Path

import pytest

import graphflow as tf
from tests.ops import message_programs

GOLDEN = Path(__file__).parent.parent / "golden" / "messages.json"


def differing_results(*programs):
    """What `message_programs` give that TensorFlow did not, by name."""
    results = json.loads(json.dumps(message_programs.results(tf, programs)))
    recorded = {k: v for k, v in json.loads(GOLDEN.read_text()).items() if k.split()[0] in programs}
    assert results and sorted(results) == sorted(recorded)
    return {k: v for k, v in results.items() if v != recorded[k]}


def test_messages_are_tensorflows():
    assert differing_results("raw", "single", "batch") == {}


def test_shapes():
    context = {"c": tf.FixedLenFeature([2], tf.float32), "w": tf.VarLenFeature(tf.string)}
    lists = {"a": tf.FixedLenSequenceFeature([3], tf.int64), "s": tf.VarLenFeature(tf.string)}
    one, items = tf.parse_single_sequence_example(tf.placeholder(tf.string, []), context, lists)
    assert one["c"].shape.as_list() == [2] and one["w"].indices.shape.as_list() == [None, 1]
    assert items["a"].shape.as_list() == [None, 3] and items["s"].indices.shape.as_list() == [None, 2]
    batch, items, lengths = tf.io.parse_sequence_example(tf.placeholder(tf.string, [None]), context, lists)
    assert batch["c"].shape.as_list() == [None, 2] and items["a"].shape.as_list() == [None, None, 3]
    assert lengths["a"].shape.as_list() == [None]
    padded = tf.raw_ops.DecodePaddedRaw(input_bytes=["a"], fixed_length=8, out_type=tf.int32)
    assert padded.shape.as_list() == [1, 2]


def test_features_are_checked():
    with pytest.raises(ValueError, match="Missing features"):
        tf.parse_single_sequence_example("")
    with pytest.raises(ValueError, match="Unsupported FixedLenSequenceFeature"):
        tf.parse_single_sequence_example("", {"a": tf.FixedLenSequenceFeature([], tf.int64)})
    with pytest.raises(ValueError, match="must be None"):
        tf.io.parse_sequence_example([""], {}, {"a": tf.FixedLenSequenceFeature([], tf.int64, default_value=1)})
    with pytest.raises(ValueError, match="multiple of 4"):
        tf.compat.v2.io.decode_raw(["a"], tf.int32, fixed_length=6)


def test_errors_name_the_message_and_the_feature():
    item = tf.train.Feature(int64_list=tf.train.Int64List(value=[1]))
    message = tf.train.SequenceExample(feature_lists=tf.train.FeatureLists(
        feature_list={"a": tf.train.FeatureList(feature=[item])})).SerializeToString()
    parsed = tf.parse_single_sequence_example(
        message, None, {"a": tf.FixedLenSequenceFeature([2], tf.int64)}, example_name="e1")[1]
    wanted = r"Name: e1, Key: a, Index: 0.  Number of int64 values != expected.  values size: 1 but .* \[2\]"
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match=wanted):
        session.run(parsed)
