"""Raw bytes, CSV lines and examples."""

import gzip
import zlib

import numpy as np
import pytest

import graphflow as tf


def run(fetches, feed=None):
    with tf.Session() as session:
        return session.run(fetches, feed)


def example(**features):
    """A serialised message."""
    made = {}
    for name, values in features.items():
        first = values[0] if values else 0.0
        if isinstance(first, bytes):
            made[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        elif isinstance(first, int):
            made[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        else:
            made[name] = tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


def test_decode_raw():
    data = np.arange(6, dtype=np.int16)
    for order in "<>":
        text = data.astype(order + "i2").tobytes()
        value = run(tf.decode_raw([text[:6], text[6:]], tf.int16, little_endian=order == "<"))
        np.testing.assert_array_equal(value, data.reshape(2, 3))
    assert run(tf.decode_raw("\x01\x02", tf.uint8)).tolist() == [1, 2]
    assert tf.decode_raw(tf.placeholder(tf.string, [4]), tf.uint8).shape.as_list() == [4, None]
    with pytest.raises(tf.errors.InvalidArgumentError, match="not a multiple of 4"):
        run(tf.decode_raw("abc", tf.float32))
    with pytest.raises(tf.errors.InvalidArgumentError, match="all be the same size"):
        run(tf.decode_raw(["a", "bc"], tf.uint8))


def test_decode_compressed():
    words = [b"one", b"two" * 50]
    text = tf.placeholder(tf.string, [2])
    for kind, packed in (("", words), ("ZLIB", [zlib.compress(w) for w in words]),
                         ("GZIP", [gzip.compress(w) for w in words])):
        unpacked = tf.io.decode_compressed(text, kind)
        assert unpacked.shape.as_list() == [2]
        assert run(unpacked, {text: packed}).tolist() == words
    assert run(tf.decode_compressed(gzip.compress(b"a") + gzip.compress(b"b"), "GZIP")) == b"ab"
    assert run(tf.decode_compressed("", "ZLIB")) == b""
    for damaged in (b"garbage", zlib.compress(b"one")[:-3]):
        with pytest.raises(tf.errors.DataLossError, match="compressed data"):
            run(tf.decode_compressed(damaged, "ZLIB"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="compression_type:SNAPPY"):
        run(tf.decode_compressed("", "SNAPPY"))


def test_decode_csv():
    lines = ['1,2.5,"a,""b"""', ",,x", "3,4,"]
    a, b, c = run(tf.decode_csv(lines, [[7], [0.5], ["none"]]))
    assert a.tolist() == [1, 7, 3] and b.tolist() == [2.5, 0.5, 4] and c.tolist() == [b'a,"b"', b"x", b"none"]
    assert run(tf.decode_csv("1;NA;3", [[0], [0]], field_delim=";", na_value="NA", select_cols=[1, 2])) == [0, 3]
    required = tf.constant([], tf.int32)
    for line, defaults, message in (("1", [[0], [0]], "Expect 2 fields but have 1 in record 0"),
                                    ("x,1", [[0], [0]], "Field 0 in record 0 is not a valid int32: x"),
                                    ("1.5x", [[0.0]], "Field 0 in record 0 is not a valid float: 1.5x"),
                                    ('a"b', [["a"]], "Unquoted fields cannot have quotes/CRLFs inside"),
                                    (",1", [required, [0]], "Field 0 is required but missing in record 0"),
                                    ('"a,1', [[""], [0]], "Quoted field has to end with quote")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            run(tf.decode_csv(line, defaults))
    with pytest.raises(ValueError, match="strictly increasing"):
        tf.decode_csv("1", [[0], [0]], select_cols=[2, 1])


FEATURES = {"image": tf.FixedLenFeature([], tf.string), "label": tf.FixedLenFeature([2], tf.int64, [8, 9]),
            "tags": tf.VarLenFeature(tf.float32),
            "steps": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True, default_value=-1)}
FIRST = example(image=[b"xyz"], label=[1, 2], tags=[0.5, 1.5], steps=[1, 2, 3, 4])
SECOND = example(image=[b"q"], tags=[2.5])


def test_one_example():
    text = tf.placeholder(tf.string, [])
    parsed = tf.parse_single_example(text, FEATURES)
    assert parsed["label"].shape.as_list() == [2] and parsed["steps"].shape.as_list() == [None, 2]
    first, second = run(parsed, {text: FIRST}), run(parsed, {text: SECOND})
    assert first["image"] == b"xyz" and first["label"].tolist() == [1, 2]
    assert first["steps"].tolist() == [[1, 2], [3, 4]]
    assert first["tags"].values.tolist() == [0.5, 1.5] and first["tags"].dense_shape.tolist() == [2]
    assert second["label"].tolist() == [8, 9] and second["steps"].shape == (0, 2)


def test_batches():
    found = run(tf.parse_example([FIRST, SECOND], FEATURES))
    assert found["image"].tolist() == [b"xyz", b"q"] and found["label"].tolist() == [[1, 2], [8, 9]]
    assert found["tags"].indices.tolist() == [[0, 0], [0, 1], [1, 0]] and found["tags"].dense_shape.tolist() == [2, 2]
    assert found["steps"].tolist() == [[[1, 2], [3, 4]], [[-1, -1], [-1, -1]]]


def test_errors():
    for features, message in (({"none": tf.FixedLenFeature([], tf.int64)}, "Feature: none .* is required"),
                              ({"label": tf.FixedLenFeature([], tf.string)}, "Data types don't match"),
                              ({"label": tf.FixedLenFeature([3], tf.int64)}, "Number of int64 values != expected")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            run(tf.parse_single_example(FIRST, features))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse example"):
        run(tf.parse_example(["no message"], FEATURES))
    with pytest.raises(ValueError, match="need to be known"):
        tf.parse_example([""], {"a": tf.FixedLenFeature([1, None], tf.int64)})
    with pytest.raises(ValueError, match="First dimension of shape for feature a unknown"):
        tf.parse_example([FIRST], {"a": tf.FixedLenFeature([None], tf.int64)})
    with pytest.raises(ValueError, match="Missing: features"):
        tf.parse_example([FIRST], {})
